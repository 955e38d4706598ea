"""Pure functions of the guest on input that no script would write by accident."""

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import CapabilityError
from controller.lua.guest.functions import (
    NOT_TEXT,
    decode_base64,
    decode_json,
    encode_base64,
    encode_json,
    encode_json_bytes,
)


@given(st.binary(max_size=500))
def test_any_bytes_are_json_or_refused(body: bytes) -> None:
    with suppress(CapabilityError):
        msgspec.msgpack.decode(decode_json(body, 1000))


def test_large_bodies_are_counted_before_they_are_read() -> None:
    bomb = b"[" + b"[]," * 600_000 + b"[]]"

    with pytest.raises(CapabilityError, match="the text holds more than 1000 values"):
        decode_json(bomb, 1000)


@pytest.mark.parametrize(("text", "value"), [(b"1" + b"0" * 400, float("inf")), (b"[1]", [1])])
def test_numbers_too_large_for_lua_become_floats(text: bytes, value: object) -> None:
    assert msgspec.msgpack.decode(decode_json(text, 10)) == value


def test_giants_are_found_at_any_depth() -> None:
    packed = decode_json(b'{"a":[{"b":-100000000000000000000}],"c":18446744073709551615}', 10)

    assert msgspec.msgpack.decode(packed) == {"a": [{"b": -1e20}], "c": 2**64 - 1}


def test_strings_that_are_no_text_are_packed_again_as_bytes() -> None:
    with pytest.raises(CapabilityError, match=NOT_TEXT):
        encode_json(b"\xa1\xff")

    again = msgspec.msgpack.encode({b"k\xff": [b"\xfe", 1, None]})
    assert encode_json_bytes(again).decode() == '{"k\ufffd":["\ufffd",1,null]}'


@given(st.binary(max_size=200))
def test_base64_returns_what_it_was_given(raw: bytes) -> None:
    assert decode_base64(encode_base64(raw)) == raw
