"""Addresses of remotes: what may be connected to, and how an address is shown."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit, urlunsplit

from controller.errors import InvalidSpecError

_SCP = re.compile(r"(?P<user>[A-Za-z0-9._-]+)@(?P<host>[A-Za-z0-9.-]+):(?P<path>(?!//)\S+)")
_ANY_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s'\"<>]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """A checked remote address."""

    url: str
    scheme: str
    host: str
    """Lower case; empty for `file://`."""

    def shown(self) -> str:
        """Write the address for messages: no userinfo, no query."""
        return without_userinfo(self.url)

    def keyscan(self) -> str:
        """Write the command that prints the host keys of an `ssh://` address."""
        port = urlsplit(self.url).port
        return f"ssh-keyscan -p {port} {self.host}" if port else f"ssh-keyscan {self.host}"

    def has_origin_of(self, url: str) -> bool:
        """Say whether another address leads to the same scheme, host and port."""
        return _origin(self.url) == _origin(url)


def parse_address(url: str, *, insecure: bool) -> Address:
    """
    Check the address of a remote; `user@host:path` is read as `ssh://`.

    Raises:
        InvalidSpecError: A scheme that is not served, a password within the
            address, or plain http to a host other than this one.
    """
    scp = _SCP.fullmatch(url)
    if scp is not None and "://" not in url:
        url = f"ssh://{scp['user']}@{scp['host']}/{scp['path'].lstrip('/')}"
    parts = _split(url)
    host = (parts.hostname or "").lower()
    if parts.scheme not in ("https", "http", "ssh", "file"):
        raise InvalidSpecError(
            f"'{without_userinfo(url)}' is no address of a registry",
            hint="use https://, ssh:// or, for a directory of this machine, file://",
        )
    if parts.scheme != "file" and not host:
        raise InvalidSpecError(f"'{without_userinfo(url)}' names no host")
    if parts.password is not None or (parts.username is not None and parts.scheme != "ssh"):
        raise InvalidSpecError(
            f"'{without_userinfo(url)}' holds credentials", hint="put them into spec.secretRef"
        )
    if parts.scheme == "http" and not insecure and not is_loopback(host):
        raise InvalidSpecError(
            f"'{without_userinfo(url)}' is plain http", hint="use https, or set spec.insecure"
        )
    return Address(url, parts.scheme, host)


def is_loopback(host: str) -> bool:
    """Tell this machine from another one by its name alone; nothing is resolved."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def without_userinfo(url: str) -> str:
    """Write an address without userinfo, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "the address"
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def scrub_addresses(text: str) -> str:
    """Remove userinfo and queries from every address within a text."""
    return _ANY_URL.sub(lambda found: without_userinfo(found[0]), text)


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        default = {"http": 80, "https": 443, "ssh": 22}.get(parts.scheme)
        return parts.scheme, (parts.hostname or "").lower(), parts.port or default
    except ValueError:
        return "", "", None


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for a port that is no number
    except ValueError as error:
        raise InvalidSpecError(f"'{without_userinfo(url)}' is no address") from error
    if any(ord(character) <= 0x20 or character == "\x7f" for character in url):
        raise InvalidSpecError("the address holds blanks or control characters")
    return parts
