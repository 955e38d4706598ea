"""
Every request of a run, so that a script cannot hide one that failed.

Pruning rests on it: a scan that swallowed a failed page looks complete, and is
not.  No I/O, and the same history always gives the same answer.
"""

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import blake2b

MAX_FAILURES = 10_000
"""Failures kept apart; more of them stay unsettled for good, which only ever keeps documents."""
MAX_HOSTS = 10_000


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that nothing settled."""

    method: str
    url: str
    """Without user, password and query values."""
    host: str
    status: int
    """0 when no answer came."""
    error: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request as the script made it, and how it ended after redirects."""

    method: str
    url: str
    """As sent, with its query."""
    shown: str
    """The URL without secrets."""
    host: str
    body: bytes
    status: int
    error: str
    expected: Collection[int] = ()
    """Statuses that the script declared to be fine before it asked."""


class Ledger:
    """What a run asked for, and what of it is still owed."""

    def __init__(self) -> None:
        self.requests = 0
        self.failed = 0
        """Requests that failed when they were made, settled since or not."""
        self._failures: dict[bytes, Failure] = {}
        self._beyond = 0
        self._hosts: set[str] = set()

    def record(self, exchange: Exchange) -> None:
        """Enter one request; a success settles the same request's earlier failure."""
        self.requests += 1
        key = _key(exchange)
        fine = 200 <= exchange.status <= 299
        if fine and len(self._hosts) < MAX_HOSTS:
            self._hosts.add(exchange.host)
        if fine:
            self._failures.pop(key, None)
            return
        if exchange.status in exchange.expected:
            # An answer, where the earlier request got none; but declaring afterwards that the
            # very failure is fine would be a way to hide it.
            earlier = self._failures.get(key)
            if earlier is not None and earlier.status != exchange.status:
                del self._failures[key]
            return
        self.failed += 1
        if key not in self._failures and len(self._failures) >= MAX_FAILURES:
            self._beyond += 1
            return
        self._failures[key] = Failure(
            exchange.method, exchange.shown, exchange.host, exchange.status, exchange.error
        )

    def unsettled(self) -> tuple[Failure, ...]:
        """Name the failures that nothing settled, in the order in which they first happened."""
        return tuple(self._failures.values())

    def unsettled_count(self) -> int:
        """Count them all; `unsettled` names at most `MAX_FAILURES`."""
        return len(self._failures) + self._beyond

    def credentials_rejected(self) -> bool:
        """
        Say whether the source refused our credentials.

        An unsettled 401 says so; an unsettled 403 only where nothing on that
        host ever worked, since many sources hide single things that way.
        """
        return any(
            failure.status == 401 or (failure.status == 403 and failure.host not in self._hosts)
            for failure in self._failures.values()
        )


def _key(exchange: Exchange) -> bytes:
    digest = blake2b(digest_size=16)
    for part in (exchange.method.encode(), exchange.url.encode(errors="replace"), exchange.body):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()
