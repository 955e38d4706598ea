"""Which commit a `GitReference` means, given what a remote advertises.  Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from controller.errors import EmptyRepositoryError, ReferenceNotFoundError
from controller.git.semver import latest
from controller.git.wire import Head
from controller.model.names import CommitId
from controller.model.registry import GitReference

_BRANCHES = "refs/heads/"
_TAGS = "refs/tags/"
_PEELED = "^{}"


@dataclass(frozen=True, slots=True)
class Advertisement:
    """What a remote answers to "which references have you"."""

    objects: Mapping[str, str] = field(default_factory=dict)
    """Full name to object id; an annotated tag also stands under its name and `^{}`."""
    default: str = ""
    """What HEAD points to, such as `refs/heads/main`; empty when the remote does not say."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to fetch: a full reference name or a commit id, and the head it must turn out to be."""

    source: str
    head: Head


def resolve(reference: GitReference, advertised: Advertisement, shown: str) -> Wanted:
    """
    Find the commit that a reference means; with none given, what HEAD points to.

    Raises:
        EmptyRepositoryError: The remote has no commit.
        ReferenceNotFoundError: It has others, but not this one.
        InvalidSpecError: The version range cannot be read.
    """
    if reference.commit:
        return Wanted(reference.commit, Head(CommitId(reference.commit), reference.branch))
    if not advertised.objects:
        raise EmptyRepositoryError(f"{shown} has no commit", hint="push a branch first")
    if reference.semver:
        return _by_range(reference.semver, advertised, shown)
    if reference.branch:
        return _by_name(_BRANCHES + reference.branch, reference.branch, advertised, shown)
    if reference.tag:
        return _by_name(_TAGS + reference.tag, reference.tag, advertised, shown)
    if reference.name:
        return _by_name(reference.name, reference.name, advertised, shown)
    return _default(advertised, shown)


def _by_range(constraint: str, advertised: Advertisement, shown: str) -> Wanted:
    tags = _names(advertised, _TAGS)
    tag = latest(tags, constraint)
    if tag is None:
        raise ReferenceNotFoundError(
            f"{shown} has no tag in the range '{constraint}'", hint=_offer("tags", tags)
        )
    return _by_name(_TAGS + tag, tag, advertised, shown)


def _by_name(name: str, label: str, advertised: Advertisement, shown: str) -> Wanted:
    found = advertised.objects.get(name + _PEELED) or advertised.objects.get(name)
    if found is not None:
        return Wanted(name, Head(CommitId(found), label))
    if name.startswith(_BRANCHES):
        raise ReferenceNotFoundError(
            f"{shown} has no branch '{label}'",
            hint=_offer("branches", _names(advertised, _BRANCHES)),
        )
    if name.startswith(_TAGS):
        raise ReferenceNotFoundError(
            f"{shown} has no tag '{label}'", hint=_offer("tags", _names(advertised, _TAGS))
        )
    raise ReferenceNotFoundError(f"{shown} has no reference '{name}'")


def _default(advertised: Advertisement, shown: str) -> Wanted:
    if advertised.default in advertised.objects:
        label = advertised.default.removeprefix(_BRANCHES)
        return _by_name(advertised.default, label, advertised, shown)
    if "HEAD" in advertised.objects:
        return _by_name("HEAD", "HEAD", advertised, shown)
    raise ReferenceNotFoundError(
        f"{shown} has no default branch",
        hint=_offer("set spec.ref.branch; branches", _names(advertised, _BRANCHES)),
    )


def _names(advertised: Advertisement, prefix: str) -> list[str]:
    return sorted(
        name.removeprefix(prefix)
        for name in advertised.objects
        if name.startswith(prefix) and not name.endswith(_PEELED)
    )


def _offer(what: str, names: Iterable[str]) -> str:
    listed = list(names)
    if not listed:
        return f"{what}: none"
    more = f" and {len(listed) - 5} more" if len(listed) > 5 else ""
    return f"{what}: {', '.join(listed[:5])}{more}"
