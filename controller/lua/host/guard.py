"""
Which address a script may make us connect to.

Pure: a verdict over a name or an address.  Who resolves and connects is
transport.py, and it connects to the very address that was judged.  The table
is our own and not `ipaddress.is_global`, whose answers differ between releases
of Python.
"""

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from controller.errors import BlockedAddressError, InvalidSpecError
from controller.lua.host.ranges import FORBIDDEN, LOOPBACK, PRIVATE, RESERVED, Network, is_within

Address = IPv4Address | IPv6Address

_SIX_TO_FOUR: Final = IPv6Network("2002::/16")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_LOOPBACK: Final = "it is a loopback address, which needs --allow-loopback"
_OPEN_LOOPBACK: Final = "pass --allow-loopback where the source runs on this machine"
_OPEN_NETWORK: Final = (
    "list the network in allowed_cidrs (a resource: http.allowedCIDRs) if the source lives there"
)


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """What one source may reach; made by `parse_policy`."""

    allowed_hosts: tuple[str, ...]
    """Lower-case names or `*.example.com`; empty means any name."""
    allowed_networks: tuple[Network, ...]
    """Private networks that are open to this source."""
    allow_loopback: bool


def parse_policy(
    allowed_hosts: Iterable[str], allowed_cidrs: Iterable[str], *, allow_loopback: bool
) -> AddressPolicy:
    """
    Read a policy as it stands in a resource.

    Raises:
        InvalidSpecError: An entry is no network.
    """
    networks: list[Network] = []
    for cidr in allowed_cidrs:
        try:
            networks.append(ip_network(cidr.strip(), strict=False))
        except ValueError as error:
            raise InvalidSpecError(
                f"allowed_cidrs: '{cidr}' is no network",
                hint="write 10.0.0.0/8, or one address such as 10.1.2.3",
            ) from error
    hosts = tuple(_plain(host.strip()) for host in allowed_hosts)
    return AddressPolicy(hosts, tuple(networks), allow_loopback)


def check_host(policy: AddressPolicy, host: str) -> None:
    """
    Judge the name a URL goes to, before anything is resolved.

    Raises:
        BlockedAddressError: `allowed_hosts` is not empty and does not list it.
    """
    if not policy.allowed_hosts:
        return
    name = _plain(host)
    if not any(_matches(name, pattern) for pattern in policy.allowed_hosts):
        raise BlockedAddressError(
            f"http.request: the host '{host}' is not in allowed_hosts",
            hint="add it, or `*.` and its domain, to allowed_hosts (a resource: http.allowedHosts)",
        )


def check_address(policy: AddressPolicy, host: str, address: Address) -> None:
    """
    Judge one address that `host` resolved to.

    Raises:
        BlockedAddressError: It may not be connected to; the hint names the setting.
    """
    verdict = _refusal(policy, normalise(address))
    if verdict is not None:
        why, hint = verdict
        shown = host if host == str(address) else f"{host} ({address})"
        raise BlockedAddressError(f"http.request: {shown} is refused: {why}", hint=hint)


def normalise(address: Address) -> Address:
    """
    Say which IPv4 address an IPv6 address leads to, if it leads to one.

    Mapped addresses, 6to4 and NAT64 are spellings of an IPv4 address; a scope
    id is a spelling of nothing.
    """
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    plain = IPv6Address(int(address))
    if plain in _SIX_TO_FOUR:
        return IPv4Address((int(plain) >> 80) & 0xFFFFFFFF)
    if plain in _NAT64:
        return IPv4Address(int(plain) & 0xFFFFFFFF)
    return plain


def literal(host: str) -> Address | None:
    """
    Read a host that is an address: also `2130706433`, `0x7f000001` and `0177.0.0.1`.

    These spellings are what resolvers accept without asking anybody; some also
    take the final dot of a name.
    """
    plain = host.rstrip(".")
    try:
        return ip_address(plain)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(plain))
    except (OSError, UnicodeEncodeError):
        return None


def is_loopback_name(host: str) -> bool:
    """Say whether a name means this machine by definition (RFC 6761) or is such an address."""
    name = _plain(host)
    address = literal(name)
    if address is not None:
        return is_within(normalise(address), LOOPBACK)
    return name == "localhost" or name.endswith(".localhost")


def _refusal(policy: AddressPolicy, address: Address) -> tuple[str, str | None] | None:
    if is_within(address, FORBIDDEN):
        return "no script may reach link-local, metadata or multicast addresses", None
    if is_within(address, LOOPBACK):
        return None if policy.allow_loopback else (_LOOPBACK, _OPEN_LOOPBACK)
    if is_within(address, PRIVATE):
        if is_within(address, policy.allowed_networks):
            return None
        return "it is a private address that allowed_cidrs does not list", _OPEN_NETWORK
    if is_within(address, RESERVED):
        return "it is a reserved address", None
    return None


def _matches(name: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return name.endswith(pattern[1:]) and name != pattern[1:]
    return name == pattern


def _plain(host: str) -> str:
    """Lower case, without the final dot; a name beyond ASCII as it goes into DNS."""
    name = host.lower().rstrip(".")
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return name
