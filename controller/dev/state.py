"""
The state directory of `ctx dev`: where everything lies, and the lock on it.

    data/ctx.sqlite        the store, where `ctx search` finds it
    cache/registries/      published revisions, mirrors
    state/resources/       one file a resource, spec and status, as `ctx dev status` prints it
    state/runs/            run documents and reports
    state/lock             held by the process whose id it contains

The lock is the kernel's (flock): it is gone with its holder, however that ends.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import msgspec

from controller.errors import StateError, StateLockedError


@dataclass(frozen=True, slots=True)
class StateDirectory:
    """Paths below one root; `prepare` makes them."""

    root: Path

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.root / "data" / "ctx.sqlite"

    @property
    def registries(self) -> Path:
        """Published revisions, by registry."""
        return self.root / "cache" / "registries"

    @property
    def runs(self) -> Path:
        """Run documents and reports; emptied as runs are recorded."""
        return self.root / "state" / "runs"

    @property
    def resources(self) -> Path:
        """Resources with their status."""
        return self.root / "state" / "resources"

    def prepare(self) -> None:
        """
        Make the directories.

        Raises:
            StateError: The place cannot be written.
        """
        try:
            # What is synced may be private, whatever the umask says.
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            for directory in (self.database.parent, self.registries, self.runs, self.resources):
                directory.mkdir(parents=True, exist_ok=True)
            ignore = self.root / ".gitignore"
            if not ignore.exists():
                # Nothing below is the user's work, and none of it belongs into their commits.
                ignore.write_text("data/\ncache/\nstate/\n")
        except OSError as error:
            raise StateError(
                f"the state directory {self.root} cannot be written: {error.strerror}",
                hint="name another one with --state",
            ) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """
        Hold the directory.

        Raises:
            StateLockedError: Another process holds it.
        """
        try:
            descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StateError(
                f"the state directory {self.root} cannot be written: {error.strerror}",
                hint="name another one with --state",
            ) from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
                raise StateLockedError(
                    f"{self.root} is held by another ctx dev, process {holder}",
                    hint="stop that process, or give this one a directory of its own with --state",
                ) from error
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.close(descriptor)

    @property
    def _lock(self) -> Path:
        return self.root / "state" / "lock"

    def require(self) -> None:
        """
        Check that the directory is still there.

        Raises:
            StateError: Somebody removed it; with it went the lock and every status.
        """
        if not self._lock.exists():
            raise StateError(
                f"the state directory {self.root} was removed while ctx dev ran",
                hint="start ctx dev again; it builds the directory anew",
            )

    def salt(self) -> bytes:
        """
        Give the key under which input values are digested.

        A bare digest of a short secret could be guessed from the status file.
        """
        path = self.root / "state" / "salt"
        if not path.exists():
            write_atomically(path, token_hex(32).encode())
            path.chmod(0o600)
        return path.read_bytes()

    def save(self, body: dict[str, object]) -> None:
        """Write a resource, all or nothing."""
        write_atomically(self._file(identify(body)), msgspec.json.encode(body))

    def forget(self, identity: tuple[str, str, str]) -> None:
        """Remove a resource that no file declares any more."""
        self._file(identity).unlink(missing_ok=True)

    def load(self) -> dict[tuple[str, str, str], dict[str, object]]:
        """
        Read every resource, by (kind, namespace, name).

        A file that cannot be read is left out: its status is computed again
        from the store and the registry.
        """
        found: dict[tuple[str, str, str], dict[str, object]] = {}
        for path in sorted(self.resources.glob("*.json")):
            try:
                body = msgspec.json.decode(path.read_bytes(), type=dict[str, object])
                found[identify(body)] = body
            except (OSError, msgspec.MsgspecError, KeyError, TypeError):
                continue
        return found

    def _file(self, identity: tuple[str, str, str]) -> Path:
        kind, namespace, name = identity
        return self.resources / f"{kind.lower()}.{namespace}.{name}.json"


def identify(body: dict[str, object]) -> tuple[str, str, str]:
    """
    Name a resource body by kind, namespace and name.

    Raises:
        KeyError: The body lacks one of them.
        TypeError: `metadata` is no map.
    """
    metadata = body["metadata"]
    if not isinstance(metadata, dict):
        raise TypeError("metadata is no map")
    return str(body["kind"]), str(metadata.get("namespace") or "default"), str(metadata["name"])


def write_atomically(path: Path, content: bytes) -> None:
    """
    Write a file so that a reader, or a crash, sees the old or the new one and nothing else.

    Raises:
        StateError: The disk is full, or cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise StateError(
            f"{path} cannot be written: {error.strerror}",
            hint="make room, or name --state elsewhere",
        ) from error
