"""
What a Secret may hold for a git remote, in the keys that Flux uses.

Credentials are kept out of every representation, so that no traceback and no
log line of ours can show them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.errors import InvalidSpecError

KEYS = ("username", "password", "bearerToken", "identity", "known_hosts", "ca.crt")
"""The keys that are read; `password` is also the passphrase of `identity`."""

_UNSUPPORTED = ("tls.crt", "tls.key", "githubAppID")


@dataclass(frozen=True, slots=True)
class Credentials:
    """A login, and what a host is trusted by.  Empty fields were not given."""

    username: str = ""
    password: str = field(default="", repr=False)
    bearer_token: str = field(default="", repr=False)
    identity: str = field(default="", repr=False)
    """A private key in PEM or OpenSSH format."""
    known_hosts: str = ""
    ca: str = ""
    """Certificates in PEM, trusted beside those of the system."""

    def secrets(self) -> tuple[str, ...]:
        """List what must never be shown, longest first."""
        given = {self.password, self.bearer_token, self.identity.strip()} - {""}
        return tuple(sorted(given, key=len, reverse=True))

    def scrub(self, text: str) -> str:
        """Replace every secret in a text that came from a foreign library."""
        for secret in self.secrets():
            text = text.replace(secret, "[redacted]")
        return text


def credentials_from(values: Mapping[str, str]) -> Credentials:
    """
    Read the keys of a Secret; keys that have no meaning here are ignored.

    Raises:
        InvalidSpecError: The keys contradict each other, or ask for what
            libgit2 cannot do.  No value is ever part of the message.
    """
    for key in _UNSUPPORTED:
        if values.get(key):
            raise InvalidSpecError(
                f"secret key '{key}' is not supported for git remotes",
                hint=f"supported keys: {', '.join(KEYS)}",
            )
    found = Credentials(
        username=values.get("username", "").strip(),
        password=values.get("password", "").rstrip("\r\n"),
        bearer_token=values.get("bearerToken", "").strip(),
        identity=values.get("identity", ""),
        known_hosts=values.get("known_hosts", ""),
        ca=values.get("ca.crt", ""),
    )
    if found.bearer_token and found.username:
        raise InvalidSpecError("a secret holds either username and password or bearerToken")
    if found.username and not found.password and not found.identity:
        raise InvalidSpecError("secret key 'password' is missing beside 'username'")
    if found.identity and not found.known_hosts:
        raise InvalidSpecError(
            "secret key 'known_hosts' is missing beside 'identity'",
            hint="add the line that `ssh-keyscan HOST` prints, after checking its fingerprint",
        )
    if "\n" in found.bearer_token or "\r" in found.bearer_token:
        raise InvalidSpecError("secret key 'bearerToken' holds a line break")
    return found
