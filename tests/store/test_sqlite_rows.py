from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.model.sync import RunCounts, RunError
from controller.store.sqlite_rows import (
    read_outcome,
    to_instant,
    to_number,
    write_counts,
    write_error,
)


@pytest.mark.parametrize(("number", "year"), [(-(2**62), 1), (2**62, 9999)])
def test_a_number_out_of_the_calendar_becomes_its_end(number: int, year: int) -> None:
    assert to_instant(number).year == year


@given(st.datetimes(timezones=st.just(UTC)))
def test_instants_come_back_to_the_microsecond(instant: datetime) -> None:
    assert to_instant(to_number(instant)) == instant


def test_counts_that_another_release_added_are_left_out() -> None:
    counts = write_counts(RunCounts(scanned=3, added=2)).replace("}", ', "pruned": 4}')
    error = write_error(RunError("Timeout", "too slow"))
    row = ("r1", "script:x", "TimedOut", 0, 1_000_000, "Full", 0, counts, 7, error, '["one"]')

    outcome = read_outcome(row)

    assert outcome.counts == RunCounts(scanned=3, added=2)
    assert outcome.error == RunError("Timeout", "too slow")
    assert (outcome.documents, outcome.complete, outcome.warnings) == (7, False, ("one",))
