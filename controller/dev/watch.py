"""
File events, as roots that changed.

Which file changed does not matter: whoever reads a root compares digests, so
an event too many costs a look and nothing else.  What matters is that none is
lost, that our own writes fire none, and that a root which vanishes and comes
back is watched again.
"""

import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch
from watchdog.observers.polling import PollingObserver

from controller.dev.changes import Changes

POLL_SECONDS = 1.0
_READS = frozenset({"opened", "closed_no_write"})
_GIT_MOVES = frozenset({"HEAD", "packed-refs"})


class Watcher:
    """
    Watches roots and says which of them changed.

    `wake` is called from another thread on each event; it must only signal.
    """

    def __init__(self, wake: Callable[[], None], own: Path) -> None:
        self._wake = wake
        self._own = own
        """Our state directory: writing there must not look like a change."""
        self._lock = threading.Lock()
        self._changes = Changes()
        self._identities: dict[Path, tuple[int, int] | None] = {}
        self._observer: BaseObserver | None = None
        self._watches: dict[Path, dict[Path, _Watched]] = {}
        self.polling_because: str | None = None
        """Why changes are looked for by polling; None where the kernel reports them."""

    def start(self, roots: Iterable[Path]) -> None:
        """Watch the roots; one that does not exist yet is watched when it does."""
        for root in roots:
            self._identities[root] = None
        try:
            self._observe(Observer())
        except OSError as error:
            self._fall_back(error)
        self.look_after_roots()
        # Everything is read once at the start anyway.
        with self._lock:
            self._changes = Changes()

    def take(self) -> frozenset[Path]:
        """Take the roots that changed and have come to rest."""
        with self._lock:
            return self._changes.take(monotonic())

    def wait(self) -> float | None:
        """Seconds until a root comes to rest; None when nothing changed."""
        with self._lock:
            return self._changes.wait(monotonic())

    def look_after_roots(self) -> None:
        """Watch again what was deleted and made anew; to be called every second or so."""
        for root, before in list(self._identities.items()):
            now = _identity(root)
            if now != before:
                self._unschedule(root)
                self._identities[root] = now
            uncovered = now is not None and self._cover(root)
            if uncovered or now != before:
                self.note(root)

    def stop(self) -> None:
        """End the threads."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join(timeout=5)
            self._observer = None

    def note(self, root: Path) -> None:
        """Take in an event below a root."""
        with self._lock:
            self._changes.note(root, monotonic())
        self._wake()

    def is_relevant(self, path: Path, root: Path) -> bool:
        """Leave out our own writes and what git does to itself."""
        if path == self._own or self._own in path.parents:
            return False
        try:
            parts = path.relative_to(root).parts
        except ValueError:
            return True
        if ".git" not in parts:
            return True
        # Reading a status refreshes .git/index; only a moved HEAD or branch means something.
        below = parts[parts.index(".git") + 1 :]
        return bool(below) and (below[0] in _GIT_MOVES or below[:2] == ("refs", "heads"))

    def _observe(self, observer: BaseObserver) -> None:
        observer.start()
        self._observer = observer

    def _cover(self, root: Path) -> bool:
        """Watch everything below a root that is not watched yet; say whether there was any."""
        wanted = self._wanted(root)
        watches = self._watches.setdefault(root, {})
        for path in [each for each, watch in watches.items() if wanted.get(each) != watch.place]:
            self._drop(watches.pop(path))
        missing = [path for path in wanted if path not in watches]
        for path in missing:
            self._schedule(root, path, wanted[path])
        return bool(missing)

    def _wanted(self, root: Path) -> dict[Path, "_Place"]:
        """
        List the directories to watch for a root.

        Where our state directory lies below it, what stands beside the way to
        it is watched one by one: the files that a run writes there would be
        thousands of idle events, and watches.
        """
        if root not in self._own.parents:
            return _place(root, recursive=True)
        way = [path for path in self._own.parents if path == root or root in path.parents]
        found: dict[Path, _Place] = {}
        for directory in way:
            found.update(_place(directory, recursive=False))
            for path in _directories(directory):
                if path != self._own and path not in way:
                    found.update(_place(path, recursive=True))
        return found

    def _schedule(self, root: Path, path: Path, place: "_Place") -> None:
        if self._observer is None:
            return
        handler = _Handler(self, root)
        try:
            watch = self._observer.schedule(handler, str(path), recursive=place.recursive)
        except FileNotFoundError:
            # Gone again between the look and the watch: the next look sees it.
            return
        except OSError as error:
            self._fall_back(error)
            return
        self._watches.setdefault(root, {})[path] = _Watched(watch, place)

    def _unschedule(self, root: Path) -> None:
        for watched in self._watches.pop(root, {}).values():
            self._drop(watched)

    def _drop(self, watched: "_Watched") -> None:
        if self._observer is not None:
            self._observer.unschedule(watched.watch)

    def _fall_back(self, error: OSError) -> None:
        """Poll, where inotify is missing or its watches are used up."""
        if self.polling_because is not None:
            raise error
        self.polling_because = error.strerror or str(error)
        self.stop()
        self._watches.clear()
        self._observe(PollingObserver(timeout=POLL_SECONDS))
        for root, identity in self._identities.items():
            if identity is not None:
                self._cover(root)


@dataclass(frozen=True, slots=True)
class _Place:
    """A directory as it is on the disk; one made anew under the same name is another."""

    identity: tuple[int, int]
    recursive: bool


@dataclass(frozen=True, slots=True)
class _Watched:
    watch: ObservedWatch
    place: _Place


class _Handler(FileSystemEventHandler):
    def __init__(self, watcher: Watcher, root: Path) -> None:
        self._watcher = watcher
        self._root = root

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type in _READS:
            return
        paths = (os.fsdecode(event.src_path), os.fsdecode(event.dest_path))
        if any(path and self._watcher.is_relevant(Path(path), self._root) for path in paths):
            self._watcher.note(self._root)


def _identity(root: Path) -> tuple[int, int] | None:
    try:
        found = root.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _place(path: Path, *, recursive: bool) -> dict[Path, _Place]:
    identity = _identity(path)
    return {} if identity is None else {path: _Place(identity, recursive)}


def _directories(directory: Path) -> list[Path]:
    try:
        return [path for path in directory.iterdir() if path.is_dir()]
    except OSError:
        return []
