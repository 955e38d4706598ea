"""What every store promises of runs: who may write, what is remembered, who is gone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from controller.errors import SourceBusyError, SourceOwnedError, StoreError
from controller.model.names import RunId, SourceName
from controller.model.sync import RunCounts, RunError, RunResult
from controller.store.base import SourceState, Store
from tests.contracts.stores import ADAPTERS, Place
from tests.store.shapes import JIRA, NOON, OWNER, ended, item, put, start, sync


@pytest.fixture(params=sorted(ADAPTERS))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    place = Place(request.param, tmp_path)
    yield place
    place.close()


@pytest.fixture
def store(place: Place) -> Store:
    return place.open()


def state_of(store: Store, source: str = JIRA) -> SourceState:
    return next(state for state in store.state().sources if state.source == source)


# Who may write


def test_a_source_of_another_owner_is_refused(store: Store) -> None:
    sync(store, [item("a")])

    with pytest.raises(SourceOwnedError) as caught:
        store.begin_run(start("r2", owner="other/jira", after=100))

    assert "script:jira belongs to team/jira, not to other/jira" in caught.value.message
    assert [outcome.run_id for outcome in store.runs(JIRA, 9)] == ["r1"]


def test_a_source_with_a_live_run_is_busy(place: Place) -> None:
    place.open().begin_run(start("r1"))
    other = place.open()

    with pytest.raises(SourceBusyError) as caught:
        other.begin_run(start("r2", after=29))

    assert "run r1 of script:jira is alive" in caught.value.message
    assert caught.value.retryable


def test_a_page_is_a_sign_of_life(place: Place) -> None:
    busy = place.open()
    busy.begin_run(start("r1"))
    put(busy, [item("a")], after=20)

    with pytest.raises(SourceBusyError):
        place.open().begin_run(start("r2", after=45))


def test_a_silent_run_is_closed_as_interrupted_and_writes_no_more(place: Place) -> None:
    silent, other = place.open(), place.open()
    silent.begin_run(start("r1"))
    counts = put(silent, [item("a")], after=5)

    other.begin_run(start("r2", after=36))

    [outcome] = other.runs(JIRA, 9)
    assert (outcome.run_id, outcome.result) == ("r1", RunResult.INTERRUPTED)
    assert outcome.counts == counts
    assert outcome.ended_at == NOON + timedelta(seconds=5)
    assert outcome.error is not None
    assert outcome.error.reason == "Interrupted"
    with pytest.raises(SourceBusyError):
        put(silent, [item("b")], after=37)
    with pytest.raises(SourceBusyError):
        silent.close_run(ended("r1"))
    assert other.state().documents == 1


def test_the_same_run_is_taken_over_at_once_and_begins_anew(place: Place) -> None:
    first, second = place.open(), place.open()
    sync(first, [item("a"), item("b")], "r0", after=-100)
    first.begin_run(start("r1"))
    put(first, [item("a")], after=1)

    outcome = second.begin_run(start("r1", after=2))

    assert outcome is None
    assert second.count_absent(RunId("r1")) == 2
    with pytest.raises(SourceBusyError, match="run r1 of script:jira was taken over"):
        put(first, [item("late")], after=3)
    assert put(second, [item("a")], after=3) == RunCounts(scanned=1, unchanged=1)


def test_two_sources_run_side_by_side(place: Place) -> None:
    one, other = place.open(), place.open()

    one.begin_run(start("r1"))
    other.begin_run(start("r2", source="script:wiki", owner="team/wiki"))
    put(one, [item("a")])
    put(other, [item("a", source="script:wiki")], "r2")

    assert one.state().documents == 2


# How a run ends


def test_a_closed_run_gives_its_outcome_back_and_does_not_run_again(place: Place) -> None:
    store = place.open()
    store.begin_run(start())
    counts = put(store, [item("a")])
    outcome = replace(
        ended(counts=counts, result=RunResult.PARTIAL, complete=False),
        error=RunError("RequestFailed", "1 request failed", "look there", retryable=False),
        warnings=("one", "two"),
    )

    closed = store.close_run(outcome)
    again = place.open().begin_run(start(after=500))

    assert closed == replace(outcome, documents=1)
    assert again == closed


def test_closing_twice_changes_nothing(store: Store) -> None:
    outcome = sync(store, [item("a")])

    again = store.close_run(ended(result=RunResult.FAILED, after=50))

    assert again == outcome
    assert list(store.runs(JIRA, 9)) == [outcome]


def test_a_run_that_was_never_begun_cannot_be_closed(store: Store) -> None:
    with pytest.raises(StoreError, match="run r9 is not open here"):
        store.close_run(ended("r9"))


def test_runs_are_listed_newest_first_and_open_ones_are_not(store: Store) -> None:
    for number in range(5):
        sync(store, [], f"r{number}", after=100 * number)
    store.begin_run(start("open", after=1000))

    runs = store.runs(JIRA, 3)

    assert [outcome.run_id for outcome in runs] == ["r4", "r3", "r2"]
    assert store.runs(SourceName("script:none"), 3) == []


def test_old_runs_are_forgotten(store: Store) -> None:
    for number in range(205):
        sync(store, [], f"r{number}", after=100 * number)

    runs = store.runs(JIRA, 1000)

    assert len(runs) == 200
    assert runs[-1].run_id == "r5"


# What is absent


def test_absent_documents_are_counted_and_stay(store: Store) -> None:
    sync(store, [item("a"), item("b"), item("c", source="script:jira/sub")])

    outcome = sync(store, [item("a")], "r2", after=100)

    assert (outcome.counts.absent, outcome.documents) == (2, 3)
    assert (state_of(store).absent, state_of(store, "script:jira/sub").absent) == (1, 1)
    assert store.get("script:jira/b").body == "the body"


def test_a_document_that_returns_is_absent_no_more(store: Store) -> None:
    sync(store, [item("a"), item("b"), item("c")])
    sync(store, [item("a")], "r2", after=100)

    sync(store, [item("b")], "r3", after=200, complete=False)
    returned = state_of(store).absent
    sync(store, [item("a"), item("b"), item("c")], "r4", after=300)

    assert returned == 1
    assert state_of(store).absent == 0


def test_an_incomplete_run_makes_nothing_absent(store: Store) -> None:
    sync(store, [item("a"), item("b")])

    sync(store, [item("a")], "r2", after=100, complete=False)

    assert state_of(store).absent == 0


def test_documents_below_of_another_owner_are_not_absent(store: Store) -> None:
    theirs = [item("w", source="script:jira/wiki")]
    sync(store, theirs, "theirs", source="script:jira/wiki", owner="team/wiki")

    outcome = sync(store, [item("a")], after=100)

    assert (outcome.counts.absent, outcome.documents) == (0, 1)


# What is known of sources


def test_an_empty_store_knows_nothing(store: Store) -> None:
    state = store.state()

    assert (state.documents, state.chunks, state.sources) == (0, 0, ())
    assert state.size > 0
    assert store.checkpoint(JIRA) is None


def test_a_source_shows_its_last_run_and_one_below_that_of_its_parent(store: Store) -> None:
    sync(store, [item("a"), item("b", source="script:jira/sub")])
    store.begin_run(start("r2", after=100))

    parent, child = store.state().sources

    assert parent == SourceState(
        source=JIRA,
        owner=OWNER,
        documents=1,
        chunks=1,
        last_synced_at=NOON + timedelta(seconds=1),
        absent=0,
        last_result="Running",
    )
    assert child == replace(parent, source="script:jira/sub")


def test_a_failed_run_is_shown_and_is_no_sync(store: Store) -> None:
    store.begin_run(start())
    store.close_run(ended(result=RunResult.FAILED, complete=False))

    state = state_of(store)

    assert (state.last_result, state.last_synced_at) == ("Failed", None)
