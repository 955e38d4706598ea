"""From a host to its addresses, in time."""

import socket
import threading
import time
from collections.abc import Sequence
from ipaddress import ip_address

import pytest

from controller.errors import ScriptCancelledError
from controller.lua.host.guard import Address
from controller.lua.host.resolving import resolve, system_resolver
from controller.lua.host.watch import Watch
from tests.lua.host.world import Names


def watch(seconds: float = 5.0) -> Watch:
    started = Watch(None)
    started.start(seconds)
    return started


def test_a_name_is_asked_for() -> None:
    names = Names({"a.example": [["1.1.1.1", "2606:4700::1"]]})

    assert resolve("a.example", names, watch()) == [
        ip_address("1.1.1.1"),
        ip_address("2606:4700::1"),
    ]


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "::1"])
def test_a_literal_asks_nobody(host: str) -> None:
    names = Names({})

    [address] = resolve(host, names, watch())

    assert address.is_loopback
    assert names.asked == []


def test_this_machine_knows_its_own_name() -> None:
    found = system_resolver("localhost")

    assert found
    assert all(address.is_loopback for address in found)


def test_a_name_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(OSError, match="no such name"):
        resolve("gone.example", Names({}), watch())


def test_a_name_that_cannot_be_asked_for_is_an_error() -> None:
    with pytest.raises(OSError, match="label"):
        resolve("a..example", system_resolver, watch())


def test_a_resolver_that_hangs_does_not_outlast_the_watch() -> None:
    released = threading.Event()

    def hangs(_host: str) -> Sequence[Address]:
        released.wait(9)
        raise socket.gaierror("too late")

    began = time.monotonic()
    with pytest.raises(TimeoutError):
        resolve("slow.example", hangs, watch(0.1))
    released.set()

    assert time.monotonic() - began < 3


def test_a_cancelled_run_does_not_wait_for_names() -> None:
    cancelled = Watch(lambda: True)
    cancelled.start(60)
    released = threading.Event()

    def hangs(_host: str) -> Sequence[Address]:
        released.wait(9)
        return ()

    with pytest.raises(ScriptCancelledError):
        resolve("slow.example", hangs, cancelled)
    released.set()
