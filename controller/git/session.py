"""One visit to a remote: who we are, whom we trust, and how much we take."""

from typing import Any

import pygit2
from pygit2.enums import CredentialType

from controller.errors import (
    AuthenticationError,
    CertificateError,
    HarnessError,
    HostKeyError,
    RepositoryLimitError,
)
from controller.git.address import Address
from controller.git.credentials import Credentials
from controller.git.failures import classify
from controller.git.reference import Advertisement

LOGIN_ATTEMPTS = 2
"""libgit2 asks again and again for a login that the remote refuses."""


class Visitor(pygit2.RemoteCallbacks):  # type: ignore[misc]  # pygit2 is untyped for mypy
    """
    Answers libgit2's questions during one visit.

    `credentials` and `certificate_check` replace defaults that would send a
    login to any host and accept any host key.
    """

    def __init__(self, address: Address, login: Credentials, limit_bytes: int) -> None:
        super().__init__()
        self._address = address
        self._login = login
        self._limit = limit_bytes
        self._asked = 0
        self.refused_host = False

    def certificate_check(self, certificate: None, valid: bool, host: bytes) -> bool:  # noqa: ARG002, FBT001
        """Take libgit2's verdict; the inherited method would turn it into a yes."""
        self.refused_host = not valid
        return bool(valid)

    def custom_headers(self) -> list[str] | None:
        """Send a bearer token; it leaves the host of the registry under no circumstances."""
        if self._login.bearer_token and self._address.scheme in ("http", "https"):
            return [f"Authorization: Bearer {self._login.bearer_token}"]
        return None

    def transfer_progress(self, stats: Any) -> None:
        """End a transfer that exceeds the limit; called often, so it does nothing else."""
        if stats.received_bytes > self._limit:
            raise RepositoryLimitError(
                f"{self._address.shown()}: more than {self._limit} bytes received",
                hint="raise spec.limits.maxSize",
            )

    def credentials(self, url: str, username_from_url: str | None, allowed_types: int) -> Any:
        """
        Give the login for exactly the origin of the registry, at most twice.

        Raises:
            AuthenticationError: There is none of a fitting kind, or it was refused.
        """
        shown = self._address.shown()
        if not self._address.has_origin_of(url):
            raise AuthenticationError(
                f"{shown}: another address asks for the login",
                hint="set spec.url to the address that it redirects to",
            )
        if self._address.scheme == "ssh" and allowed_types & CredentialType.USERNAME:
            return pygit2.Username(self._login.username or "git")
        self._asked += 1
        if self._asked > LOGIN_ATTEMPTS:
            raise AuthenticationError(f"{shown}: the login is refused", hint="check spec.secretRef")
        if allowed_types & CredentialType.SSH_KEY and self._login.identity:
            user = username_from_url or self._login.username or "git"
            passphrase = self._login.password
            return pygit2.KeypairFromMemory(user, None, self._login.identity, passphrase)
        if allowed_types & CredentialType.USERPASS_PLAINTEXT and self._login.password:
            user = self._login.username or username_from_url or "git"
            return pygit2.UserPass(user, self._login.password)
        raise AuthenticationError(f"{shown}: wants credentials", hint="set spec.secretRef")


def configure(repository: Any) -> None:
    """Write the settings that keep a fetch and a checkout harmless, before any connection."""
    for key, value in (
        # A redirect would carry the login to another host.  libgit2 still follows one to
        # another port of the same host, which is why `credentials` compares the origin.
        ("http.followRedirects", "false"),
        # Links become plain files, and are then left out: none ever reaches a registry's directory.
        ("core.symlinks", "false"),
        ("core.protectHFS", "true"),
        ("core.protectNTFS", "true"),
        ("core.autocrlf", "false"),
    ):
        repository.config[key] = value


def list_heads(repository: Any, address: Address, visitor: Visitor) -> Advertisement:
    """
    Ask a remote for its references: one request, nothing is transferred.

    Raises:
        FetchError: One of its classes, by what went wrong.
    """
    try:
        heads = repository.remotes.create_anonymous(address.url).list_heads(
            callbacks=visitor, proxy=None
        )
    except (pygit2.GitError, HarnessError, OSError, ValueError, KeyError) as error:
        raise translate(error, address, visitor) from error
    default = next((head.symref_target or "" for head in heads if head.name == "HEAD"), "")
    # An empty repository advertises its capabilities under this name, with no object.
    objects = {head.name: str(head.oid) for head in heads if not head.name.startswith("cap")}
    return Advertisement(objects, default)


def translate(error: BaseException, address: Address, visitor: Visitor) -> HarnessError:
    """Turn what a visit raised into one of our errors."""
    if visitor.refused_host and not isinstance(error, HarnessError):
        shown = address.shown()
        if address.scheme == "ssh":
            return HostKeyError(
                f"{shown}: the host key is not in known_hosts",
                hint=f"check the key that `{address.keyscan()}` prints, then add it to"
                " known_hosts in the Secret",
            )
        return CertificateError(
            f"{shown}: the TLS certificate does not verify",
            hint="add its authority as ca.crt to the Secret",
        )
    return classify(error, address.shown())
