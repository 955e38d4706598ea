"""
From a host to its addresses, within the time that is left.

The system's resolver cannot be interrupted, so it is asked from a thread of
its own; one that hangs is left behind and ends when the resolver gives up.
"""

import socket
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from threading import Thread

from controller.lua.host.guard import Address, literal
from controller.lua.host.watch import Watch

Resolver = Callable[[str], Sequence[Address]]
"""From a name to its addresses, best first; raises OSError when there are none."""


def system_resolver(host: str) -> Sequence[Address]:
    """Ask as every program of this machine does: hosts file, then DNS."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(ip_address(entry[4][0]) for entry in found))


def resolve(host: str, resolver: Resolver, watch: Watch) -> Sequence[Address]:
    """
    Find the addresses of a host; a literal, in whatever spelling, asks nobody.

    Raises:
        OSError: No such name, or nobody could be asked.
        TimeoutError: The watch ran out.
    """
    address = literal(host)
    if address is not None:
        return (address,)
    found: list[Sequence[Address]] = []
    failed: list[OSError] = []

    def ask() -> None:
        try:
            found.append(resolver(host))
        except (OSError, UnicodeError) as error:
            failed.append(error if isinstance(error, OSError) else OSError(str(error)))

    thread = Thread(target=ask, name="resolver", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(watch.slice())
    if failed:
        raise failed[0]
    return found[0]
