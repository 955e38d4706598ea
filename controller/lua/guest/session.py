"""One guest's life: confine, build the VM, run what the host asks, answer for it."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from controller.errors import CapabilityError
from controller.lua.guest.channel import Channel
from controller.lua.guest.countdown import Countdown
from controller.lua.guest.desk import Desk, Doom, Operation, Scalar
from controller.lua.guest.functions import (
    decode_base64,
    decode_json,
    encode_base64,
    encode_json,
    encode_json_bytes,
    hash_sha256,
    sign_sha256,
)
from controller.lua.guest.vm import Ending, LuaSources, Machine
from controller.lua.table import names_for
from controller.lua.wire import (
    CHECKPOINT_BYTES,
    LARGEST,
    PAGE_BYTES,
    Call,
    Failed,
    Kind,
    Loaded,
    Ready,
    Result,
    Returned,
    Start,
    Taken,
)

_NIL = msgspec.msgpack.encode(None)


class Surroundings(NamedTuple):
    """What a guest gets from the process it lives in."""

    sources: LuaSources
    clock: Callable[[], float]
    alarm: Callable[[float], None]
    confine: Callable[[int], Ready]
    extra: Mapping[bytes, Operation]
    """Further operations for scripts; how tests try the jail from inside."""


class Session:
    """The guest's side of the conversation."""

    def __init__(self, channel: Channel, around: Surroundings) -> None:
        self._channel = channel
        self._around = around
        self._countdown = Countdown(around.clock, around.alarm)
        self._page: list[tuple[Scalar, ...]] = []
        self._page_bytes = 0
        self._page_pending = False
        self._items = 0
        self._items_before = 0
        self._call: Call | None = None
        self._loaded = Loaded(b"", b"", b"", ())
        self._returned: Returned | None = None

    def run(self) -> None:
        """
        Live until the script failed or the host is gone.

        Raises:
            EOFError: The usual end: nobody asks any more.
        """
        start = msgspec.msgpack.decode(self._channel.receive(Kind.START), type=Start)
        ready = self._around.confine(start.bounds.memory)
        self._send(Kind.READY, ready)
        if start.require_jail and not ready.seccomp:
            self._send(Kind.FAILED, Failed("jail", b"", b""))
            return
        self._countdown.start(start.bounds.seconds)
        self._start = start
        desk = Desk(self._operations(), self._is_over)
        machine = Machine(self._around.sources, start.bounds, desk)
        if self._ended(machine.load(), desk):
            return
        self._send(Kind.LOADED, self._loaded)
        while True:
            self._countdown.hold()
            self._call = msgspec.msgpack.decode(self._channel.receive(Kind.CALL), type=Call)
            self._items_before = self._items
            self._countdown.start(self._call.seconds)
            if self._ended(machine.scan(), desk):
                return
            self._await_host()
            self._send(Kind.RETURNED, self._returned)

    def _ended(self, ending: Ending, desk: Desk) -> bool:
        if ending.cause == "done":
            return False
        if ending.cause == "gone":
            raise EOFError("lost in the middle of a call")
        message = desk.defect.encode(errors="replace") if desk.defect else ending.message
        # What was handed over before the failure counts.
        self._turn_page()
        self._await_host()
        self._countdown.hold()
        self._send(Kind.FAILED, Failed(ending.cause, message, ending.traceback))
        return True

    def _send(self, kind: Kind, body: object) -> None:
        self._channel.send(kind, msgspec.msgpack.encode(body))

    def _is_over(self) -> bool:
        if not self._countdown.is_over():
            return False
        # The host may have put the end off while it took the last page.
        self._await_host()
        return self._countdown.is_over()

    def _await_host(self) -> None:
        """
        Wait until the host is done with the page it was sent.

        One page is on its way while the script makes the next: both sides work,
        and memory holds no more than two.
        """
        if self._page_pending:
            self._countdown.hold()
            body = self._channel.receive(Kind.TAKEN)
            self._page_pending = False
            self._countdown.start(msgspec.msgpack.decode(body, type=Taken).seconds)

    def _operations(self) -> dict[bytes, Operation]:
        start = self._start
        names = "\n".join((*names_for(start.kind, start.capabilities), *self._extra_names()))
        return {
            b"tick": lambda: None,
            b"names": names.encode,
            b"kind": start.kind.encode,
            b"purpose": start.purpose.encode,
            b"script": lambda: prepare_text(start.text),
            b"chunk_name": lambda: b"@" + start.chunk_name.encode(errors="replace"),
            b"config": lambda: bytes(self._call.config) if self._call else _NIL,
            b"checkpoint": lambda: bytes(self._call.checkpoint) if self._call else _NIL,
            b"loaded": self._take_loaded,
            b"put": self._put,
            b"returned": self._take_returned,
            b"request": self._request,
            b"json_decode": lambda body: decode_json(body, start.bounds.json_nodes),
            b"json_encode": encode_json,
            b"json_encode_bytes": encode_json_bytes,
            b"base64_encode": encode_base64,
            b"base64_decode": decode_base64,
            b"sha256": hash_sha256,
            b"hmac_sha256": sign_sha256,
            **self._around.extra,
        }

    def _extra_names(self) -> list[str]:
        return [name.decode() for name in self._around.extra]

    def _take_loaded(
        self, name: bytes, version: bytes, description: bytes, functions: bytes
    ) -> None:
        self._loaded = Loaded(name, version, description, tuple(functions.split(b"\n")))

    def _put(self, size: int, *row: Scalar) -> Doom | None:
        if size > self._start.bounds.item_bytes:
            return Doom("item_bytes")
        self._items += 1
        if self._items > self._start.bounds.items:
            return Doom("items")
        self._page.append(row)
        self._page_bytes += size
        if len(self._page) >= self._start.bounds.page or self._page_bytes >= PAGE_BYTES:
            self._turn_page()
        return None

    def _turn_page(self) -> None:
        if self._page:
            page, self._page, self._page_bytes = self._page, [], 0
            self._await_host()
            self._send(Kind.ITEMS, page)
            self._page_pending = True

    def _take_returned(self, checkpoint: bytes | bool, more: bool) -> None:  # noqa: FBT001  from Lua
        text = checkpoint.decode() if isinstance(checkpoint, bytes) else None
        if text is not None and len(text.encode()) > CHECKPOINT_BYTES:
            raise CapabilityError(f"the checkpoint is larger than {CHECKPOINT_BYTES} bytes of JSON")
        self._turn_page()
        self._returned = Returned(text, more, self._items - self._items_before)

    def _request(self, packed: bytes) -> bytes | Doom:
        if len(packed) > LARGEST[Kind.REQUEST]:
            raise CapabilityError(f"the request is larger than {LARGEST[Kind.REQUEST]} bytes")
        self._await_host()
        self._countdown.hold()
        self._channel.send(Kind.REQUEST, packed)
        body = self._channel.receive(Kind.RESULT)
        result = msgspec.msgpack.decode(body, type=Result)
        self._countdown.start(result.seconds)
        if result.seconds <= 0:
            # Stopped here, the trace names the call that took the time.
            return Doom("timeout")
        if not result.fine:
            message = msgspec.msgpack.decode(result.value, type=str)
            raise CapabilityError(message)
        return bytes(result.value)


def prepare_text(text: bytes) -> bytes:
    """Take away what files may begin with and chunks may not: a byte order mark, a `#!` line."""
    text = text.removeprefix(b"\xef\xbb\xbf")
    if text.startswith(b"#"):
        text = text[text.find(b"\n") :] if b"\n" in text else b""
    return text
