"""
The loop of `ctx dev`: file events, ended runs and due times in, rounds out.

One thread decides everything.  Registries are reconciled in worker threads,
since a remote may take a minute to answer; runs are processes of their own.
Whatever happens elsewhere reaches the loop as an event in one queue.
"""

import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from controller.dev.console import Console, Row
from controller.dev.fleet import Fleet
from controller.dev.rows import tell_line
from controller.dev.runs import Event, RunEnded, RunSaid
from controller.dev.timetable import Timetable
from controller.dev.watch import Watcher

LOOK_AFTER_ROOTS = 1.0
REDRAW = 0.5
LONGEST_WAIT = 1.0
REGISTRY_THREADS = 4

Key = tuple[str, str]
"""(`registry` or `sync`, `namespace/name`)."""


@dataclass(frozen=True, slots=True)
class RoundEnded:
    """A worker thread is done with a Registry; `defect` is an exception that nobody expected."""

    key: str
    look_again: timedelta | None
    defect: Exception | None = None


@dataclass(frozen=True, slots=True)
class Woken:
    """Something happened that the loop finds out by looking."""


LoopEvent = Event | RoundEnded | Woken


class Loop:
    """Runs until it is told to stop or, with `once`, until nothing is due."""

    def __init__(self, fleet: Fleet, console: Console, clock: Callable[[], datetime]) -> None:
        self._fleet = fleet
        self._console = console
        self._clock = clock
        self._events: queue.SimpleQueue[LoopEvent] = queue.SimpleQueue()
        self._watcher = Watcher(lambda: self._events.put(Woken()), own=fleet.own_directory)
        self._due: Timetable[Key] = Timetable()
        self._busy: set[str] = set()
        self._again: set[str] = set()
        self._stopping = False
        self._threads = ThreadPoolExecutor(REGISTRY_THREADS, thread_name_prefix="registry")
        self._drawn_at = 0.0
        self._looked_at = 0.0

    @property
    def send(self) -> Callable[[Event], None]:
        """Where runs send what they have to say."""
        return self._events.put

    @property
    def was_stopped(self) -> bool:
        """Say whether somebody ended the loop."""
        return self._stopping

    def stop(self) -> None:
        """End the loop soon; callable from a signal handler."""
        self._stopping = True
        self._events.put(Woken())

    def run(self, *, once: bool) -> None:
        """Reconcile; with `once`, come back when nothing is due now."""
        try:
            self._begin(once=once)
            while not self._stopping:
                self._look_around()
                self._start_rounds()
                if once and self._is_at_rest():
                    break
                self._draw()
                self._wait()
        finally:
            self._end()

    def _begin(self, *, once: bool) -> None:
        self._reload()
        if once:
            return
        self._watcher.start(self._fleet.roots())
        roots = ", ".join(str(root) for root in self._fleet.roots())
        self._console.event("info", "files.watched", below=roots)
        if self._watcher.polling_because is not None:
            self._console.event(
                "warning",
                "files.polled",
                because=self._watcher.polling_because,
                hint="raise fs.inotify.max_user_instances and max_user_watches to be told at once",
            )

    def _reload(self) -> None:
        """Read the manifests again and look at everything they may have touched."""
        self._fleet.reload()
        self._wish_all("registry")
        self._wish_all("sync")
        self._due.keep(self._keys())

    def _keys(self) -> tuple[Key, ...]:
        return (
            *(("registry", key) for key in self._fleet.registries),
            *(("sync", key) for key in self._fleet.syncs),
        )

    def _wish_all(self, kind: str) -> None:
        now = monotonic()
        for key in self._keys():
            if key[0] == kind:
                self._due.wish(key, now)

    def _look_around(self) -> None:
        now = monotonic()
        if now - self._looked_at >= LOOK_AFTER_ROOTS:
            self._looked_at = now
            self._fleet.check_state()
            self._watcher.look_after_roots()
        changed = self._watcher.take()
        if self._fleet.declares(changed):
            self._reload()
        for key in self._fleet.nudge(changed, self._clock()):
            self._due.wish(("registry", key), now)

    def _start_rounds(self) -> None:
        for kind, key in self._due.take(monotonic()):
            if kind == "registry":
                self._start_registry(key)
            elif key in self._fleet.syncs:
                look_again = self._fleet.syncs[key].round()
                self._due.settle((kind, key), look_again, monotonic())

    def _start_registry(self, key: str) -> None:
        if key in self._busy:
            # Never two workers on one key: it comes again when the first is done.
            self._again.add(key)
            return
        keeper = self._fleet.registries.get(key)
        if keeper is None:
            return
        self._busy.add(key)

        def work() -> None:
            try:
                self._events.put(RoundEnded(key, keeper.round()))
            except Exception as defect:  # noqa: BLE001  the edge of a thread: it must be told
                self._events.put(RoundEnded(key, timedelta(minutes=1), defect))

        self._threads.submit(work)

    def _is_at_rest(self) -> bool:
        if self._busy or self._again or self._fleet.is_running():
            return False
        next_due = self._due.next()
        return self._events.empty() and (next_due is None or next_due > monotonic())

    def _wait(self) -> None:
        waits = [LONGEST_WAIT]
        due = self._due.next()
        if due is not None:
            waits.append(due - monotonic())
        burst = self._watcher.wait()
        if burst is not None:
            waits.append(burst)
        try:
            self._take(self._events.get(timeout=max(0.001, min(waits))))
            while True:
                self._take(self._events.get_nowait())
        except queue.Empty:
            return

    def _take(self, event: LoopEvent) -> None:
        match event:
            case RunEnded():
                self._fleet.run_ended(event)
                # Its place is free: whoever waits for one is due, beside its own sync.
                self._wish_all("sync")
            case RunSaid():
                tell_line(self._console, event.key, event.line)
            case RoundEnded():
                self._take_round(event)
            case Woken():
                pass

    def _take_round(self, event: RoundEnded) -> None:
        self._busy.discard(event.key)
        now = monotonic()
        if event.defect is not None:
            self._console.event(
                "error", "registry.crashed", registry=event.key, error=repr(event.defect)
            )
        if event.key in self._again:
            self._again.discard(event.key)
            self._due.wish(("registry", event.key), now)
        if event.key in self._fleet.registries:
            self._due.settle(("registry", event.key), event.look_again, now)
        for sync in self._fleet.moved(event.key):
            self._due.wish(("sync", sync), now)

    def _draw(self) -> None:
        now = monotonic()
        if now - self._drawn_at >= REDRAW:
            self._drawn_at = now
            self._console.show(self._rows(), self._clock())

    def _rows(self) -> list[Row]:
        now, clock = monotonic(), self._clock()

        def at(key: Key) -> datetime | None:
            due = self._due.at(key)
            return None if due is None else clock + timedelta(seconds=due - now)

        return self._fleet.rows(at)

    def _end(self) -> None:
        """Stop what runs, within two seconds, and leave no child."""
        self._watcher.stop()
        self._fleet.cancel_registries()
        for name in self._fleet.stop_runs():
            self._console.event("warning", "run.stopped", sync=name)
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._drain()
        self._console.show(self._rows(), self._clock())
        self._console.close()

    def _drain(self) -> None:
        """Record how the stopped runs ended; what is due after that waits for the next start."""
        ended: list[RunEnded] = []
        while not self._events.empty():
            event = self._events.get()
            if isinstance(event, RunEnded):
                self._fleet.run_ended(event)
                ended.append(event)
        for event in ended:
            if event.key in self._fleet.syncs:
                self._fleet.syncs[event.key].round()
