"""Bodies that a hostile guest could send, and values on their way to one."""

import msgspec
import pytest

from controller.errors import GuestCrashError, ScriptError
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
from controller.lua.limits import GuestLimits
from controller.lua.line import Frame
from controller.lua.wire import ITEM_FIELDS, Call, Kind, Loaded, Result, Returned
from controller.model.document import RawItem

LIMITS = GuestLimits(page=10)
ROW = [None] * len(ITEM_FIELDS)


def frame(kind: Kind, value: object) -> Frame:
    return Frame(kind, bytearray(msgspec.msgpack.encode(value)))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "an empty page"),
        ([ROW] * 11, "a page of more than 10 items"),
        ([ROW] * 20_000, "a page of more than 10 items"),
        ([ROW] * 70_000, "a page of more than 10 items"),
        ([ROW[1:]], "a ITEMS frame that cannot be read"),
        ([[*ROW, None]], "a ITEMS frame that cannot be read"),
        ([[[], *ROW[1:]]], "a ITEMS frame that cannot be read"),
        ([["text", *ROW[1:]]], "a ITEMS frame that cannot be read"),
        ({}, "a ITEMS frame that cannot be read"),
        (b"", "a ITEMS frame that cannot be read"),
    ],
)
def test_pages_that_are_none_are_refused(rows: object, said: str) -> None:
    with pytest.raises(GuestCrashError, match=said):
        read_items(frame(Kind.ITEMS, rows), LIMITS)


def test_a_body_without_a_byte_is_refused() -> None:
    with pytest.raises(GuestCrashError, match="cannot be read"):
        read_items(Frame(Kind.ITEMS, bytearray()), LIMITS)


def test_a_page_is_read_as_raw_items() -> None:
    row = [1, None, b"id", *ROW[3:]]

    assert read_items(frame(Kind.ITEMS, [row]), LIMITS) == [RawItem(1, source_id=b"id")]


@pytest.mark.parametrize(
    "request_",
    [
        7,
        [],
        [b"name"],
        [b"name", {}],
        [b"\xff", []],
        [b"name", [msgspec.msgpack.Ext(5, b"x")]],
        [b"name", [{b"k": [msgspec.msgpack.Ext(5, b"x")]}]],
    ],
)
def test_requests_that_are_none_are_refused(request_: object) -> None:
    with pytest.raises(GuestCrashError, match="a REQUEST frame that cannot be read"):
        read_request(frame(Kind.REQUEST, request_))


def test_a_request_that_would_swell_when_decoded_is_refused() -> None:
    bomb = Frame(Kind.REQUEST, bytearray(b"\x92\xc4\x01x\xdd\x00\x10\x00\x00" + b"\x90" * 2**20))

    with pytest.raises(GuestCrashError, match="a request of more than 20000 values"):
        read_request(bomb)


def test_a_request_nested_without_end_is_refused() -> None:
    deep = Frame(Kind.REQUEST, bytearray(b"\x92\xc4\x01x" + b"\x91" * 60_000))

    with pytest.raises(GuestCrashError, match="cannot be read"):
        read_request(deep)


def test_a_large_body_is_no_reason_to_refuse_a_request() -> None:
    arguments = [b"POST", b"http://x", {b"body": b"x" * 1_000_000}]

    assert read_request(frame(Kind.REQUEST, [b"http.request", arguments])) == (
        "http.request",
        arguments,
    )


@pytest.mark.parametrize("checkpoint", ["{", "NaN", "[" * 5000])
def test_a_checkpoint_that_is_no_json_is_refused(checkpoint: str) -> None:
    returned = frame(Kind.RETURNED, Returned(checkpoint, has_more=False, items=0))

    with pytest.raises(GuestCrashError, match="a checkpoint that is no JSON"):
        read_returned(returned, 0)


def test_a_count_that_does_not_fit_what_arrived_is_refused() -> None:
    returned = frame(Kind.RETURNED, Returned(None, has_more=False, items=5))

    with pytest.raises(GuestCrashError, match="a count of 5 after 3 items"):
        read_returned(returned, 3)


def test_a_body_of_another_shape_is_refused() -> None:
    with pytest.raises(GuestCrashError, match="a LOADED frame that cannot be read"):
        read_body(frame(Kind.LOADED, [1, 2, 3, 4]), Loaded)


def test_a_config_loses_only_what_lua_cannot_hold() -> None:
    config = {"n": 2**64, "low": -(10**400), "bytes": b"x", "list": (1, object()), "d": {"k": 1}}

    call = msgspec.msgpack.decode(pack_call(1.0, config, '{"a":[1]}'), type=Call)

    assert msgspec.msgpack.decode(call.config) == {
        "n": 2.0**64,
        "low": float("-inf"),
        "bytes": b"x",
        "list": [1, None],
        "d": {"k": 1},
    }
    assert msgspec.msgpack.decode(call.checkpoint) == {"a": [1]}


def test_a_stored_checkpoint_that_is_no_json_is_named() -> None:
    with pytest.raises(ScriptError, match="the checkpoint of the last run is no JSON"):
        pack_call(1.0, {}, "since yesterday")


def test_a_result_is_packed_in_one_piece() -> None:
    body = pack_result(1.5, {"body": b"x"}, fine=True)

    result = msgspec.msgpack.decode(body, type=Result)
    assert (result.seconds, result.fine) == (1.5, True)
    assert msgspec.msgpack.decode(result.value) == {"body": b"x"}


def test_a_page_may_hold_its_text_and_one_item_more() -> None:
    limits = GuestLimits()

    assert largest_body(Kind.ITEMS, limits) > limits.item_bytes
    assert largest_body(Kind.READY, limits) == 64


def test_the_guest_is_told_its_limits() -> None:
    limits = GuestLimits(timeout=7.0, memory=5)

    bounds = bounds_of(limits)

    assert (bounds.seconds, bounds.memory, bounds.page) == (7.0, 5, limits.page)
