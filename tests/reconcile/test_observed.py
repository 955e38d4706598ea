from dataclasses import replace

from controller.model.condition import Reason
from controller.model.recorded import Failure
from controller.reconcile.observed import (
    ObservedRegistry,
    is_recorded,
    look_failed,
    looked,
    publication,
    publish_failed,
    unfinished_run,
)
from tests.reconcile.worlds import NEW, NOON, REGISTRY, RUN, SYNCED, index

OFFLINE = Failure(Reason.NETWORK_ERROR, "connection refused")


def test_a_run_that_only_the_status_knows_is_unfinished() -> None:
    crashed = replace(NEW, recorded=replace(NEW.recorded, active=RUN))

    assert unfinished_run(crashed) == RUN
    assert unfinished_run(NEW) is None


def test_a_recorded_run_is_finished_whoever_still_names_it() -> None:
    assert unfinished_run(replace(SYNCED, run=RUN)) is None
    assert is_recorded(SYNCED.recorded, RUN.run_id)


def test_an_answer_ends_a_row_of_failures() -> None:
    failed = look_failed(
        look_failed(ObservedRegistry(), REGISTRY, NOON, OFFLINE), REGISTRY, NOON, OFFLINE
    )

    assert failed.failures == 2
    assert looked(failed, REGISTRY, NOON, "a", "main@sha1:a").failures == 0


def test_an_answer_that_names_the_revision_known_to_be_broken_ends_none() -> None:
    asked = looked(ObservedRegistry(), REGISTRY, NOON, "a", "main@sha1:a")
    broken = publish_failed(asked, REGISTRY, NOON, OFFLINE)

    assert looked(broken, REGISTRY, NOON, "a", "main@sha1:a").failures == 1
    assert looked(broken, REGISTRY, NOON, "b", "main@sha1:b").failures == 0


def test_a_remote_that_moved_during_the_fetch_does_not_make_it_publish_twice() -> None:
    asked = looked(ObservedRegistry(), REGISTRY, NOON, "a" * 40, "main@sha1:a")

    laid_out = publication(asked, REGISTRY, "b" * 40, index("b" * 40))

    assert laid_out.look is not None
    assert laid_out.look.version == "b" * 40
    assert laid_out.look.revision == f"main@sha1:{'b' * 40}"


def test_a_publication_before_any_look_is_noted_all_the_same() -> None:
    laid_out = publication(ObservedRegistry(), REGISTRY, "b", index("b" * 40))
    refused = publish_failed(ObservedRegistry(), REGISTRY, NOON, OFFLINE)

    assert laid_out.look is None
    assert laid_out.published is not None
    assert refused.rejected is not None
    assert refused.rejected.version == ""
