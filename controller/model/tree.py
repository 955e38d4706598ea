"""The digest of a directory: equal trees, equal digests, whoever lists them."""

from collections.abc import Iterable
from hashlib import sha256

from controller.model.names import Digest


def tree_digest(files: Iterable[tuple[str, bytes]]) -> Digest:
    """
    Digest a directory from its files: (relative POSIX path, SHA-256 of the content).

    Order does not matter; modes and times stay out, since checkouts normalise them.
    """
    total = sha256()
    for path, content in sorted(files):
        total.update(path.encode("utf-8", "surrogatepass") + b"\0" + content)
    return Digest(f"sha256:{total.hexdigest()}")
