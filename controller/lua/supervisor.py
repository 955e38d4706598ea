"""
Runs scripts in guests and stays whole whatever they do.

    with Engine() as engine, engine.open(script, limits, capabilities) as guest:
        guest.load()
        end = guest.scan(config, checkpoint, on_page)

Everything a guest sends is checked before it is believed.  The time that host
functions exclude, and the time `on_page` takes, is not charged to the script.
"""

import contextlib
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

import msgspec

from controller.errors import (
    CapabilityError,
    GuestCrashError,
    ScriptCancelledError,
    ScriptError,
)
from controller.lua.deadline import Deadline
from controller.lua.frames import (
    bounds_of,
    largest_body,
    pack_call,
    pack_result,
    read_body,
    read_items,
    read_request,
    read_returned,
)
from controller.lua.host.base import Capabilities
from controller.lua.launcher import GuestProcess, Zygote
from controller.lua.limits import GuestLimits
from controller.lua.line import Cut, Frame, Line, broken
from controller.lua.outcome import error_for, error_for_status, printable, timed_out
from controller.lua.wire import GRACE, Failed, Kind, Ready, Start, Taken
from controller.lua.wire import Loaded as LoadedBody
from controller.model.document import RawItem

KILL_AFTER = 2 * GRACE
"""Seconds from the graceful stop to SIGKILL; between them the guest's own alarm rings."""


@dataclass(frozen=True, slots=True)
class Script:
    """A script, read: `chunk_name` is what its errors call it, such as `connectors/jira.lua`."""

    kind: str
    name: str
    chunk_name: str
    text: bytes


@dataclass(frozen=True, slots=True)
class JailReport:
    """Which layers hold around a guest."""

    seccomp: bool
    no_new_privs: bool
    rlimits: bool


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a script says of itself; empty where it says nothing."""

    name: str
    version: str
    description: str
    functions: tuple[str, ...]
    """Functions of its contract table, sorted."""
    jail: JailReport


@dataclass(frozen=True, slots=True)
class ScanEnd:
    """How one call of `scan` ended."""

    checkpoint: str | None
    """JSON text, keys sorted; None where the script returned none."""
    has_more: bool
    items: int
    """Handed over during this call."""


OnPage = Callable[[Sequence[RawItem]], None]


class Engine:
    """Starts guests; starts its own helper process again when that died."""

    def __init__(self, *, require_jail: bool = False, probe: Path | None = None) -> None:
        """
        Start the helper process, which warms up while the caller goes on.

        `require_jail` refuses to run a script where seccomp is missing.
        `probe` is for tests of the jail: a Python file whose `probe(bytes)` scripts may call.
        """
        self._require_jail = require_jail
        self._probe = probe
        self._wake, self._waker = socket.socketpair()
        self._waker.settimeout(0)
        self._cancelled = False
        self._closed = False
        self._zygote = Zygote(probe)
        self._guests: list[Guest] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def open(self, script: Script, limits: GuestLimits, capabilities: Capabilities) -> "Guest":
        """
        Fork a guest for a script; nothing of the script runs yet.

        Raises:
            GuestCrashError: There is no process to be had.
            ScriptCancelledError: `cancel` was called.
        """
        self.refuse_if_cancelled()
        if not self._zygote.is_alive():
            self._zygote.close()
            self._zygote = Zygote(self._probe)
        process = self._zygote.fork()
        seat = _Seat(self, self._zygote, process, Line(process.sock, self._wake))
        guest = Guest(seat, script, limits, capabilities)
        self._guests = [other for other in self._guests if other.is_alive()] + [guest]
        return guest

    def compile(self, script: Script, limits: GuestLimits) -> None:
        """
        Check the syntax of a script, in a guest; not a line of it runs.

        Raises:
            ScriptSyntaxError: It does not compile.
        """
        with self.open(script, limits, Capabilities({})) as guest:
            guest.compile()

    def cancel(self) -> None:
        """
        End what runs, for good: the call in progress and all later ones raise.

        May be called from a signal handler or another thread.
        """
        self._cancelled = True
        with contextlib.suppress(OSError):
            self._waker.send(b"!")

    def close(self) -> None:
        """End every guest and the helper process."""
        if self._closed:
            return
        self._closed = True
        for guest in self._guests:
            guest.close()
        self._zygote.close()
        self._wake.close()
        self._waker.close()

    def refuse_if_cancelled(self) -> None:
        """
        Stop here once `cancel` was called.

        Raises:
            ScriptCancelledError: It was.
        """
        if self._cancelled:
            raise ScriptCancelledError("cancelled")

    @property
    def require_jail(self) -> bool:
        """Whether a script may run only behind seccomp."""
        return self._require_jail


@dataclass(frozen=True, slots=True)
class _Seat:
    """A guest's place in the engine."""

    engine: Engine
    zygote: Zygote
    process: GuestProcess
    line: Line


class Guest:
    """One script in one process; it is dead and reaped when this is left, or any call raised."""

    def __init__(
        self, seat: _Seat, script: Script, limits: GuestLimits, capabilities: Capabilities
    ) -> None:
        self._seat = seat
        self._script = script
        self._limits = limits
        self._functions = capabilities.functions
        self._deadline = Deadline(limits.timeout, monotonic)
        self._jail: JailReport | None = None
        self._items = 0
        self._was_over = False
        self._refusal: CapabilityError | None = None
        self._status: int | None = None
        self._alive = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The process id; it stays this guest's until `close` has returned."""
        return self._seat.process.pid

    def is_alive(self) -> bool:
        """Whether the process has not been reaped."""
        return self._alive

    def close(self) -> None:
        """Kill the process, if it still runs, and reap it."""
        if self._alive:
            self._alive = False
            self._status = self._seat.zygote.end(self._seat.process)

    def load(self) -> Loaded:
        """
        Run the top level of the script and check its contract, within its limits.

        Raises:
            ScriptError: It failed; the class says how.
        """
        body = self._run("load")
        names = tuple(printable(name, 200) for name in body.functions if name)
        return Loaded(
            name=printable(body.name, 200),
            version=printable(body.version, 200),
            description=printable(body.description, 4000),
            functions=names,
            jail=self._jail or JailReport(seccomp=False, no_new_privs=False, rlimits=False),
        )

    def compile(self) -> None:
        """
        Check the syntax only.

        Raises:
            ScriptSyntaxError: It does not compile.
        """
        self._run("compile")

    def scan(
        self, config: Mapping[str, object], checkpoint: str | None, on_page: OnPage
    ) -> ScanEnd:
        """
        Call `scan` once; pages of items arrive while it runs.

        `checkpoint` is JSON text.  What `on_page` raises ends the guest and
        comes out of here.

        Raises:
            ScriptError: It failed; pages handed over before stay the caller's.
        """
        with self._in_hand():
            if self._jail is None:
                self._start("load")
                self._next(Kind.LOADED)
            self._deadline = Deadline(self._limits.timeout, monotonic)
            before = self._items
            self._send(Kind.CALL, pack_call(self._deadline.remaining(), config, checkpoint))
            frame = self._next(Kind.RETURNED, on_page)
            end = read_returned(frame, self._items - before)
            return ScanEnd(end.checkpoint, end.has_more, end.items)

    def _run(self, purpose: str) -> LoadedBody:
        with self._in_hand():
            self._start(purpose)
            return read_body(self._next(Kind.LOADED), LoadedBody)

    @contextlib.contextmanager
    def _in_hand(self) -> Iterator[None]:
        """Let nothing go wrong with the guest alive: it could be in any state."""
        self._seat.engine.refuse_if_cancelled()
        if not self._alive:
            raise GuestCrashError("the script's process has ended")
        try:
            yield
        except BaseException:
            self.close()
            raise

    def _start(self, purpose: str) -> None:
        self._deadline = Deadline(self._limits.timeout, monotonic)
        start = Start(
            purpose=purpose,
            kind=self._script.kind,
            chunk_name=self._script.chunk_name,
            text=self._script.text,
            bounds=bounds_of(self._limits),
            capabilities=tuple(self._functions),
            require_jail=self._seat.engine.require_jail,
        )
        self._send(Kind.START, msgspec.msgpack.encode(start))
        ready = read_body(self._next(Kind.READY), Ready)
        self._jail = JailReport(ready.seccomp, ready.no_new_privs, ready.rlimits)

    def _next(self, wanted: Kind, on_page: OnPage | None = None) -> Frame:
        """Serve the guest until the frame comes that ends this phase."""
        while True:
            frame = self._seat.line.receive(lambda kind: largest_body(kind, self._limits))
            if isinstance(frame, Cut):
                raise self._cut_short(frame)
            if frame.kind is wanted:
                return frame
            if frame.kind is Kind.FAILED:
                raise self._failure(read_body(frame, Failed))
            if self._was_over and frame.kind is Kind.REQUEST:
                # It was told that its time is up, and goes on asking.
                raise self._cut_short(Cut.TIMEOUT)
            if frame.kind is Kind.REQUEST and self._jail is not None:
                self._serve(frame)
            elif frame.kind is Kind.ITEMS and on_page is not None:
                self._take_page(frame, on_page)
            else:
                raise broken(f"a {frame.kind.name} frame instead of {wanted.name}")

    def _failure(self, failed: Failed) -> ScriptError:
        error = error_for(failed, self._script.chunk_name, self._limits)
        if self._refusal is not None and self._refusal.message in error.message:
            # The script did not catch it, so its hint is what helps.
            error.hint = self._refusal.hint
        return error

    def _serve(self, frame: Frame) -> None:
        name, arguments = read_request(frame)
        function = self._functions.get(name)
        if function is None:
            raise broken(f"a request for '{printable(name.encode(), 80)}', which it was not given")
        try:
            value = function(arguments, self._deadline)
            answer = pack_result(self._deadline.remaining(), value, fine=True)
        except CapabilityError as error:
            self._refusal = error
            answer = pack_result(self._deadline.remaining(), error.message, fine=False)
        self._seat.engine.refuse_if_cancelled()
        self._send(Kind.RESULT, answer)

    def _take_page(self, frame: Frame, on_page: OnPage) -> None:
        page = read_items(frame, self._limits)
        self._items += len(page)
        if self._items > self._limits.items:
            raise broken(f"more than {self._limits.items} items")
        began = monotonic()
        on_page(page)
        self._deadline.exclude(monotonic() - began)
        self._seat.engine.refuse_if_cancelled()
        self._send(Kind.TAKEN, msgspec.msgpack.encode(Taken(self._deadline.remaining())))

    def _send(self, kind: Kind, body: bytes | bytearray) -> None:
        # From here on the guest works: it gets its time, and then a moment to
        # say where it was stopped.
        line = self._seat.line
        left = self._deadline.remaining()
        self._was_over = left <= 0
        line.until = monotonic() + max(left, 0.0) + KILL_AFTER
        cut = line.send(kind, body)
        # A guest that closed its end may have said why before: `_next` reads that.
        if cut is not None and cut is not Cut.CLOSED:
            raise self._cut_short(cut)

    def _cut_short(self, cut: Cut) -> ScriptError:
        self.close()
        if cut is Cut.CANCELLED:
            return ScriptCancelledError("cancelled")
        if cut is Cut.TIMEOUT:
            return timed_out(self._limits)
        over = self._deadline.remaining() < 0
        return error_for_status(self._status, self._limits, over=over)
