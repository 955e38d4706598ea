"""Bodies of frames, packed for a guest and read from one without trusting it."""

import math
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from controller.errors import GuestCrashError, ScriptError
from controller.lua.host.base import Value
from controller.lua.limits import GuestLimits
from controller.lua.line import Frame, broken
from controller.lua.wire import (
    ITEM_FIELDS,
    LARGEST,
    PAGE_BYTES,
    Bounds,
    Call,
    Kind,
    Result,
    Returned,
    count_values,
)
from controller.model.document import RawItem

ROW_BYTES = 256
"""What an item takes in a frame beside its text, generously."""

COUNTED_FROM = 64 * 1024
VALUES_AT_MOST = 20_000
"""Requests above the first bound in bytes may hold this many values: decoding multiplies size."""

_Scalar = None | bool | int | float | bytes
_ITEMS: msgspec.msgpack.Decoder[list[tuple[Any, ...]]] = msgspec.msgpack.Decoder(
    list[tuple[(_Scalar,) * len(ITEM_FIELDS)]]  # type: ignore[misc]
)
_UNREADABLE = (msgspec.MsgspecError, ValueError, TypeError, OverflowError, RecursionError)
_NIL = msgspec.msgpack.encode(None)
_NOTHING = msgspec.Raw(b"")
_ENCODER = msgspec.msgpack.Encoder()

BodyType = TypeVar("BodyType", bound=msgspec.Struct)


def largest_body(kind: Kind, limits: GuestLimits) -> int:
    """Bytes that a frame of this kind may have."""
    if kind is Kind.ITEMS:
        return PAGE_BYTES + limits.item_bytes + limits.page * ROW_BYTES
    return LARGEST[kind]


def bounds_of(limits: GuestLimits) -> Bounds:
    """Say which limits the guest keeps by itself."""
    return Bounds(
        seconds=limits.timeout,
        memory=limits.memory,
        items=limits.items,
        item_bytes=limits.item_bytes,
        page=limits.page,
        depth=limits.depth,
        json_depth=limits.json_depth,
        json_nodes=limits.json_nodes,
    )


def pack_call(seconds: float, config: Mapping[str, object], checkpoint: str | None) -> bytes:
    """
    Pack a call of `scan`: values that Lua cannot hold, such as dates, become nil.

    Raises:
        ScriptError: The checkpoint is no JSON text.
    """
    packed = msgspec.msgpack.encode(_plain(config))
    return msgspec.msgpack.encode(
        Call(seconds, msgspec.Raw(packed), msgspec.Raw(_pack_checkpoint(checkpoint)))
    )


def pack_result(seconds: float, value: Value, *, fine: bool) -> bytearray:
    """Pack the answer to a request."""
    # A body of many megabytes is copied once, not for each layer around it.
    frame = bytearray(msgspec.msgpack.encode(Result(seconds, fine, _NOTHING)))
    _ENCODER.encode_into(value, frame, len(frame))
    return frame


def read_body(frame: Frame, shape: type[BodyType]) -> BodyType:
    """
    Read a body of a known shape.

    Raises:
        GuestCrashError: It has another one.
    """
    try:
        return msgspec.msgpack.decode(frame.body, type=shape)
    except _UNREADABLE as error:
        raise _unreadable(frame) from error


def read_items(frame: Frame, limits: GuestLimits) -> list[RawItem]:
    """
    Read a page of items.

    Raises:
        GuestCrashError: It is none, or larger than a page.
    """
    if _length_of_array(frame.body) > limits.page:
        raise broken(f"a page of more than {limits.page} items")
    try:
        rows = _ITEMS.decode(frame.body)
    except _UNREADABLE as error:
        raise _unreadable(frame) from error
    if not rows:
        # Without this a guest could keep its host busy for ever.
        raise broken("an empty page")
    return [RawItem._make(row) for row in rows]


def read_request(frame: Frame) -> tuple[str, list[Value]]:
    """
    Read the name of a host function and its arguments.

    Raises:
        GuestCrashError: It is no request.
    """
    if len(frame.body) > COUNTED_FROM and count_values(frame.body, VALUES_AT_MOST) > VALUES_AT_MOST:
        raise broken(f"a request of more than {VALUES_AT_MOST} values")
    try:
        name, arguments = msgspec.msgpack.decode(frame.body, type=tuple[bytes, list[Any]])
        _check_plain(arguments)
        return name.decode(), arguments
    except _UNREADABLE as error:
        raise _unreadable(frame) from error


def read_returned(frame: Frame, items: int) -> Returned:
    """
    Read the end of a call that handed over `items` items.

    Raises:
        GuestCrashError: It says otherwise, or its checkpoint is no JSON.
    """
    returned = read_body(frame, Returned)
    if returned.items != items:
        raise broken(f"a count of {returned.items} after {items} items")
    if returned.checkpoint is not None:
        try:
            msgspec.json.decode(returned.checkpoint)
        except _UNREADABLE as error:
            raise broken("a checkpoint that is no JSON") from error
    return returned


def _unreadable(frame: Frame) -> GuestCrashError:
    return broken(f"a {frame.kind.name} frame that cannot be read")


def _pack_checkpoint(checkpoint: str | None) -> bytes:
    if checkpoint is None:
        return _NIL
    try:
        return msgspec.msgpack.encode(_plain(msgspec.json.decode(checkpoint)))
    except _UNREADABLE as error:
        raise ScriptError(
            "the checkpoint of the last run is no JSON",
            hint="a full sync starts without it",
        ) from error


def _plain(value: object) -> object:
    if isinstance(value, bool | float | str | bytes | None):
        return value
    if isinstance(value, int):
        # Beyond 64 bits there is no Lua integer; TOML and JSON have no such bound.
        return value if -(2**63) <= value < 2**63 else _as_float(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return None


def _as_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _check_plain(value: object) -> None:
    """Refuse what msgpack can say and a script cannot: timestamps and extensions."""
    if isinstance(value, dict):
        for key, entry in value.items():
            _check_plain(key)
            _check_plain(entry)
    elif isinstance(value, list):
        for entry in value:
            _check_plain(entry)
    elif not isinstance(value, None | bool | int | float | str | bytes):
        raise TypeError(f"a {type(value).__name__}")


def _length_of_array(body: bytearray) -> int:
    """Length of the array that a body is; 0 for anything else, which decoding refuses."""
    if not body:
        return 0
    first = body[0]
    if 0x90 <= first <= 0x9F:
        return first & 0x0F
    width = {0xDC: 2, 0xDD: 4}.get(first, 0)
    return int.from_bytes(body[1 : 1 + width], "big")
