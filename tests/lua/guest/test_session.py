"""The guest's side of the conversation, frame by frame."""

import pytest

from controller.lua.guest.session import prepare_text
from controller.lua.limits import GuestLimits
from controller.lua.wire import Kind, Loaded
from tests.lua.guest.stage import Part, Refusal, play, scanning


def test_a_scan_without_items_is_four_frames() -> None:
    done = play(scanning("return {}"))

    assert done.kinds() == [Kind.READY, Kind.LOADED, Kind.RETURNED]
    assert (done.returned().checkpoint, done.returned().items) == (None, 0)


def test_items_leave_by_pages_and_wait_for_the_host_before_the_next() -> None:
    limits = GuestLimits(page=2)

    done = play(scanning("for i = 1, 5 do emit { source_id = i } end", limits=limits, pages=3))

    assert done.kinds() == [Kind.READY, Kind.LOADED, *[Kind.ITEMS] * 3, Kind.RETURNED]
    assert [row[2] for row in done.items()] == [1, 2, 3, 4, 5]
    assert done.returned().items == 5


def test_compiling_runs_nothing_and_tells_nothing() -> None:
    done = play(Part("connector = error('ran')", purpose="compile"))

    assert done.body(Kind.LOADED, Loaded) == Loaded(b"", b"", b"", ())


def test_a_guest_that_must_be_jailed_and_is_not_runs_nothing() -> None:
    done = play(Part("error('ran')", require_jail=True))

    assert done.failed().cause == "jail"


def test_what_a_script_says_of_itself_is_told() -> None:
    done = play(Part("return { name = 'n', version = 2, description = {}, scan = next, x = 1 }"))

    assert done.body(Kind.LOADED, Loaded) == Loaded(b"n", b"2", b"", (b"scan",))


@pytest.mark.parametrize(
    ("kind", "entry"), [("connector", "scan"), ("tool", "execute"), ("agent", "resolve")]
)
def test_each_kind_has_its_contract(kind: str, entry: str) -> None:
    missing = play(Part(f"{kind} = {{}}", kind=kind)).failed()

    assert missing.cause == "contract"
    assert missing.message.decode() == f"'{kind}.{entry}' must be a function, and is nil"


def test_a_failure_carries_its_cause_and_place() -> None:
    failed = play(scanning("local x = nil; x() return {}")).failed()

    assert failed.cause == "runtime"
    assert failed.message == b"x.lua:1: attempt to call a nil value (local 'x')"
    assert failed.traceback == b"stack traceback:\n  x.lua:1: in function 'scan'"


def test_items_before_a_failure_are_sent_before_it() -> None:
    done = play(scanning("emit { source_id = 'a' } error('late')"))

    assert done.kinds()[-2:] == [Kind.ITEMS, Kind.FAILED]


def test_a_syntax_error_is_one() -> None:
    assert play(Part("x = = 1")).failed().cause == "syntax"


def test_too_many_items_are_noticed_here() -> None:
    failed = play(scanning("emit {} emit {} emit {}", limits=GuestLimits(items=2))).failed()

    assert failed.cause == "items"


def test_too_large_an_item_is_noticed_here() -> None:
    limits = GuestLimits(item_bytes=10)

    failed = play(scanning("emit { body = '12345', title = '123456' }", limits=limits)).failed()

    assert failed.cause == "item_bytes"


def test_a_request_stops_the_alarm_and_its_answer_sets_it_again() -> None:
    done = play(scanning("env.get('X') return {}", answers=[b"v"], seconds_left=7.0))

    assert done.requests() == [[b"env.get", [b"X"]]]
    # Start, wait for CALL, call, wait for the answer, go on, wait for the next CALL.
    assert done.alarms == [300.25, 0.0, 300.25, 0.0, 7.25, 0.0]


def test_an_answer_that_comes_too_late_is_a_timeout_at_the_call() -> None:
    done = play(scanning("env.get('X') return {}", answers=[b"v"], seconds_left=-0.1))

    assert done.failed().cause == "timeout"
    assert b"x.lua:1: in function 'scan'" in done.failed().traceback


def test_time_that_runs_out_in_lua_is_a_timeout_with_its_place() -> None:
    failed = play(scanning("while true do end", ticking=True)).failed()

    assert failed.cause == "timeout"
    assert b"x.lua:1: in function 'scan'" in failed.traceback


def test_the_host_can_put_off_an_end_while_a_page_is_on_its_way() -> None:
    limits = GuestLimits(timeout=12.0, page=1)
    body = "emit { body = 1 } for i = 1, 4000000 do end return {}"

    done = play(scanning(body, limits=limits, ticking=True, seconds_left=1000.0))

    assert done.returned().items == 1


def test_a_refusal_becomes_a_lua_error() -> None:
    failed = play(scanning("env.get('X')", answers=[Refusal("not granted")])).failed()

    assert failed.message == b"x.lua:1: not granted"


def test_a_request_larger_than_a_frame_is_refused_here() -> None:
    limits = GuestLimits(memory=512 * 1024 * 1024)
    body = "http.post('http://x', ('x'):rep(64 * 1024 * 1024 + 1))"

    failed = play(scanning(body, limits=limits)).failed()

    assert failed.message == b"x.lua:1: the request is larger than 67108864 bytes"


def test_a_host_that_is_gone_ends_the_guest_without_a_word() -> None:
    done = play(scanning("pcall(env.get, 'X') return {}"))

    assert done.kinds() == [Kind.READY, Kind.LOADED, Kind.REQUEST]


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        (b"x = 1", b"x = 1"),
        (b"\xef\xbb\xbfx = 1", b"x = 1"),
        (b"#!/bin/lua\nx = 1", b"\nx = 1"),
        (b"#", b""),
        (b"", b""),
    ],
)
def test_line_numbers_survive_the_preparation(text: bytes, prepared: bytes) -> None:
    assert prepare_text(text) == prepared
