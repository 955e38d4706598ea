from dataclasses import replace

import pytest

from controller.model.condition import ConditionType, Reason
from controller.model.names import Digest
from controller.model.recorded import Failure, RecordedRegistry, RevisionState
from controller.model.registry import PublishedExtension, UpdatePolicy
from controller.model.sync import Trigger
from controller.reconcile.actions import Fetch, KeepLast, Publish
from controller.reconcile.observed import (
    ObservedRegistry,
    look_failed,
    looked,
    publication,
    publish_failed,
)
from controller.reconcile.status import registry_status
from tests.reconcile.worlds import (
    COMMIT,
    MINUTE,
    NOON,
    REGISTRY,
    carry_out_registry,
    index,
    stored,
    told,
)

NEXT = "b" * 40
SHORT = f"main@sha1:{'a' * 12}"
OFFLINE = Failure(Reason.NETWORK_ERROR, "connection refused", "is it up?")
BROKEN = Failure(Reason.SCRIPT_INVALID, "jira does not compile", retryable=False)
STORED = stored()


def said(recorded: RecordedRegistry) -> dict[str, tuple[str, str]]:
    """Write conditions as `Ready: (True, Succeeded)`."""
    return {
        str(kind): (str(condition.status), str(condition.reason))
        for kind, condition in recorded.conditions.items()
    }


def message(recorded: RecordedRegistry, kind: ConditionType = ConditionType.READY) -> str:
    """Take the message of a condition."""
    return recorded.conditions[kind].message


def test_a_new_registry_is_asking() -> None:
    recorded = registry_status(REGISTRY, ObservedRegistry(), NOON)

    assert said(recorded) == {
        "Ready": ("Unknown", "Progressing"),
        "Reconciling": ("True", "Progressing"),
    }
    assert message(recorded, ConditionType.RECONCILING).startswith("asking https://")


def test_a_stored_revision_is_ready_and_listed() -> None:
    recorded = STORED.recorded

    assert said(recorded) == {
        "Ready": ("True", "Succeeded"),
        "ArtifactInStorage": ("True", "Succeeded"),
        "ManifestValid": ("True", "Succeeded"),
    }
    assert message(recorded) == f"stored {SHORT}: 1 connector, 1 tool, 0 agents"
    assert recorded.artifact == index().artifact
    assert recorded.remote_revision == recorded.last_attempted_revision == f"main@sha1:{COMMIT}"
    assert recorded.extensions[0].description == ""
    assert [record.state for record in recorded.history] == [RevisionState.PUBLISHED]


def test_between_the_look_and_the_publication_the_old_revision_stays_ready() -> None:
    moved = told(looked(STORED, REGISTRY, NOON + MINUTE, NEXT, f"main@sha1:{NEXT}"))

    assert said(moved.recorded)["Ready"] == ("True", "Succeeded")
    assert said(moved.recorded)["Reconciling"] == ("True", "NewRevision")
    assert moved.recorded.remote_revision == f"main@sha1:{NEXT}"


def test_a_new_revision_takes_its_place_in_the_history() -> None:
    moved = looked(STORED, REGISTRY, NOON, NEXT, f"main@sha1:{NEXT}")

    recorded = told(publication(moved, REGISTRY, NEXT, index(NEXT))).recorded

    assert [record.revision for record in recorded.history] == [
        f"main@sha1:{NEXT}",
        f"main@sha1:{COMMIT}",
    ]
    assert recorded.artifact == index(NEXT).artifact


def test_the_history_keeps_five_revisions() -> None:
    seen = STORED
    for letter in "bcdefa":
        version = letter * 40
        seen = told(publication(seen, REGISTRY, version, index(version)))

    assert len(seen.recorded.history) == 5


def test_a_new_generation_is_not_ready_before_it_is_laid_out() -> None:
    wish = replace(REGISTRY, generation=2)

    asked = carry_out_registry(Fetch(Trigger.SPEC_CHANGED), wish, STORED, NOON)
    laid_out = carry_out_registry(Publish("", COMMIT), wish, asked, NOON)

    assert said(asked.recorded)["Ready"] == ("Unknown", "Progressing")
    assert said(asked.recorded)["Reconciling"] == ("True", "Progressing")
    assert asked.recorded.observed_generation == 1
    assert laid_out.recorded.observed_generation == 2


def test_a_remote_that_does_not_answer_is_told_with_the_time_of_the_next_attempt() -> None:
    recorded = told(look_failed(STORED, REGISTRY, NOON, OFFLINE)).recorded

    assert said(recorded)["Ready"] == ("False", "NetworkError")
    assert said(recorded)["FetchFailed"] == ("True", "NetworkError")
    assert said(recorded)["Reconciling"] == ("True", "ProgressingWithRetry")
    assert said(recorded)["ArtifactInStorage"] == ("True", "Succeeded")
    assert message(recorded) == f"connection refused; {SHORT} stays"
    assert "failed 1 time in a row" in message(recorded, ConditionType.RECONCILING)
    assert (recorded.failures, recorded.error) == (1, OFFLINE)
    assert recorded.remote_revision == f"main@sha1:{COMMIT}"


def test_a_first_look_that_fails_says_nothing_of_a_revision_that_stays() -> None:
    recorded = told(look_failed(ObservedRegistry(), REGISTRY, NOON, OFFLINE)).recorded

    assert message(recorded) == "connection refused"


def test_a_failed_look_answers_the_request_for_it() -> None:
    wish = replace(REGISTRY, reconcile_requested_at="now")

    failed = carry_out_registry(Fetch(Trigger.REQUESTED), wish, STORED, NOON, OFFLINE)

    assert failed.recorded.last_handled_reconcile_at == "now"


@pytest.mark.parametrize(
    ("failure", "kind", "status", "stalled"),
    [
        (BROKEN, "ManifestValid", "False", True),
        (Failure(Reason.MISSING_SCRIPT, "gone", retryable=False), "ManifestValid", "False", True),
        (Failure(Reason.PARSE_ERROR, "line 3", retryable=False), "ManifestValid", "False", True),
        (Failure(Reason.LIMIT_EXCEEDED, "large", retryable=False), "StorageFailed", "True", True),
        (Failure(Reason.UNSAFE_PATH, "..", retryable=False), "StorageFailed", "True", True),
        (Failure(Reason.DISK_FULL, "full"), "StorageFailed", "True", False),
        (Failure(Reason.TIMEOUT, "slow"), "FetchFailed", "True", False),
        (Failure(Reason.SECRET_NOT_FOUND, "no Secret git"), "FetchFailed", "True", False),
    ],
)
def test_a_revision_that_cannot_be_published_is_told_by_the_part_that_failed(
    failure: Failure, kind: str, status: str, *, stalled: bool
) -> None:
    moved = looked(STORED, REGISTRY, NOON, NEXT, f"main@sha1:{NEXT}")

    recorded = told(publish_failed(moved, REGISTRY, NOON, failure)).recorded

    assert said(recorded)["Ready"] == ("False", failure.reason)
    assert said(recorded)[kind] == (status, failure.reason)
    assert ("Stalled" in said(recorded)) is stalled
    assert ("Reconciling" in said(recorded)) is not stalled
    assert recorded.artifact == index().artifact
    assert recorded.last_attempted_revision == f"main@sha1:{NEXT}"
    assert recorded.history[0].state is RevisionState.REJECTED


def test_a_rejected_revision_is_listed_once() -> None:
    moved = looked(STORED, REGISTRY, NOON, NEXT, f"main@sha1:{NEXT}")
    broken = told(publish_failed(moved, REGISTRY, NOON, BROKEN))

    again = told(publish_failed(broken, REGISTRY, NOON + MINUTE, BROKEN))

    assert again.recorded.history == broken.recorded.history


def test_warnings_of_the_manifest_are_told() -> None:
    seen = looked(ObservedRegistry(), REGISTRY, NOON, COMMIT, f"main@sha1:{COMMIT}")
    one = publication(seen, REGISTRY, COMMIT, index(warnings=("key 'nmae' is unknown",)))
    two = publication(seen, REGISTRY, COMMIT, index(warnings=("first", "second", "third")))

    kind = ConditionType.MANIFEST_VALID
    assert said(told(one).recorded)["ManifestValid"] == ("True", "SucceededWithWarnings")
    assert message(told(one).recorded, kind) == "key 'nmae' is unknown"
    assert message(told(two).recorded, kind) == "first (and 2 more)"


def test_a_revision_that_is_lost_is_missing_until_it_is_back() -> None:
    lost = told(replace(STORED, published=None, look=None))
    still = told(lost)
    back = told(publication(looked(still, REGISTRY, NOON, COMMIT, ""), REGISTRY, COMMIT, index()))

    assert said(lost.recorded)["ArtifactInStorage"] == ("False", "Missing")
    assert said(lost.recorded)["Ready"] == ("Unknown", "Progressing")
    assert lost.recorded.artifact is None
    assert said(still.recorded)["ArtifactInStorage"] == ("False", "Missing")
    assert said(back.recorded)["ArtifactInStorage"] == ("True", "Succeeded")


def test_after_a_restart_what_lies_verified_on_the_disk_stays_ready() -> None:
    restarted = told(replace(STORED, look=None))

    assert said(restarted.recorded)["Ready"] == ("True", "Succeeded")
    assert "Reconciling" not in said(restarted.recorded)


def test_an_update_that_waits_is_told_and_the_registry_stays_ready() -> None:
    wish = replace(REGISTRY, update_policy=UpdatePolicy.ON_REQUEST)
    held = told(looked(stored(wish), wish, NOON, NEXT, f"main@sha1:{NEXT}"), wish)
    named = carry_out_registry(KeepLast(f"main@sha1:{NEXT}"), wish, held, NOON)

    assert said(named.recorded)["Ready"] == ("True", "Succeeded")
    assert said(named.recorded)["UpdateAvailable"] == ("True", "NewRevision")
    assert "reconcile-requested-at" in message(named.recorded, ConditionType.UPDATE_AVAILABLE)
    assert "Reconciling" not in said(named.recorded)


def test_a_long_list_of_extensions_is_cut_and_the_counts_are_whole() -> None:
    many = tuple(
        PublishedExtension("tool", f"t{number}", f"tools/t{number}/tool.lua", Digest("sha256:1"))
        for number in range(201)
    )
    seen = looked(ObservedRegistry(), REGISTRY, NOON, COMMIT, f"main@sha1:{COMMIT}")

    recorded = told(publication(seen, REGISTRY, COMMIT, index(extensions=many))).recorded

    assert (len(recorded.extensions), recorded.truncated) == (200, True)
    assert recorded.counts.tools == 201
