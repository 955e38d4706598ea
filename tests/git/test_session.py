"""What libgit2 asks during a visit, asked directly where no server of ours can ask it."""

import pygit2
import pytest
from pygit2.enums import CredentialType

from controller.errors import AuthenticationError, CertificateError, HostKeyError
from controller.git.address import parse_address
from controller.git.credentials import Credentials
from controller.git.session import Visitor, translate

SSH = parse_address("git@git.example.org:team/a.git", insecure=False)
HTTPS = parse_address("https://git.example.org/a", insecure=False)
KEY = Credentials(identity="PRIVATE", known_hosts="x", password="open")


def test_a_host_that_libgit2_does_not_know_is_not_accepted() -> None:
    visitor = Visitor(SSH, KEY, 1)

    assert visitor.certificate_check(None, False, b"git.example.org") is False
    assert isinstance(translate(pygit2.GitError("rejected"), SSH, visitor), HostKeyError)


def test_a_certificate_that_does_not_verify_is_not_accepted() -> None:
    visitor = Visitor(HTTPS, Credentials(), 1)

    assert visitor.certificate_check(None, False, b"git.example.org") is False
    assert isinstance(translate(pygit2.GitError("rejected"), HTTPS, visitor), CertificateError)


def test_a_known_host_is_accepted() -> None:
    assert Visitor(SSH, KEY, 1).certificate_check(None, True, b"git.example.org") is True


def test_a_key_is_given_for_the_user_that_the_address_names() -> None:
    visitor = Visitor(SSH, KEY, 1)

    name = visitor.credentials(SSH.url, None, CredentialType.USERNAME)
    pair = visitor.credentials(SSH.url, "git", CredentialType.SSH_KEY)

    assert isinstance(name, pygit2.Username)
    assert isinstance(pair, pygit2.KeypairFromMemory)


@pytest.mark.parametrize(
    "url", ["https://elsewhere.org/a", "http://git.example.org/a", "https://git.example.org:1/a"]
)
def test_another_address_gets_no_login(url: str) -> None:
    visitor = Visitor(HTTPS, Credentials("ada", "pw"), 1)

    with pytest.raises(AuthenticationError, match="another address"):
        visitor.credentials(url, None, CredentialType.USERPASS_PLAINTEXT)


def test_a_login_of_the_wrong_kind_is_not_given() -> None:
    visitor = Visitor(SSH, Credentials(username="ada", password="pw"), 1)

    with pytest.raises(AuthenticationError, match="wants credentials"):
        visitor.credentials(SSH.url, "git", CredentialType.SSH_KEY)


def test_a_bearer_token_is_for_http_only() -> None:
    token = Credentials(bearer_token="t")

    assert Visitor(HTTPS, token, 1).custom_headers() == ["Authorization: Bearer t"]
    assert Visitor(SSH, token, 1).custom_headers() is None
