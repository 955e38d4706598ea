import errno

import pytest

from controller.errors import (
    FetchError,
    HarnessError,
    PublishError,
    UnsafePathError,
)
from controller.git.failures import classify, is_unclassified

URL = "https://git.example.org/a"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("unexpected http status code: 401", "AuthenticationFailed"),
        ("unexpected http status code: 403", "AuthenticationFailed"),
        ("unexpected http status code: 404", "RepositoryNotFound"),
        ("unexpected http status code: 410", "RepositoryNotFound"),
        ("unexpected http status code: 429", "NetworkError"),
        ("unexpected http status code: 502", "NetworkError"),
        ("unexpected http status code: 301", "RedirectRefused"),
        ("cannot redirect from 'a' to 'b'", "RedirectRefused"),
        ("redirect without location", "RedirectRefused"),
        ("too many redirects or authentication replays", "AuthenticationFailed"),
        ("remote authentication required but no callback set", "AuthenticationFailed"),
        ("server requires authentication that we do not support", "AuthenticationFailed"),
        ("Failed to authenticate SSH session: Unable to send", "AuthenticationFailed"),
        ("invalid or unknown remote ssh hostkey", "HostKeyUnknown"),
        ("the SSL certificate is invalid", "TLSVerificationFailed"),
        ("user rejected certificate for git.example.org", "TLSVerificationFailed"),
        ("could not read from socket: timed out", "Timeout"),
        ("failed to connect to git.example.org: Operation timed out", "Timeout"),
        ("failed to resolve address for x: Name or service not known", "NetworkError"),
        ("failed to connect to 127.0.0.1: Connection refused", "NetworkError"),
        ("SSL error: unexpected EOF", "NetworkError"),
        ("early EOF", "NetworkError"),
        ("ERROR: Repository not found.", "RepositoryNotFound"),
        ("could not find repository at '/srv/a'", "RepositoryNotFound"),
        ("failed to resolve path '/srv/a': No such file or directory", "RepositoryNotFound"),
        ("upload-pack: not our ref 0000", "ReferenceNotFound"),
        ("cannot fetch a specific object from the remote repository", "ReferenceNotFound"),
        ("failed to write: No space left on device", "DiskFull"),
        ("repository path '/srv/a' is not owned by current user", "GitOperationFailed"),
        ("object not found - no match for id (12ab)", "GitOperationFailed"),
    ],
)
def test_the_words_of_libgit2_name_a_reason(text: str, reason: str) -> None:
    told = classify(ValueError(text), URL)

    assert told.reason == reason
    assert told.message.startswith(f"{URL}: ")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "DiskFull"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "DiskFull"),
        (PermissionError(errno.EACCES, "Permission denied"), "CheckoutFailed"),
        (MemoryError(), "GitOperationFailed"),
        (KeyError("x"), "GitOperationFailed"),
    ],
)
def test_errors_of_the_machine_name_a_reason(error: Exception, reason: str) -> None:
    assert classify(error, URL).reason == reason


def test_our_own_errors_pass_unchanged() -> None:
    own = UnsafePathError("x")

    assert classify(own, URL) is own


def test_a_message_is_one_line_without_secrets() -> None:
    text = "cannot open https://ada:hunter2@h/a?key=k\nretry" + "!" * 1000

    told = classify(ValueError(text), URL)

    assert "hunter2" not in told.message
    assert "\n" not in told.message
    assert len(told.message) < 400


@pytest.mark.parametrize(
    ("error", "suspect"), [(FetchError("x"), True), (PublishError("x"), False)]
)
def test_only_an_unknown_failure_puts_the_mirror_under_suspicion(
    error: HarnessError, suspect: bool
) -> None:
    assert is_unclassified(error) is suspect
