"""Scripts that will not stop, want too much, or break their process: all end, and in time."""

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic

import pytest

from controller.errors import (
    GuestCrashError,
    MemoryLimitError,
    ScriptCancelledError,
    ScriptTimeoutError,
)
from controller.lua.deadline import Deadline
from controller.lua.host.base import Capabilities, Value
from controller.lua.limits import GuestLimits
from controller.lua.supervisor import Engine
from controller.model.document import RawItem
from tests.lua.worlds import LIMITS, QUICK, World, connector, scan, scanning

PROBE = Path(__file__).with_name("probe.py")
CLOSING = "local x <close> = setmetatable({}, { __close = function() while true do end end })"
CLOSE = "coroutine.resume(co) coroutine.close(co)"
SLACK = 0.35
"""For a busy machine, beside the 0.5 s that are promised."""


@pytest.fixture(scope="module")
def probing() -> Iterator[Engine]:
    with Engine(probe=PROBE) as engine:
        yield engine


@pytest.mark.parametrize(
    "body",
    [
        "while true do end",
        "goto a ::a:: goto a",
        "while true do pcall(function() while true do end end) end",
        "local function f() xpcall(f, f) end while true do xpcall(error, f) end",
        "xpcall(function() while true do end end, function() while true do end end)",
        "coroutine.wrap(function() while true do end end)()",
        "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
        f"local co = coroutine.create(function() {CLOSING} coroutine.yield() end) {CLOSE}",
        f"{CLOSING} while true do end",
        "return {}, setmetatable({}, { __index = function() while true do end end }).x",
        "emit(setmetatable({}, { __index = function() while true do end end }))",
        "table.sort({ 1, 2, 3 }, function() while true do end end)",
        "load(function() while true do end end)",
        "while true do json.parse('[]') end",
        # These sit in C code, where only the alarm reaches them.
        "return ('a'):rep(100000):find(('.-'):rep(60) .. 'b')",
        "table.move({ 1 }, 1, 1 << 40, 2)",
    ],
)
def test_a_script_that_never_ends_is_ended_in_time(engine: Engine, body: str) -> None:
    began = monotonic()

    with pytest.raises(ScriptTimeoutError) as caught:
        scan(engine, scanning(body), limits=QUICK)

    assert caught.value.message == "timed out after 0.3 seconds"
    assert monotonic() - began < QUICK.timeout + 0.5 + SLACK


def test_a_graceful_timeout_says_where_the_script_was(engine: Engine) -> None:
    script = connector("connector = { scan = function()\n  while true do end\nend }")

    with pytest.raises(ScriptTimeoutError) as caught:
        scan(engine, script, limits=QUICK)

    assert caught.value.traceback == "stack traceback:\n  connectors/jira.lua:2: in function 'scan'"


def test_the_top_level_has_the_same_limits(engine: Engine) -> None:
    with (
        engine.open(connector("while true do end"), QUICK, Capabilities({})) as guest,
        pytest.raises(ScriptTimeoutError),
    ):
        guest.load()


@pytest.mark.parametrize(
    "body",
    [
        "local t = {} while true do t[#t + 1] = ('x'):rep(100000) .. #t end",
        "local s = 'x' while true do s = s .. s end",
        "return ('x'):rep(1 << 30)",
        "while true do pcall(string.rep, 'x', 1 << 30) end",
        "local t = {} while true do pcall(function() t[#t + 1] = ('x'):rep(1 << 20) .. #t end) end",
        "local function f() return {} , f() end while true do pcall(f) end",
        "local t = {} for i = 1, 1e9 do t[i] = i end",
        "return { json.parse('[' .. ('[],'):rep(900000) .. '[]]') }",
    ],
)
def test_a_script_that_wants_all_memory_ends_as_such(engine: Engine, body: str) -> None:
    with pytest.raises(MemoryLimitError) as caught:
        scan(engine, scanning(body))

    assert caught.value.message == "needs more than its memory_limit of 64 MiB"
    assert "memory_limit" in (caught.value.hint or "")


def test_a_host_answer_that_does_not_fit_is_a_memory_error(engine: Engine) -> None:
    world = World().offer("env.get", lambda _, __: b"x" * (65 * 1024 * 1024))

    with pytest.raises(MemoryLimitError):
        scan(engine, scanning("return { env.get('X') }"), world=world)


def test_a_host_answer_that_fits_once_garbage_is_gone_is_given(engine: Engine) -> None:
    world = World().offer("env.get", lambda _, __: b"x" * (12 * 1024 * 1024))
    body = "for i = 1, 20 do emit { source_id = #env.get('X') } end"

    items = scan(engine, scanning(body), world=world).items

    assert {item.source_id for item in items} == {12 * 1024 * 1024}


def test_a_tiny_memory_limit_is_an_error_not_a_crash(engine: Engine) -> None:
    limits = GuestLimits(timeout=5.0, memory=1)

    with pytest.raises(MemoryLimitError, match="needs more than its memory_limit of 1 bytes"):
        scan(engine, scanning("return {}"), limits=limits)


def test_a_million_items_leave_no_trace_in_memory(engine: Engine) -> None:
    count = 0
    peak: list[int] = []
    limits = GuestLimits(timeout=60.0, memory=4 * 1024 * 1024)

    def take(page: Sequence[RawItem]) -> None:
        nonlocal count
        count += len(page)
        if count % 100_000 == 0:
            peak.append(_resident(guest.pid))

    with engine.open(
        scanning("for i = 1, 1000000 do emit { source_id = i, body = 'x' } end"),
        limits,
        Capabilities({}),
    ) as guest:
        end = guest.scan({}, None, take)

    assert end.items == count == 1_000_000
    assert max(peak) - min(peak) < 8 * 1024 * 1024


def test_time_that_the_host_excludes_puts_the_end_off(engine: Engine) -> None:
    def wait(_: Sequence[Value], deadline: Deadline) -> None:
        began = monotonic()
        pause(0.4)
        deadline.exclude(monotonic() - began)

    world = World().offer("sleep", wait)
    body = "for i = 1, 3 do sleep(1) emit { source_id = i } end"

    items = scan(engine, scanning(body), limits=QUICK, world=world).items

    assert len(items) == 3


def test_time_that_the_host_takes_for_itself_counts(engine: Engine) -> None:
    world = World().offer("env.get", lambda _, __: pause(0.5))
    script = connector("connector = { scan = function()\n env.get('X')\n return {} end }")

    with pytest.raises(ScriptTimeoutError) as caught:
        scan(engine, script, limits=QUICK, world=world)

    assert "connectors/jira.lua:2" in caught.value.traceback


def test_the_time_of_the_page_taker_is_not_the_scripts(engine: Engine) -> None:
    script = scanning("for i = 1, 2500 do emit { source_id = i } end")

    with engine.open(script, QUICK, Capabilities({})) as guest:
        end = guest.scan({}, None, lambda _: pause(0.15))

    assert end.items == 2500


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("crash", "the script's process died of SIGSEGV"),
        ("abort", "the script's process died of SIGABRT"),
        ("exit", "the script's process ended with status 7 before it was done"),
        ("half_frame", "the script's process sent a frame that ends early"),
        ("wrong_version", "the script's process sent a frame of kind 21 and version 9"),
        ("wrong_kind", "the script's process sent a frame of kind 2 and version 1"),
        ("oversized", "the script's process sent a FAILED frame of 4294967295 bytes"),
        ("garbage_items", "the script's process sent a ITEMS frame that cannot be read"),
        ("out_of_order", "the script's process sent a READY frame instead of RETURNED"),
        (
            "foreign_request",
            "the script's process sent a request for 'shell', which it was not given",
        ),
    ],
)
def test_a_guest_that_breaks_is_named_for_how(probing: Engine, what: str, said: str) -> None:
    with pytest.raises(GuestCrashError) as caught:
        scan(probing, scanning(f"probe('{what}') return {{}}"))

    assert caught.value.message == said


def test_a_guest_killed_from_outside_is_named_for_it(engine: Engine) -> None:
    world = World()
    world.offer("env.get", lambda _, __: os.kill(guest.pid, signal.SIGKILL))

    with (
        engine.open(scanning("env.get('X') return {}"), LIMITS, world.capabilities()) as guest,
        pytest.raises(GuestCrashError, match="died of SIGKILL"),
    ):
        guest.scan({}, None, lambda _: None)


def test_a_guest_stuck_in_native_code_is_ended_by_its_alarm(probing: Engine) -> None:
    began = monotonic()

    with pytest.raises(ScriptTimeoutError):
        scan(probing, scanning("probe('spin')"), limits=QUICK)

    assert monotonic() - began < QUICK.timeout + 0.5 + SLACK


def test_a_guest_that_silences_its_alarm_is_killed_by_the_host(probing: Engine) -> None:
    began = monotonic()

    with pytest.raises(ScriptTimeoutError):
        scan(probing, scanning("probe('silence')"), limits=QUICK)

    assert QUICK.timeout + 0.4 < monotonic() - began < QUICK.timeout + 0.5 + SLACK


def test_cancelling_from_another_thread_ends_the_call() -> None:
    with Engine() as engine:
        world = World()
        world.offer("env.get", lambda _, __: threading.Thread(target=engine.cancel).start())

        with pytest.raises(ScriptCancelledError):
            scan(engine, scanning("env.get('X') while true do end"), world=world)


def test_cancelling_from_a_signal_handler_ends_the_call() -> None:
    with Engine() as engine:
        before = signal.signal(signal.SIGUSR1, lambda *_: engine.cancel())
        world = World()
        world.offer("env.get", lambda _, __: signal.raise_signal(signal.SIGUSR1))

        with pytest.raises(ScriptCancelledError):
            scan(engine, scanning("env.get('X') while true do end"), world=world)
        signal.signal(signal.SIGUSR1, before)


def test_a_cancelled_engine_stays_cancelled() -> None:
    with Engine() as engine:
        engine.cancel()

        with pytest.raises(ScriptCancelledError):
            engine.compile(connector(""), LIMITS)


def test_an_engine_whose_zygote_died_starts_another() -> None:
    with Engine() as engine:
        with (
            engine.open(scanning("while true do emit {} end"), LIMITS, Capabilities({})) as guest,
            pytest.raises(GuestCrashError, match="died with the engine that started it"),
        ):
            guest.scan({}, None, lambda _: os.kill(_parent_of(guest.pid), signal.SIGKILL))

        assert scan(engine, scanning("return {}")).end.items == 0


def test_closing_an_engine_ends_its_guests() -> None:
    with Engine() as engine:
        guest = engine.open(scanning("return {}"), LIMITS, Capabilities({}))
        guest.load()

    assert not guest.is_alive()
    assert not Path(f"/proc/{guest.pid}").exists()


def pause(seconds: float) -> None:
    """Spend time, which is what these tests are about; nothing is waited for."""
    threading.Event().wait(seconds)


def _resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


def _parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
