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
from pathlib import Path
from time import monotonic

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver
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
        self._observer: BaseObserver = Observer()
        self._scheduled: set[Path] = set()
        self.polling_because: str | None = None
        """Why changes are looked for by polling; None where the kernel reports them."""

    def start(self, roots: Iterable[Path]) -> None:
        """Watch the roots; one that does not exist yet is watched when it does."""
        for root in roots:
            self._identities[root] = None
        try:
            self._observer.start()
            self.look_after_roots()
        except OSError as error:
            self._fall_back(error)
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
            if now == before:
                continue
            self._identities[root] = now
            self._unschedule(root)
            if now is not None:
                self._schedule(root)
            self.note(root)

    def stop(self) -> None:
        """End the threads."""
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join(timeout=5)

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

    def _schedule(self, root: Path) -> None:
        try:
            self._observer.schedule(_Handler(self, root), str(root), recursive=True)
            self._scheduled.add(root)
        except FileNotFoundError:
            # Gone again between the look and the watch: the next look sees it.
            self._identities[root] = None
        except OSError as error:
            self._fall_back(error)

    def _unschedule(self, root: Path) -> None:
        if root in self._scheduled:
            self._scheduled.discard(root)
            for watch in list(self._observer._handlers):  # noqa: SLF001  no public list of watches
                if watch.path == str(root):
                    self._observer.unschedule(watch)

    def _fall_back(self, error: OSError) -> None:
        """Poll, where inotify is missing or its watches are used up."""
        if self.polling_because is not None:
            raise error
        self.polling_because = error.strerror or str(error)
        self.stop()
        self._observer = PollingObserver(timeout=POLL_SECONDS)
        self._scheduled.clear()
        self._observer.start()
        for root, identity in self._identities.items():
            if identity is not None or _identity(root) is not None:
                self._identities[root] = _identity(root)
                self._schedule(root)


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
