import pytest

from controller.errors import InvalidSpecError
from controller.git.credentials import Credentials, credentials_from


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"tls.crt": "x", "tls.key": "y"}, "'tls.crt' is not supported"),
        ({"username": "ada", "password": "p", "bearerToken": "t"}, "either username"),
        ({"username": "ada"}, "'password' is missing"),
        ({"identity": "PRIVATE"}, "'known_hosts' is missing"),
        ({"bearerToken": "a\r\nX-Other: b"}, "holds a line break"),
    ],
)
def test_a_secret_that_cannot_be_used_is_refused_by_its_key(
    values: dict[str, str], words: str
) -> None:
    with pytest.raises(InvalidSpecError, match=words) as refused:
        credentials_from(values)

    assert not any(len(v) > 3 and v in str(refused.value) for v in values.values())


def test_the_keys_of_a_flux_secret_are_understood() -> None:
    found = credentials_from(
        {"username": "ada\n", "password": "pass word\n", "ca.crt": "PEM", "other": "ignored"}
    )

    assert found == Credentials(username="ada", password="pass word", ca="PEM")


def test_a_key_pair_takes_its_passphrase_from_password() -> None:
    found = credentials_from(
        {"identity": "PRIVATE", "known_hosts": "host ssh-ed25519 AAAA", "password": "open"}
    )

    assert found.identity == "PRIVATE"
    assert found.password == "open"


def test_no_secret_shows_in_a_representation() -> None:
    shown = repr(Credentials("ada", "hunter22", "", "PRIVATE-KEY"))

    assert "hunter22" not in shown
    assert "PRIVATE-KEY" not in shown


def test_secrets_are_scrubbed_from_foreign_words_the_longest_first() -> None:
    login = Credentials(password="abc", bearer_token="abcdef")

    told = login.scrub("server said: bad token abcdef, bad password abc")

    assert told == "server said: bad token [redacted], bad password [redacted]"
