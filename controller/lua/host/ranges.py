"""
Special-purpose networks, sorted by what it takes to open them.

Sources: the IANA registries of special-purpose IPv4 and IPv6 addresses, and
the documentation of the clouds for their metadata services.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final

Network = IPv4Network | IPv6Network


def is_within(address: IPv4Address | IPv6Address, networks: Iterable[Network]) -> bool:
    """Say whether one of the networks holds the address."""
    return any(address in network for network in networks)


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


FORBIDDEN: Final = _networks(
    "0.0.0.0/8",  # unspecified: Linux connects 0.0.0.0 to this machine
    "169.254.0.0/16",  # link-local, where most clouds keep their metadata
    "224.0.0.0/4",  # multicast
    "255.255.255.255/32",  # broadcast
    "100.100.100.200/32",  # metadata of Alibaba Cloud
    "168.63.129.16/32",  # Azure's wire server
    "192.0.0.192/32",  # metadata of Oracle Cloud
    "::/128",
    "fe80::/10",
    "fec0::/10",  # site-local, withdrawn
    "ff00::/8",
    "fd00:ec2::/32",  # metadata and pod identity of AWS
    "fd20:ce::/32",  # metadata of Google Cloud
)
"""Nothing opens these."""

LOOPBACK: Final = _networks("127.0.0.0/8", "::1/128")
"""Only `allow_loopback` opens these."""

PRIVATE: Final = _networks(
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",  # carrier-grade NAT; pods and overlay networks live here
    "198.18.0.0/15",  # benchmarks; some clouds use it inside
    "fc00::/7",
)
"""`allowed_cidrs` opens these."""

RESERVED: Final = _networks(
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "240.0.0.0/4",
    "::/3",  # all that global unicast, 2000::/3, leaves free on either side
    "4000::/2",
    "8000::/1",
    "2001::/23",  # Teredo and other protocol assignments
    "2001:db8::/32",
    "3fff::/20",
)
"""Not global, and nobody's network; judged last."""
