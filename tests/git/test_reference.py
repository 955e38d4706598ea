import pytest

from controller.errors import EmptyRepositoryError, ReferenceNotFoundError
from controller.git.reference import Advertisement, resolve
from controller.model.registry import GitReference

A, B, C, TAG = ("a" * 40, "b" * 40, "c" * 40, "d" * 40)
REMOTE = Advertisement(
    {
        "HEAD": A,
        "refs/heads/main": A,
        "refs/heads/next": B,
        "refs/tags/v1.0.0": TAG,
        "refs/tags/v1.0.0^{}": A,
        "refs/tags/v1.1.0": B,
        "refs/pull/7/head": C,
    },
    "refs/heads/main",
)


@pytest.mark.parametrize(
    ("reference", "hint"),
    [
        (GitReference(branch="trunk"), "branches: main, next"),
        (GitReference(tag="v9"), "tags: v1.0.0, v1.1.0"),
        (GitReference(semver=">=2"), "tags: v1.0.0, v1.1.0"),
        (GitReference(name="refs/pull/8/head"), None),
    ],
)
def test_a_reference_that_is_not_there_is_answered_with_those_that_are(
    reference: GitReference, hint: str | None
) -> None:
    with pytest.raises(ReferenceNotFoundError) as missing:
        resolve(reference, REMOTE, "the remote")

    assert missing.value.hint == hint


def test_an_empty_repository_is_called_empty() -> None:
    with pytest.raises(EmptyRepositoryError):
        resolve(GitReference(branch="main"), Advertisement(), "the remote")


def test_a_head_that_points_nowhere_asks_for_a_branch() -> None:
    unborn = Advertisement({f"refs/heads/b{n}": A for n in range(7)}, "refs/heads/main")

    with pytest.raises(ReferenceNotFoundError) as missing:
        resolve(GitReference(), unborn, "the remote")

    assert missing.value.hint == ("set spec.ref.branch; branches: b0, b1, b2, b3, b4 and 2 more")


def test_no_names_at_all_are_called_none() -> None:
    with pytest.raises(ReferenceNotFoundError) as missing:
        resolve(GitReference(tag="v1"), Advertisement({"refs/heads/main": A}), "the remote")

    assert missing.value.hint == "tags: none"


@pytest.mark.parametrize(
    ("reference", "source", "revision"),
    [
        (GitReference(), "refs/heads/main", f"main@sha1:{A}"),
        (GitReference(branch="next"), "refs/heads/next", f"next@sha1:{B}"),
        (GitReference(tag="v1.0.0"), "refs/tags/v1.0.0", f"v1.0.0@sha1:{A}"),
        (GitReference(semver=">=1.0"), "refs/tags/v1.1.0", f"v1.1.0@sha1:{B}"),
        (GitReference(name="refs/pull/7/head"), "refs/pull/7/head", f"refs/pull/7/head@sha1:{C}"),
        (GitReference(commit=C), C, f"sha1:{C}"),
        (GitReference(commit=C, branch="main"), C, f"main@sha1:{C}"),
    ],
)
def test_a_reference_means_a_commit(reference: GitReference, source: str, revision: str) -> None:
    wanted = resolve(reference, REMOTE, "the remote")

    assert (wanted.source, wanted.head.revision()) == (source, revision)


def test_a_remote_that_names_no_default_still_has_a_head() -> None:
    detached = Advertisement({"HEAD": B, "refs/heads/main": A}, "")

    wanted = resolve(GitReference(), detached, "the remote")

    assert (wanted.source, wanted.head.commit) == ("HEAD", B)


def test_a_long_commit_is_named_by_its_algorithm() -> None:
    wanted = resolve(GitReference(commit="e" * 64), REMOTE, "the remote")

    assert wanted.head.revision() == f"sha256:{'e' * 64}"
