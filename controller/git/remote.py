"""
Visits to git remotes, made by worker processes.

Nothing here loads libgit2: what it reads from the network, and the settings
that it keeps for a whole process, stay in children that can be killed.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from controller.errors import (
    FetchCancelledError,
    FetchError,
    FetchTimeoutError,
    HarnessError,
)
from controller.git.address import parse_address, without_userinfo
from controller.git.child import Child
from controller.git.credentials import Credentials
from controller.git.wire import Checkout, Head, Request
from controller.model.registry import GitReference, RepositoryLimits

MOST_IDLE = 4
"""Pollers kept warm between visits, over all trust settings."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A remote repository and how it is visited."""

    url: str
    credentials: Credentials | None = None
    timeout: timedelta = timedelta(seconds=60)
    """For the whole visit."""
    insecure: bool = False
    """Allow plain http to other machines."""

    def shown(self) -> str:
        """Write the address without userinfo."""
        return without_userinfo(self.url)


class GitWorkers:
    """
    The workers of one controller: warm ones that look, a fresh one for each fetch.

    A worker trusts what its first request said, for good, so warm ones are kept
    apart by known_hosts and certificates.  May be used from several threads.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        """Start nothing yet; `environment` is all that workers see, by default nothing."""
        self._environment = dict(environment or {})
        self._lock = threading.Lock()
        self._idle: list[tuple[str, Child]] = []
        self._busy: set[Child] = set()
        self._cancelled = False

    def look(self, remote: Remote, reference: GitReference) -> Head:
        """
        Find the commit that a reference means at the remote: one request, no transfer.

        Raises:
            FetchError: One of its classes, by what went wrong.
            InvalidSpecError: The address or the version range cannot be used.
        """
        request = _request("look", remote, reference)
        end = time.monotonic() + remote.timeout.total_seconds()
        key = _trust_key(remote)
        child = self._take(key)
        try:
            answer = child.ask(replace(request, home=str(child.home)), _left(end, remote))
        except HarnessError:
            # An answer that names a failure leaves the worker as good as any other.
            if child.is_alive():
                self._give_back(key, child)
            else:
                self._discard(child)
            raise
        except BaseException:
            child.kill()
            self._discard(child)
            raise
        self._give_back(key, child)
        if answer.head is None:
            raise FetchError(f"{remote.shown()}: the git worker gave no answer")
        return answer.head

    def fetch(
        self,
        remote: Remote,
        reference: GitReference,
        mirror: Path,
        target_parent: Path,
        limits: RepositoryLimits,
        subpath: str = ".",
    ) -> Checkout:
        """
        Bring the commit that a reference means onto the disk, as `<target_parent>/<commit>`.

        `mirror` is a cache that survives between calls.  The caller makes sure
        that nobody else uses the two directories meanwhile.

        Raises:
            FetchError, PublishError: One of their classes, by what went wrong.
            InvalidSpecError: The address or the version range cannot be used.
        """
        request = replace(
            _request("fetch", remote, reference),
            mirror=str(mirror.absolute()),
            target=str(target_parent.absolute()),
            limits=limits,
            subpath=subpath,
        )
        child = self._start()
        try:
            request = replace(request, home=str(child.home))
            answer = child.ask(request, remote.timeout.total_seconds())
        except BaseException:
            child.kill()
            raise
        finally:
            self._discard(child)
        if answer.checkout is None:
            raise FetchError(f"{remote.shown()}: the git worker gave no answer")
        return answer.checkout

    def cancel(self) -> None:
        """
        End every visit; calls in progress, and later ones, raise FetchCancelledError.

        Takes no lock, so it may be called from a signal handler.
        """
        self._cancelled = True
        for child in tuple(self._busy):
            child.cancel()

    def close(self) -> None:
        """End every visit and every worker; leaves no process and no file."""
        self.cancel()
        with self._lock:
            idle, self._idle = self._idle, []
        for _, child in idle:
            child.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _take(self, key: str) -> Child:
        with self._lock:
            for position, (trust, child) in enumerate(self._idle):
                if trust == key:
                    del self._idle[position]
                    self._busy.add(child)
                    return child
        return self._start()

    def _start(self) -> Child:
        child = Child(self._environment)
        self._busy.add(child)
        # After the child is known, so that a cancel in between finds it, or is found here.
        if self._cancelled:
            self._discard(child)
            raise FetchCancelledError("the attempt was cancelled")
        return child

    def _give_back(self, key: str, child: Child) -> None:
        surplus: list[Child] = [child]
        with self._lock:
            self._busy.discard(child)
            if not self._cancelled:
                self._idle.append((key, child))
                surplus = [old for _, old in self._idle[:-MOST_IDLE]]
                self._idle = self._idle[-MOST_IDLE:]
        for old in surplus:
            old.close()

    def _discard(self, child: Child) -> None:
        child.close()
        self._busy.discard(child)


def _request(action: str, remote: Remote, reference: GitReference) -> Request:
    parse_address(remote.url, insecure=remote.insecure)
    return Request(
        action="look" if action == "look" else "fetch",
        url=remote.url,
        reference=reference,
        home="",
        timeout=remote.timeout.total_seconds(),
        insecure=remote.insecure,
        credentials=remote.credentials or Credentials(),
    )


def _trust_key(remote: Remote) -> str:
    trusted = remote.credentials or Credentials()
    return sha256(f"{trusted.known_hosts}\0{trusted.ca}".encode()).hexdigest()


def _left(end: float, remote: Remote) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise FetchTimeoutError(f"{remote.shown()}: not done in time", hint="raise spec.timeout")
    return left
