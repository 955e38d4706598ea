"""Identifiers, checked once where they enter and typed ever after."""

import re
from typing import NewType

from controller.errors import InvalidSpecError, UsageError

SourceName = NewType("SourceName", str)
"""A configured connector, such as `script:jira`; documents are filed under it."""

RunId = NewType("RunId", str)
"""One attempt: a digest of what triggered it, so that asking twice names the same run."""

CommitId = NewType("CommitId", str)
"""Forty (or sixty-four) hexadecimal digits."""

Digest = NewType("Digest", str)
"""`sha256:` and sixty-four hexadecimal digits."""

ResourceName = NewType("ResourceName", str)
"""`metadata.name` of a resource."""

_WORD = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_SOURCE = re.compile(rf"{_WORD}(?::{_WORD}(?:/{_WORD})*)?")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_EXTENSION = re.compile(r"(connector|tool|agent)s/([A-Za-z0-9][A-Za-z0-9_.-]*)")
_RESOURCE = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


def parse_source(text: str) -> SourceName:
    """
    Read a source label, `script:NAME` or a bare type such as `filesystem`.

    Raises:
        UsageError: The text is no label.
    """
    if not _SOURCE.fullmatch(text):
        raise UsageError(
            f"'{text}' is no source", hint="a source looks like script:NAME, as `ctx sources` lists"
        )
    return SourceName(text)


def lies_below(candidate: str, source: SourceName) -> bool:
    """Say whether an item may file itself under `candidate` (`script:x` or `script:x/…`)."""
    return candidate == source or (
        candidate.startswith(f"{source}/") and _SOURCE.fullmatch(candidate) is not None
    )


def is_commit(text: str) -> bool:
    """Tell a full commit id from a branch, a tag or an abbreviation."""
    return _COMMIT.fullmatch(text) is not None


def parse_extension(text: str) -> tuple[str, str]:
    """
    Split `connectors/jira` into its kind (`connector`) and name (`jira`).

    Raises:
        UsageError: The text is no such pair.
    """
    found = _EXTENSION.fullmatch(text)
    if found is None:
        raise UsageError(
            f"'{text}' is no extension", hint="write connectors/NAME, tools/NAME or agents/NAME"
        )
    return found[1], found[2]


def parse_resource_name(text: str) -> ResourceName:
    """
    Check `metadata.name` by the rule of the API server (a DNS subdomain).

    Raises:
        InvalidSpecError: The name breaks the rule.
    """
    if not _RESOURCE.fullmatch(text):
        raise InvalidSpecError(
            f"metadata.name: '{text}' must be lower case letters, digits, '-' and '.'"
        )
    return ResourceName(text)
