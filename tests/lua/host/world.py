"""A source's HTTP with its parts in reach, and the arguments a script would give."""

import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from types import TracebackType
from typing import Self

from controller.lua.deadline import Deadline
from controller.lua.host.base import Value
from controller.lua.host.guard import Address, parse_policy
from controller.lua.host.http import Http, HttpParts
from controller.lua.host.ledger import Ledger
from controller.lua.host.proxies import parse_proxies
from controller.lua.host.redaction import Redactor
from tests.fakes.http_source import trusting_context


def deadline(seconds: float = 60.0) -> Deadline:
    return Deadline(seconds, time.monotonic)


@dataclass
class Names:
    """A name server: each name's answers, one after the other; the last repeats."""

    answers: Mapping[str, Sequence[Sequence[str]]]
    asked: list[str] = field(default_factory=list)

    def __call__(self, host: str) -> Sequence[Address]:
        given = self.answers.get(host)
        if given is None:
            raise OSError("no such name")
        turn = min(self.asked.count(host), len(given) - 1)
        self.asked.append(host)
        return [ip_address(text) for text in given[turn]]


@dataclass
class World:
    """Opens one `Http`; loopback is allowed unless a test says otherwise."""

    names: Callable[[str], Sequence[Address]] = field(
        default_factory=lambda: Names({"source.example": [["127.0.0.1"]]})
    )
    allowed_hosts: tuple[str, ...] = ()
    allowed_cidrs: tuple[str, ...] = ()
    allow_loopback: bool = True
    secrets: tuple[str, ...] = ()
    proxies: Mapping[str, str] = field(default_factory=dict)
    limit_bytes: int = 1024 * 1024
    cancelled: Callable[[], bool] | None = None
    tls: Callable[[], ssl.SSLContext] = trusting_context

    def __enter__(self) -> Self:
        self.ledger = Ledger()
        policy = parse_policy(
            self.allowed_hosts, self.allowed_cidrs, allow_loopback=self.allow_loopback
        )
        self.http = Http(
            HttpParts(
                policy=policy,
                ledger=self.ledger,
                redactor=Redactor(self.secrets),
                proxies=parse_proxies(self.proxies),
                limit_bytes=self.limit_bytes,
                cancelled=self.cancelled,
                resolver=self.names,
                tls=self.tls,
            )
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.http.close()

    def ask(self, method: str, url: str, options: Value = None, seconds: float = 60.0) -> "Reply":
        answer = self.http.request([method.encode(), url.encode(), options], deadline(seconds))
        assert isinstance(answer, dict)
        return Reply(answer)

    def get(self, url: str, options: Value = None) -> "Reply":
        return self.ask("GET", url, options)


@dataclass
class Reply:
    """An answer, typed."""

    answer: dict[Value, Value]

    @property
    def status(self) -> Value:
        return self.answer["status"]

    @property
    def ok(self) -> Value:
        return self.answer["ok"]

    @property
    def body(self) -> Value:
        return self.answer["body"]

    @property
    def error(self) -> str:
        error = self.answer["error"]
        assert isinstance(error, str)
        return error

    @property
    def headers(self) -> dict[Value, Value]:
        headers = self.answer["headers"]
        assert isinstance(headers, dict)
        return headers
