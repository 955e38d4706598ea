"""The order of item fields, and counting what a frame holds before it is decoded."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.lua.wire import ITEM_FIELDS, Failed, Kind, Ready, count_values
from controller.model.document import RawItem

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=300)
    | st.binary(max_size=300)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=40) | st.dictionaries(st.text(), inner, max_size=40),
    max_leaves=60,
)


def test_items_cross_in_the_order_of_the_model() -> None:
    assert RawItem._fields == ITEM_FIELDS


@given(VALUES)
def test_every_value_of_a_body_is_counted(value: object) -> None:
    body = msgspec.msgpack.encode(value)

    assert count_values(body, 10_000) == _count(value)


def test_counting_stops_above_the_bound() -> None:
    assert count_values(b"\xc0" * 1_000_000, 10) == 11


@pytest.mark.parametrize(
    ("body", "values"),
    [
        (msgspec.msgpack.encode(msgspec.msgpack.Ext(1, b"x" * size)), 1)
        for size in (1, 2, 4, 8, 16, 17, 300, 70_000)
    ],
)
def test_extensions_count_as_one(body: bytes, values: int) -> None:
    assert count_values(body, 10) == values


@given(st.binary(max_size=200))
def test_counting_never_fails_on_any_bytes(body: bytes) -> None:
    assert count_values(body, 1000) <= len(body)


def test_bodies_have_exactly_their_fields() -> None:
    longer = msgspec.msgpack.encode([True, True, True, True])

    with pytest.raises(msgspec.ValidationError):
        msgspec.msgpack.decode(longer, type=Ready)


def test_bodies_come_back_as_they_left() -> None:
    failed = Failed("runtime", b"\xff", b"")

    assert msgspec.msgpack.decode(msgspec.msgpack.encode(failed), type=Failed) == failed


def test_kinds_of_the_guest_lie_above_those_of_the_host() -> None:
    assert max(Kind.START, Kind.CALL, Kind.RESULT, Kind.TAKEN) < Kind.READY


def _count(value: object) -> int:
    if isinstance(value, dict):
        return 1 + sum(1 + _count(entry) for entry in value.values())
    if isinstance(value, list):
        return 1 + sum(_count(entry) for entry in value)
    return 1
