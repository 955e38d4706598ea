from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.model.condition import ConditionStatus, ConditionType, Reason
from controller.model.names import Digest, RunId
from controller.model.recorded import Failure, RecordedSync
from controller.model.sync import (
    RetryPolicy,
    RunCounts,
    RunError,
    RunMode,
    RunResult,
    Trigger,
)
from controller.reconcile.observed import ObservedRegistry, ObservedSync
from controller.reconcile.status import registry_status, sync_status
from tests.reconcile.worlds import (
    CONNECTOR,
    DIGEST,
    FAILED,
    HOUR,
    MINUTE,
    NEW,
    NOON,
    REGISTRY,
    REJECTED,
    RUN,
    SYNCED,
    TIMEOUT,
    WISH,
    after,
    outcome,
    stored,
)

SHORT = f"main@sha1:{'a' * 12}"


def said(recorded: RecordedSync) -> dict[str, tuple[str, str]]:
    """Write conditions as `Ready: (True, Succeeded)`."""
    return {
        str(kind): (str(condition.status), str(condition.reason))
        for kind, condition in recorded.conditions.items()
    }


def message(recorded: RecordedSync, kind: ConditionType = ConditionType.READY) -> str:
    """Take the message of a condition."""
    return recorded.conditions[kind].message


def test_a_new_resource_has_ready_at_once() -> None:
    recorded = sync_status(WISH, NEW, NOON)

    assert said(recorded) == {
        "Ready": ("Unknown", "Progressing"),
        "Reconciling": ("True", "Progressing"),
        "ConnectorResolved": ("True", "Succeeded"),
        "ConfigValid": ("True", "Succeeded"),
        "Synced": ("Unknown", "Progressing"),
    }
    assert recorded.observed_generation == -1


def test_a_first_run_under_way_is_named() -> None:
    recorded = sync_status(WISH, replace(NEW, run=RUN, running=True), NOON)

    assert recorded.active == RUN
    assert said(recorded)["Ready"] == ("Unknown", "Progressing")
    assert message(recorded, ConditionType.RECONCILING) == (
        "run r1 (SpecChanged) since 2026-11-24T11:50:00Z"
    )


def test_a_run_that_succeeded_makes_ready() -> None:
    recorded = SYNCED.recorded

    assert said(recorded) == {
        "Ready": ("True", "Succeeded"),
        "ConnectorResolved": ("True", "Succeeded"),
        "ConfigValid": ("True", "Succeeded"),
        "Synced": ("True", "Succeeded"),
    }
    assert message(recorded) == f"5 documents at {SHORT}: 3 added, 1 updated, 1 unchanged"
    assert message(recorded, ConditionType.CONNECTOR_RESOLVED) == (
        f"connector jira of default/company at {SHORT}"
    )
    assert recorded.observed_generation == 1
    assert recorded.error is None


def test_warnings_are_told_and_still_ready() -> None:
    done = replace(
        outcome(RUN), counts=RunCounts(scanned=3, invalid=2), warnings=("item 2: no title",)
    )

    recorded = sync_status(WISH, replace(NEW, run=RUN, outcome=done), NOON)

    assert said(recorded)["Ready"] == ("True", "SucceededWithWarnings")
    assert message(recorded).endswith("2 refused; item 2: no title")


def test_a_commit_elsewhere_is_told_and_changes_nothing_else() -> None:
    elsewhere = replace(SYNCED, resolved=replace(CONNECTOR, revision=f"main@sha1:{'b' * 40}"))

    recorded = sync_status(WISH, elsewhere, NOON)

    assert message(recorded).endswith(f"connector unchanged at main@sha1:{'b' * 12}")
    assert message(recorded, ConditionType.CONNECTOR_RESOLVED) == (
        f"connector jira unchanged at main@sha1:{'b' * 12}"
    )
    assert recorded.history == SYNCED.recorded.history


def test_a_failed_run_is_told_with_the_time_of_its_retry() -> None:
    recorded = sync_status(WISH, FAILED, NOON - 5 * MINUTE)

    assert said(recorded) == {
        "Ready": ("False", "Timeout"),
        "Reconciling": ("True", "ProgressingWithRetry"),
        "ConnectorResolved": ("True", "Succeeded"),
        "ConfigValid": ("True", "Succeeded"),
        "Synced": ("False", "Timeout"),
    }
    assert message(recorded) == "scan took longer than 300 s"
    assert message(recorded, ConditionType.RECONCILING).startswith("attempt 2 at 2026-11-24T11:55")
    assert (recorded.observed_generation, recorded.failures) == (-1, 1)


def test_a_retry_under_way_keeps_the_last_failure_in_view() -> None:
    retry = replace(RUN, run_id=RunId("r2"), attempt=2, trigger=Trigger.RETRY)

    recorded = sync_status(WISH, replace(FAILED, run=retry, running=True), NOON)

    assert said(recorded)["Ready"] == ("False", "Timeout")
    assert said(recorded)["Reconciling"] == ("True", "ProgressingWithRetry")
    assert "(Retry, attempt 2)" in message(recorded, ConditionType.RECONCILING)


def test_a_scheduled_run_under_way_leaves_ready_as_it_was() -> None:
    again = replace(RUN, run_id=RunId("r2"), trigger=Trigger.SCHEDULE)

    recorded = sync_status(WISH, replace(SYNCED, run=again, running=True), NOON)

    assert said(recorded)["Ready"] == ("True", "Succeeded")
    assert said(recorded)["Reconciling"] == ("True", "Progressing")


def test_a_partial_run_is_synced_in_part_and_not_ready() -> None:
    error = RunError("RequestFailed", "GET /issues answered 502")

    recorded = after(result=RunResult.PARTIAL, error=error).recorded

    assert said(recorded)["Ready"] == ("False", "Partial")
    assert said(recorded)["Synced"] == ("True", "Partial")
    assert message(recorded).endswith("1 unchanged): GET /issues answered 502")
    assert recorded.error is not None
    assert recorded.error.reason is Reason.REQUEST_FAILED


def test_rejected_credentials_stall_until_something_changes() -> None:
    recorded = after(result=RunResult.FAILED, error=REJECTED).recorded

    assert said(recorded)["Ready"] == ("False", "CredentialsRejected")
    assert said(recorded)["Stalled"] == ("True", "CredentialsRejected")
    assert recorded.error == Failure(
        Reason.CREDENTIALS_REJECTED, "jira answered 401", "renew the token", retryable=False
    )
    assert recorded.observed_generation == 1


def test_a_new_secret_ends_the_stall() -> None:
    stalled = after(result=RunResult.FAILED, error=REJECTED)

    recorded = sync_status(WISH, replace(stalled, inputs="i2"), NOON)

    assert "Stalled" not in said(recorded)
    assert said(recorded)["Reconciling"] == ("True", "Progressing")


def test_after_the_last_retry_it_stalls_and_says_how_often_it_was_tried() -> None:
    last = after(run=replace(RUN, attempt=6), result=RunResult.FAILED, error=TIMEOUT)

    recorded = sync_status(WISH, last, NOON)

    assert said(recorded)["Ready"] == ("False", "Timeout")
    assert said(recorded)["Stalled"] == ("True", "RetryLimitReached")
    assert "after 6 attempts" in message(recorded, ConditionType.STALLED)


def test_a_failure_mended_outside_stalls_until_the_next_schedule() -> None:
    corrupt = replace(REJECTED, reason="StoreCorrupt")
    wish = replace(WISH, schedule="0 13 * * *")

    recorded = after(wish=wish, result=RunResult.FAILED, error=corrupt).recorded

    assert said(recorded)["Stalled"] == ("True", "StoreCorrupt")
    assert recorded.next_schedule_time == NOON + HOUR


def test_a_reason_of_a_newer_release_is_an_internal_error_here() -> None:
    odd = replace(REJECTED, reason="FluxCapacitorFailed")

    recorded = after(result=RunResult.FAILED, error=odd).recorded

    assert said(recorded)["Ready"] == ("False", "InternalError")


def test_a_run_that_says_nothing_about_its_failure_is_named_by_its_end() -> None:
    recorded = after(result=RunResult.TIMED_OUT).recorded

    assert said(recorded)["Ready"] == ("False", "Timeout")
    assert message(recorded) == "the run ended TimedOut"
    assert message(recorded, ConditionType.SYNCED) == "the run ended TimedOut"


def test_a_new_generation_is_not_ready_before_its_run() -> None:
    recorded = sync_status(replace(WISH, generation=2), SYNCED, NOON)

    assert said(recorded)["Ready"] == ("Unknown", "Progressing")
    assert message(recorded) == "no run of generation 2 has ended yet"
    assert recorded.observed_generation == 1


@pytest.mark.parametrize(
    ("seen", "kind", "reason"),
    [
        (
            replace(
                SYNCED,
                resolved=None,
                unresolved=Failure(Reason.REGISTRY_NOT_READY, "company has no revision"),
            ),
            "ConnectorResolved",
            "RegistryNotReady",
        ),
        (
            replace(SYNCED, config_problem=Failure(Reason.SECRET_NOT_FOUND, "no Secret jira")),
            "ConfigValid",
            "SecretNotFound",
        ),
    ],
)
def test_what_keeps_a_run_from_starting_is_why_it_is_not_ready(
    seen: ObservedSync, kind: str, reason: str
) -> None:
    recorded = sync_status(WISH, seen, NOON)

    assert said(recorded)["Ready"] == ("False", reason)
    assert said(recorded)[kind] == ("False", reason)
    assert "Stalled" not in said(recorded)
    assert recorded.error is not None
    assert recorded.error.reason == reason


def test_an_unresolved_connector_leaves_open_whether_the_config_is_valid() -> None:
    missing = Failure(Reason.CONNECTOR_NOT_FOUND, "no connector jira")

    recorded = sync_status(WISH, replace(NEW, resolved=None, unresolved=missing), NOON)

    assert "ConfigValid" not in said(recorded)


def test_facts_that_name_neither_connector_nor_problem_say_nothing_about_it() -> None:
    assert "ConnectorResolved" not in said(sync_status(WISH, ObservedSync(), NOON))


def test_a_schedule_that_means_nothing_stalls() -> None:
    recorded = sync_status(replace(WISH, schedule="5m"), NEW, NOON)

    assert said(recorded)["Ready"] == ("False", "InvalidSchedule")
    assert said(recorded)["Stalled"] == ("True", "InvalidSchedule")
    assert recorded.observed_generation == 1
    assert recorded.error is not None
    assert "minute, hour" in recorded.error.hint


def test_a_due_run_without_a_place_is_queued() -> None:
    recorded = sync_status(WISH, replace(NEW, queue_position=2), NOON)

    assert said(recorded)["Reconciling"] == ("True", "Queued")
    assert message(recorded, ConditionType.RECONCILING).endswith("behind 2 syncs")


def test_a_suspended_resource_keeps_its_status() -> None:
    suspended = replace(WISH, suspended=True, generation=2)

    assert sync_status(suspended, SYNCED, NOON) is SYNCED.recorded


def test_a_suspended_resource_records_the_end_of_its_run_and_promises_no_more() -> None:
    suspended = replace(WISH, suspended=True, schedule="* * * * *")
    ended = replace(NEW, run=RUN, outcome=outcome(RUN, RunResult.FAILED, TIMEOUT))

    recorded = sync_status(suspended, ended, NOON)

    assert said(recorded)["Ready"] == ("False", "Timeout")
    assert "Reconciling" not in said(recorded)
    assert recorded.next_schedule_time is None


def test_the_times_to_come_are_named_while_nothing_runs() -> None:
    wish = replace(WISH, schedule="0 13 * * *", full_schedule="0 14 * * *")
    again = replace(RUN, run_id=RunId("r2"), trigger=Trigger.SCHEDULE)

    idle = sync_status(wish, SYNCED, NOON)
    busy = sync_status(wish, replace(SYNCED, run=again, running=True), NOON)

    assert idle.next_schedule_time == NOON + HOUR
    assert idle.next_full_sync_time == NOON + 2 * HOUR
    assert (busy.next_schedule_time, busy.next_full_sync_time) == (None, None)


def test_without_schedules_no_time_is_named() -> None:
    recorded = SYNCED.recorded

    assert (recorded.next_schedule_time, recorded.next_full_sync_time) == (None, None)


def test_retries_that_are_switched_off_stall_at_the_first_failure() -> None:
    wish = replace(WISH, retry=RetryPolicy(limit=0))

    recorded = after(wish=wish, result=RunResult.FAILED, error=TIMEOUT).recorded

    assert message(recorded, ConditionType.STALLED).startswith("gave up after 1 attempt;")


def test_documents_that_were_absent_are_counted_in_the_message() -> None:
    done = replace(outcome(RUN), counts=RunCounts(unchanged=2, absent=3))

    recorded = sync_status(WISH, replace(NEW, run=RUN, outcome=done), NOON)

    assert message(recorded).endswith("2 unchanged, 3 absent")


def test_an_incremental_success_does_not_count_as_a_full_one() -> None:
    run = replace(RUN, run_id=RunId("r2"), mode=RunMode.INCREMENTAL)

    recorded = after(SYNCED, run=run, ended_at=NOON).recorded

    assert recorded.last_full_sync_time == NOON - 5 * MINUTE
    assert recorded.last_successful_time == NOON


# A Registry, whose conditions test_storage.py looks at one by one


@given(st.sampled_from([ObservedRegistry(), stored()]))
def test_a_registry_status_said_twice_is_the_same(seen: ObservedRegistry) -> None:
    once = registry_status(REGISTRY, seen, NOON)

    again = registry_status(REGISTRY, replace(seen, recorded=once), NOON + timedelta(days=1))

    assert again == once


def test_a_suspended_registry_keeps_its_status() -> None:
    seen = stored()

    assert registry_status(replace(REGISTRY, suspended=True), seen, NOON) is seen.recorded


def test_a_registry_counts_its_generation_when_it_is_ready() -> None:
    new = registry_status(REGISTRY, ObservedRegistry(), NOON)

    assert new.observed_generation == -1
    assert new.conditions[ConditionType.READY].status is ConditionStatus.UNKNOWN
    assert stored().recorded.observed_generation == 1
    assert Digest(DIGEST) in {each.digest for each in stored().recorded.extensions}
