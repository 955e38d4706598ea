"""
Frames between a guest and its host: length, version, kind, then a msgpack body.

Both sides import this file, so it holds nothing but shapes.  The host trusts no
frame of a guest: `LARGEST` bounds each kind before it is read, `count_values`
before it is decoded, and msgspec checks the types.
"""

import struct
from enum import IntEnum

import msgspec

VERSION = 1
HEADER = struct.Struct(">IBB")

ITEM_FIELDS = (
    "position",
    "source",
    "source_id",
    "title",
    "body",
    "content_type",
    "source_url",
    "author",
    "created_at",
    "updated_at",
    "metadata",
    "metadata_json",
    "id",
    "url",
    "odd",
)
"""The order in which an item crosses; the same as `RawItem._fields` (a test compares them)."""

GRACE = 0.25
"""Seconds from the graceful stop to SIGALRM; the same again to the host's SIGKILL."""

PAGE_BYTES = 4 * 1024 * 1024
"""Text after which a page of items leaves, however few they are."""

CHECKPOINT_BYTES = 1024 * 1024


class Kind(IntEnum):
    """What a frame is; below 16 from the host, from 16 on from the guest."""

    START = 1
    CALL = 2
    RESULT = 3
    TAKEN = 4
    READY = 16
    LOADED = 17
    REQUEST = 18
    ITEMS = 19
    RETURNED = 20
    FAILED = 21


LARGEST = {
    Kind.READY: 64,
    Kind.LOADED: 256 * 1024,
    Kind.REQUEST: 64 * 1024 * 1024,
    Kind.RETURNED: CHECKPOINT_BYTES + 1024,
    Kind.FAILED: 128 * 1024,
}
"""Bytes of a guest's frame by kind; a page of items is bounded by the guest's limits."""


class Body(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """What the bodies have in common: arrays of exactly their fields."""


class Bounds(Body, frozen=True):
    """The limits that a guest keeps by itself, as in `GuestLimits`."""

    seconds: float
    memory: int
    items: int
    item_bytes: int
    page: int
    depth: int
    json_depth: int
    json_nodes: int


class Start(Body, frozen=True):
    """The first frame of the host: what to run, and within what."""

    purpose: str
    """`load` runs the top level and checks the contract; `compile` stops before both."""
    kind: str
    chunk_name: str
    text: bytes
    bounds: Bounds
    capabilities: tuple[str, ...]
    require_jail: bool


class Call(Body, frozen=True):
    """One call of `scan`."""

    seconds: float
    config: msgspec.Raw
    checkpoint: msgspec.Raw


class Result(Body, frozen=True):
    """What a host function gave; `seconds` are left for the script, from now."""

    seconds: float
    fine: bool
    value: msgspec.Raw
    """The value, or the message of the error where not `fine`."""


class Taken(Body, frozen=True):
    """The host is done with a page of items."""

    seconds: float


class Ready(Body, frozen=True):
    """The guest is confined, as far as the system let it."""

    seccomp: bool
    no_new_privs: bool
    rlimits: bool


class Loaded(Body, frozen=True):
    """The script fulfils its contract.  Empty after `compile`."""

    name: bytes
    version: bytes
    description: bytes
    functions: tuple[bytes, ...]


class Returned(Body, frozen=True):
    """A call of `scan` is over and every item of it was sent."""

    checkpoint: str | None
    has_more: bool
    items: int


class Failed(Body, frozen=True):
    """How a script ended that did not end well; the texts are the script's, unchecked."""

    cause: str
    """`syntax contract runtime timeout memory items item_bytes jail defect`."""
    message: bytes
    traceback: bytes


def count_values(body: bytes | bytearray, most: int) -> int:
    """
    Count the values in a msgpack body without decoding it; stop above `most`.

    A hostile body of single bytes grows 64-fold when decoded, so the host
    counts first.  A body that is cut off, or no msgpack, counts what is there:
    decoding it fails anyway.
    """
    position = 0
    count = 0
    end = len(body)
    while position < end and count <= most:
        position += _length_at(body, position)
        count += 1
    return count


_FIXED = {
    **dict.fromkeys((0xC0, 0xC1, 0xC2, 0xC3), 1),
    **dict.fromkeys((0xCC, 0xD0), 2),
    **dict.fromkeys((0xCD, 0xD1, 0xDC, 0xDE, 0xD4), 3),
    **dict.fromkeys((0xCA, 0xCE, 0xD2, 0xDD, 0xDF), 5),
    **dict.fromkeys((0xCB, 0xCF, 0xD3), 9),
    0xD5: 4,
    0xD6: 6,
    0xD7: 10,
    0xD8: 18,
}
_PREFIXED = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4, 0xC7: 1, 0xC8: 2, 0xC9: 4}


def _length_at(body: bytes | bytearray, position: int) -> int:
    """Bytes from here to the next value: containers count as their head alone."""
    first = body[position]
    if first in _FIXED:
        return _FIXED[first]
    if first in _PREFIXED:
        width = _PREFIXED[first]
        extension = 1 if 0xC7 <= first <= 0xC9 else 0
        length = int.from_bytes(body[position + 1 : position + 1 + width], "big")
        return 1 + width + extension + length
    return 1 + (first & 0x1F) if 0xA0 <= first <= 0xBF else 1
