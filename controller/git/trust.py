"""
The settings of libgit2 that hold for a whole process.

Home directory, known_hosts, certificates, timeouts and configuration files can
only be set once for everything, which is why a remote is visited from a worker
process of its own and never from the controller.
"""

from pathlib import Path

import pygit2
from pygit2.enums import ConfigLevel

from controller.errors import FetchError, InvalidSpecError
from controller.git.credentials import Credentials

OLDEST = (1, 9, 7)
"""Older libgit2 can be made to run commands by a crafted ssh path (CVE-2026-5917)."""

CACHE_BYTES = 32 * 1024 * 1024


def require_libgit2(version: str = pygit2.LIBGIT2_VERSION) -> None:
    """
    Refuse a libgit2 with known holes.

    Raises:
        FetchError: It is older than `OLDEST`.
    """
    found = tuple(int(part) for part in version.split(".")[:3])
    if found < OLDEST:
        raise FetchError(
            f"libgit2 {version} is too old, {'.'.join(map(str, OLDEST))} is needed",
            hint="install pygit2 1.21 or newer from its wheel",
        )


def apply_trust(home: Path, credentials: Credentials) -> None:
    """
    Make this process trust what a Registry's Secret says, and nothing of the machine's user.

    Raises:
        FetchError: libgit2 is too old.
        InvalidSpecError: `ca.crt` holds no certificate.
    """
    require_libgit2()
    # An empty directory: neither /etc/gitconfig nor ~/.gitconfig may rewrite an address.
    empty = home / "config"
    ssh = home / ".ssh"
    for directory in (empty, ssh):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for level in (ConfigLevel.SYSTEM, ConfigLevel.XDG, ConfigLevel.GLOBAL):
        pygit2.settings.search_path[level] = str(empty)
    pygit2.settings.homedir = str(home)
    pygit2.settings.template_path = str(empty)
    pygit2.settings.cache_max_size(CACHE_BYTES)
    (ssh / "known_hosts").write_text(credentials.known_hosts)
    if credentials.ca:
        bundle = home / "ca.crt"
        bundle.write_text(credentials.ca)
        try:
            pygit2.settings.set_ssl_cert_locations(str(bundle), None)
        except pygit2.GitError as error:
            raise InvalidSpecError("secret key 'ca.crt' holds no certificate") from error


def apply_timeouts(seconds: float) -> None:
    """Bound how long libgit2 waits in silence; its own default is for ever."""
    milliseconds = max(1, int(seconds * 1000))
    pygit2.settings.server_connect_timeout = milliseconds
    pygit2.settings.server_timeout = milliseconds
