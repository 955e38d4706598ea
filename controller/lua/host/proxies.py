"""
Which proxy a URL goes through, from variables that were handed in.

The names are those of the environment (`HTTPS_PROXY`, `NO_PROXY`, …), which
is never read here.  This machine is never reached through a proxy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from controller.errors import InvalidSpecError
from controller.lua.host.guard import is_loopback_name


@dataclass(frozen=True, slots=True)
class Proxies:
    """Proxies by scheme, and the hosts that need none."""

    by_scheme: Mapping[str, str]
    exempt: tuple[str, ...]

    def choose(self, scheme: str, host: str, port: int) -> str | None:
        """Find the proxy's URL for a target; None means straight."""
        proxy = self.by_scheme.get(scheme) or self.by_scheme.get("all")
        if not proxy or is_loopback_name(host):
            return None
        name = host.lower().rstrip(".")
        return None if any(_is_exempt(name, port, entry) for entry in self.exempt) else proxy


def parse_proxies(variables: Mapping[str, str]) -> Proxies:
    """
    Read `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`; lower case wins.

    Raises:
        InvalidSpecError: One of them names no proxy that can be used.
    """
    found = {name.lower(): value for name, value in sorted(variables.items()) if value}
    by_scheme = {
        scheme: value if "://" in value else f"http://{value}"
        for scheme in ("http", "https", "all")
        if (value := found.get(f"{scheme}_proxy"))
    }
    for scheme, proxy in by_scheme.items():
        _check(f"{scheme}_proxy", proxy)
    exempt = (entry.strip().lower() for entry in found.get("no_proxy", "").split(","))
    return Proxies(by_scheme, tuple(entry for entry in exempt if entry))


def _check(variable: str, proxy: str) -> None:
    try:
        parts = urlsplit(proxy)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        # The value may hold a password.
        raise InvalidSpecError(
            f"the variable {variable} names no http proxy",
            hint=f"correct {variable} or unset it; SOCKS proxies are not supported",
        )


def _is_exempt(host: str, port: int, entry: str) -> bool:
    """`*`, a network, an address, `name` with all below it, `.name` only below, each `:port`."""
    if entry == "*":
        return True
    name, wanted = _split_port(entry)
    if wanted is not None and wanted != port:
        return False
    try:
        return ip_address(host) in ip_network(name, strict=False)
    except ValueError:
        pass
    bare = name.removeprefix("*")
    if bare.startswith("."):
        return host.endswith(bare)
    return host == bare or host.endswith(f".{bare}")


def _split_port(entry: str) -> tuple[str, int | None]:
    name, colon, port = entry.rpartition(":")
    if colon and port.isdigit() and (":" not in name or name.endswith("]")):
        return name.strip("[]"), int(port)
    return entry.strip("[]"), None
