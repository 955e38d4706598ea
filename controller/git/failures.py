"""
What went wrong at a remote, told from the few words that libgit2 gives.

Almost everything arrives as a plain GitError with a text; only a rejected login
and a rejected host have classes of their own.  The table is tried top to bottom.
"""

import errno
import re
from collections.abc import Mapping

from controller.errors import (
    AuthenticationError,
    CertificateError,
    DiskFullError,
    EmptyRepositoryError,
    FetchError,
    FetchTimeoutError,
    HarnessError,
    HostKeyError,
    NetworkError,
    PublishError,
    RedirectError,
    ReferenceNotFoundError,
    RepositoryNotFoundError,
)
from controller.git.address import scrub_addresses

_LONGEST = 300

_TABLE: tuple[tuple[str, type[HarnessError], str, str], ...] = (
    (r"no space left|disk quota exceeded|file too large", DiskFullError,
     "the disk is full", "free some space, or lower spec.revisionHistoryLimit"),
    (r"cannot redirect from|redirect without|too many redirects(?! or)|status code: 30\d", RedirectError,
     "redirects to another address", "set spec.url to the address that it redirects to"),
    (r"status code: (?:404|410)", RepositoryNotFoundError,
     "no such repository", "check spec.url; a private repository is hidden without spec.secretRef"),
    (r"status code: (?:401|407)", AuthenticationError,
     "wants credentials", "set spec.secretRef"),
    (r"status code: 403", AuthenticationError,
     "refuses these credentials", "check the rights of the account in spec.secretRef"),
    (r"status code: 429", NetworkError, "asks for fewer requests (429)", "raise spec.interval"),
    (r"status code: 5\d\d", NetworkError, "answers with a server error", ""),
    (r"hostkey|host key|known_hosts", HostKeyError,
     "the host key is not in known_hosts",
     "add the key that `ssh-keyscan HOST` prints to known_hosts in the Secret"),
    (r"certificate|SSL error.*verify|TLS.*verif", CertificateError,
     "the TLS certificate does not verify", "add its authority as ca.crt to the Secret"),
    ((r"authentication required|authentication replays|requires authentication|authenticat\w* fail|failed to authenticate"
     r"|credentials callback|could not read username|permission denied \(publickey"),
     AuthenticationError, "wants other credentials", "check spec.secretRef"),
    (r"timed? ?out|timeout|deadline", FetchTimeoutError, "no answer in time", "raise spec.timeout"),
    (r"failed to resolve address|name or service not known|could not resolve|nodename nor servname",
     NetworkError, "the host name does not resolve", ""),
    (r"refused", NetworkError, "the connection is refused", ""),
    ((r"unreachable|reset by peer|broken pipe|disconnect|early eof|unexpected eof|failed to connect"
     r"|end of file|connection closed|socket|SSL error|failed to (?:read|send|write)|stream"),
     NetworkError, "the connection broke", ""),
    ((r"repository not found|could not find repository|does not appear to be a git repo"
     r"|does not exist|failed to resolve path|no such file or directory|not a git repository"),
     RepositoryNotFoundError, "no such repository", "check spec.url"),
    (r"not our ref|unadvertised object|couldn't find remote ref|cannot fetch a specific object|no reference|reference .* not found",
     ReferenceNotFoundError, "has no such reference", "check spec.ref"),
    (r"empty repository|no refs in common", EmptyRepositoryError, "has no commit", ""),
    (r"not owned by current user", FetchError,
     "the repository belongs to another user of this machine", ""),
)  # fmt: skip

_COMPILED = tuple(
    (re.compile(pattern, re.IGNORECASE), kind, words, hint) for pattern, kind, words, hint in _TABLE
)

CLASSES: Mapping[str, type[HarnessError]] = {
    kind.__name__: kind for kind in {row[1] for row in _TABLE} | {FetchError, PublishError}
}
"""The classes that `classify` chooses from, by name."""


def classify(error: BaseException, shown: str) -> HarnessError:
    """
    Turn an error of libgit2 or of the disk into one of ours, naming the remote.

    The original words follow in brackets, without userinfo and on one line.
    """
    if isinstance(error, HarnessError):
        return error
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return DiskFullError(f"{shown}: the disk is full", hint=_TABLE[0][3])
    if isinstance(error, MemoryError):
        return FetchError(f"{shown}: the worker ran out of memory")
    text = _tidy(str(error))
    for pattern, kind, words, hint in _COMPILED:
        if pattern.search(text):
            return kind(f"{shown}: {words} [{text}]", hint=hint or None)
    if isinstance(error, OSError):
        return PublishError(f"{shown}: the disk refuses [{text}]")
    return FetchError(f"{shown}: git failed [{text or type(error).__name__}]")


def is_unclassified(error: HarnessError) -> bool:
    """Say whether nothing is known but that git failed: then the mirror is under suspicion."""
    return type(error) is FetchError


def _tidy(text: str) -> str:
    line = " ".join(scrub_addresses(text).split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
