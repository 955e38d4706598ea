"""What scripts may compute with Python's help; no state, no I/O."""

import binascii
import math
from hashlib import sha256
from hmac import digest

import msgspec

from controller.errors import CapabilityError

PRECHECK_BYTES = 1024 * 1024
"""Bodies above this are counted before they are read: JSON can grow 24-fold."""

NOT_TEXT = "not UTF-8"
"""The refusal that makes the Lua side pack its strings as bytes."""

_INT64 = 2**63


def decode_json(body: bytes, nodes: int) -> bytes:
    """Turn JSON into msgpack for the Lua decoder; `nodes` bounds the values in it."""
    if len(body) > PRECHECK_BYTES and _may_exceed(body, nodes):
        raise CapabilityError(f"the text holds more than {nodes} values")
    try:
        value = _read(body)
    except RecursionError:
        raise CapabilityError("the text is nested too deeply") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CapabilityError(f"not JSON: {error}") from None
    try:
        return msgspec.msgpack.encode(value)
    except OverflowError:
        return msgspec.msgpack.encode(_without_giants(value))


def encode_json(packed: bytes) -> bytes:
    """Turn what the Lua encoder wrote into JSON text, keys sorted."""
    try:
        value = msgspec.msgpack.decode(packed)
    except UnicodeDecodeError:
        raise CapabilityError(NOT_TEXT) from None
    return msgspec.json.encode(value, order="sorted")


def encode_json_bytes(packed: bytes) -> bytes:
    """The same for strings that were packed as bytes; what is not UTF-8 is replaced."""
    return msgspec.json.encode(_as_text(msgspec.msgpack.decode(packed)), order="sorted")


def encode_base64(raw: bytes) -> bytes:
    """Encode with the standard alphabet, padded, in one line."""
    return binascii.b2a_base64(raw, newline=False)


def decode_base64(text: bytes) -> bytes:
    """Decode the standard alphabet; line breaks and blanks are skipped."""
    try:
        return binascii.a2b_base64(b"".join(text.split()), strict_mode=True)
    except binascii.Error as error:
        raise CapabilityError(f"base64.decode: {error}") from None


def hash_sha256(raw: bytes) -> bytes:
    """Digest as lower-case hex."""
    return sha256(raw).hexdigest().encode()


def sign_sha256(key: bytes, raw: bytes) -> bytes:
    """HMAC as lower-case hex."""
    return digest(key, raw, "sha256").hex().encode()


def _may_exceed(body: bytes, nodes: int) -> bool:
    return body.count(b",") + body.count(b"[") + body.count(b"{") > nodes


def _read(body: bytes) -> object:
    body = body.removeprefix(b"\xef\xbb\xbf")
    try:
        return msgspec.json.decode(body)
    except UnicodeDecodeError:
        # Servers that mislabel their encoding: what can be read is worth more than nothing.
        return msgspec.json.decode(body.decode(errors="replace"))


def _without_giants(value: object) -> object:
    """Integers beyond 64 bits become floats, as other JSON readers have it."""
    if isinstance(value, dict):
        return {key: _without_giants(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_without_giants(entry) for entry in value]
    if isinstance(value, int) and not -_INT64 <= value < 2 * _INT64:
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    return value


def _as_text(value: object) -> object:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, dict):
        return {_as_text(key): _as_text(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_as_text(entry) for entry in value]
    return value
