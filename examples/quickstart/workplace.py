"""
The directory the quickstart works in: a registry's working tree, manifests, ports, a lock.

Everything in it can be thrown away; nothing outside of it is written.
"""

import fcntl
import json
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from examples.quickstart.git_remote import Repository

HERE = Path(__file__).resolve().parent
TEMPLATE = HERE.parents[1] / "registry-template"
PAGES = Path("connectors/handbook/pages")
PREFERRED_PORTS: Mapping[str, int] = {"registry": 7347, "tickets": 7348}


class BusyError(Exception):
    """Another quickstart works in the same directory."""


class Workplace:
    """Paths below one directory, and what is remembered from one start to the next."""

    def __init__(self, root: Path, template: Path = TEMPLATE) -> None:
        self.root = root
        self._template = template
        self.registry = root / "registry"
        self.manifests = root / "manifests"
        self._notes = root / "notes.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """
        Keep a second quickstart out while this one is at work.

        Raises:
            BusyError: Somebody else is in.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise BusyError(f"another quickstart is at work in {self.root}") from error
            yield

    def lay_registry(self, git: str) -> str:
        """
        Make the registry's repository, or bring it up to date with the template.

        Edits that are not committed stay.  Says what was done, in a few words.
        """
        repository = Repository(self.registry, git)
        repository.create()
        wanted = _digest(self._template, HERE / "handbook")
        if self._recall("sources") == wanted:
            edited = ", with edits" if repository.is_dirty() else ""
            return f"unchanged at {repository.head()}{edited}"
        if self._recall("sources") is not None and repository.is_dirty():
            return f"kept at {repository.head()}, since it holds edits that are not committed"
        self._copy_sources()
        repository.commit_all("Lay out the registry")
        self._remember("sources", wanted)
        return f"committed {repository.head()}"

    def write_manifests(self, values: Mapping[str, str]) -> None:
        """Write the manifests with `@NAME@` replaced; a file that would not change is left alone."""
        self.manifests.mkdir(parents=True, exist_ok=True)
        for source in sorted((HERE / "manifests").glob("*.yaml")):
            text = source.read_text()
            for name, value in values.items():
                text = text.replace(f"@{name}@", value)
            target = self.manifests / source.name
            if not target.exists() or target.read_text() != text:
                target.write_text(text)

    def choose_port(self, name: str) -> int:
        """
        Choose the port of the last time while it is free, else any.

        The same address as before leaves the manifests, and so the resources, unchanged.
        """
        port = self._recall(f"port {name}") or PREFERRED_PORTS[name]
        return int(port) if _is_free(int(port)) else 0

    def remember_port(self, name: str, port: int) -> None:
        """Note the port that was taken in the end."""
        self._remember(f"port {name}", port)

    def _copy_sources(self) -> None:
        for entry in self.registry.iterdir():
            if entry.name == ".git":
                continue
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        shutil.copytree(self._template, self.registry, dirs_exist_ok=True)
        shutil.rmtree(self.registry / PAGES, ignore_errors=True)
        shutil.copytree(HERE / "handbook", self.registry / PAGES)

    def _recall(self, key: str) -> str | int | None:
        if not self._notes.exists():
            return None
        notes: dict[str, str | int] = json.loads(self._notes.read_text())
        return notes.get(key)

    def _remember(self, key: str, value: str | int) -> None:
        notes = json.loads(self._notes.read_text()) if self._notes.exists() else {}
        self._notes.write_text(json.dumps({**notes, key: value}, indent=2) + "\n")


def _digest(*directories: Path) -> str:
    total = sha256()
    for directory in directories:
        for file in sorted(path for path in directory.rglob("*") if path.is_file()):
            total.update(file.relative_to(directory).as_posix().encode() + b"\0")
            total.update(sha256(file.read_bytes()).digest())
    return total.hexdigest()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
