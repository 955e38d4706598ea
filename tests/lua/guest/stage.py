"""
A guest played inside the test's own process: no fork, no jail, no alarm.

The host's frames are written before the guest starts, so nothing runs beside
it; what it said is read after it ended.
"""

import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

import msgspec

from controller.lua.frames import bounds_of, pack_call, pack_result
from controller.lua.guest.channel import Channel
from controller.lua.guest.session import Session, Surroundings
from controller.lua.guest.vm import read_sources
from controller.lua.host.base import Value
from controller.lua.limits import GuestLimits
from controller.lua.wire import HEADER, VERSION, Failed, Kind, Ready, Returned, Start, Taken

BodyType = TypeVar("BodyType", bound=msgspec.Struct)
CAPABILITIES = ("http.request", "fs.read", "fs.list", "env.get", "log.write", "sleep")


class Refusal(str):
    """An answer of the host that is an error."""

    __slots__ = ()


@dataclass
class Play:
    """What the guest sent, and the alarms it set."""

    frames: list[tuple[Kind, bytes]]
    alarms: list[float]

    def kinds(self) -> list[Kind]:
        return [kind for kind, _ in self.frames]

    def body(self, kind: Kind, shape: type[BodyType]) -> BodyType:
        [found] = [body for sent, body in self.frames if sent is kind]
        return msgspec.msgpack.decode(found, type=shape)

    def failed(self) -> Failed:
        return self.body(Kind.FAILED, Failed)

    def returned(self) -> Returned:
        return self.body(Kind.RETURNED, Returned)

    def items(self) -> list[list[Any]]:
        pages = [msgspec.msgpack.decode(body) for kind, body in self.frames if kind is Kind.ITEMS]
        return [row for page in pages for row in page]

    def bodies(self) -> list[Any]:
        return [row[4] for row in self.items()]

    def requests(self) -> list[Any]:
        return [msgspec.msgpack.decode(body) for kind, body in self.frames if kind is Kind.REQUEST]


@dataclass
class Part:
    """What a guest is given to play."""

    text: str
    answers: Sequence[Value | Refusal] = ()
    """To its requests, in order."""
    pages: int = 1
    """Pages that it will send."""
    seconds_left: float = 60.0
    """As every answer of the host says."""
    limits: GuestLimits = field(default_factory=lambda: GuestLimits(memory=64 * 1024 * 1024))
    checkpoint: str | None = None
    capabilities: tuple[str, ...] = CAPABILITIES
    require_jail: bool = False
    kind: str = "connector"
    purpose: str = "load"
    ticking: bool = False
    """Whether each look at the clock finds it a second later."""


def play(part: Part) -> Play:
    """Run a guest to its end."""
    ours, theirs = socket.socketpair()
    alarms: list[float] = []
    ticks = count()
    around = Surroundings(
        sources=read_sources(),
        clock=lambda: float(next(ticks)) if part.ticking else 0.0,
        alarm=alarms.append,
        confine=lambda _: Ready(seccomp=False, no_new_privs=False, rlimits=False),
        extra={},
    )
    with ours, theirs:
        for kind, body in _script_of_host(part):
            ours.sendall(HEADER.pack(len(body), VERSION, kind) + body)
        ours.shutdown(socket.SHUT_WR)
        try:
            Session(Channel(theirs), around).run()
        except EOFError:
            pass
        theirs.close()
        return Play(_read_all(ours), alarms)


def scanning(body: str, **more: Any) -> Part:
    """Wrap a body into `connector.scan`, on line 1."""
    return Part(f"connector = {{ scan = function(config, checkpoint) {body} end }}", **more)


def values(expressions: str, **more: Any) -> list[Any]:
    """Evaluate Lua expressions; each becomes the body of an item."""
    body = f"for _, v in ipairs({{{expressions}}}) do emit {{ body = v }} end return {{}}"
    return play(scanning(body, **more)).bodies()


def _script_of_host(part: Part) -> list[tuple[Kind, bytes | bytearray]]:
    encode = msgspec.msgpack.encode
    start = Start(
        purpose=part.purpose,
        kind=part.kind,
        chunk_name="x.lua",
        text=part.text.encode("utf-8", "surrogateescape"),
        bounds=bounds_of(part.limits),
        capabilities=part.capabilities,
        require_jail=part.require_jail,
    )
    answers = [
        (
            Kind.RESULT,
            pack_result(
                part.seconds_left,
                str(answer) if isinstance(answer, Refusal) else answer,
                fine=not isinstance(answer, Refusal),
            ),
        )
        for answer in part.answers
    ]
    return [
        (Kind.START, encode(start)),
        (Kind.CALL, pack_call(part.limits.timeout, {"url": "u"}, part.checkpoint)),
        *answers,
        *[(Kind.TAKEN, encode(Taken(part.seconds_left)))] * part.pages,
    ]


def _read_all(sock: socket.socket) -> list[tuple[Kind, bytes]]:
    raw = b""
    while some := sock.recv(1 << 20):
        raw += some
    frames = []
    while raw:
        length, _, kind = HEADER.unpack_from(raw)
        frames.append((Kind(kind), raw[HEADER.size : HEADER.size + length]))
        raw = raw[HEADER.size + length :]
    return frames
