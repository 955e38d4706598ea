"""What a scan returns, what the store keeps, and the digest that tells them apart."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from controller.model.names import SourceName

Scalar = None | bool | int | float | str | bytes
"""What crosses from a script: text is `bytes`, since Lua strings need not be UTF-8."""


class RawItem(NamedTuple):
    """
    One item as the script wrote it, flattened, unchecked.

    `id` and `url` are spellings of `source_id` and `source_url` in older
    scripts.  `metadata` is the `metadata` table as JSON text.  `odd` names, with
    blanks between, the fields whose value was no scalar; the word `item` there
    says that the item itself was no table.
    """

    position: int
    """In the returned array, or in the order of `emit`; from 1."""
    source: Scalar = None
    source_id: Scalar = None
    title: Scalar = None
    body: Scalar = None
    content_type: Scalar = None
    source_url: Scalar = None
    author: Scalar = None
    created_at: Scalar = None
    updated_at: Scalar = None
    metadata: Scalar = None
    metadata_json: Scalar = None
    id: Scalar = None
    url: Scalar = None
    odd: Scalar = None


@dataclass(frozen=True, slots=True)
class SourceItem:
    """A checked item.  Times are None where the script gave none that can be read."""

    source: SourceName
    source_id: str
    body: str
    title: str = ""
    content_type: str = "text/plain"
    source_url: str = ""
    author: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    metadata: str = "{}"
    """A JSON object as text, with sorted keys."""

    def digest(self) -> bytes:
        """
        Digest everything a reader would see change: 32 bytes of SHA-256.

        A time that was not given stays out, so that "now" never makes an item
        look new (specification 002 §3.3 would fill it in).
        """
        parts = (
            self.title,
            self.body,
            self.content_type,
            self.source_url,
            self.author,
            self.created_at.isoformat() if self.created_at else "",
            self.updated_at.isoformat() if self.updated_at else "",
            self.metadata,
        )
        # The length before each part keeps ("ab", "c") and ("a", "bc") apart.  It
        # counts bytes, which in ASCII are characters: half the time for most items.
        framed = "".join([f"{len(part)}:{part}" for part in parts])
        if framed.isascii():
            return sha256(framed.encode()).digest()
        encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
        return sha256(b"".join(b"%d:%b" % (len(part), part) for part in encoded)).digest()


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of a body, by byte offsets into its UTF-8 text; the text itself is not copied."""

    index: int
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class DocumentWrite:
    """A new or changed document with its chunks, ready for the store."""

    item: SourceItem
    digest: bytes
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A stored document; `id` is a UUID made from source and source_id, the same in every store."""

    id: str
    source: str
    source_id: str
    title: str
    body: str
    content_type: str
    source_url: str
    author: str
    created_at: datetime
    updated_at: datetime
    metadata: str
    chunks: tuple[str, ...]
    """The text of each chunk, in order."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an item was skipped, in the words of specification 002 §7.2."""

    position: int
    problem: str
    """Such as `missing required field 'source_id'` or `'body' is empty`."""
