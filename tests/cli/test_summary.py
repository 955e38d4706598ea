from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from controller.cli.summary import summary_lines
from controller.model.names import RunId, SourceName
from controller.model.sync import RunCounts, RunResult, SyncOutcome

NOON = datetime(2026, 2, 20, 12, tzinfo=UTC)
DONE = SyncOutcome(
    RunId("r"),
    SourceName("script:jira"),
    RunResult.SUCCEEDED,
    NOON,
    NOON + timedelta(seconds=1.5),
    counts=RunCounts(scanned=1200, added=1000, updated=100, unchanged=100, chunks=1300, requests=3),
    documents=5000,
)


def test_a_run_that_worked_is_told_in_numbers() -> None:
    assert summary_lines(DONE, dry_run=False) == [
        "sync script:jira",
        "  fetched: 1,200 items",
        "  upserted documents: 1,100",
        "  of these new: 1,000",
        "  unchanged: 100",
        "  chunks written: 1,300",
        "  http requests: 3",
        "  documents of the source: 5,000",
        "  seconds: 1.50",
        "ok",
    ]


def test_a_dry_run_says_what_would_be() -> None:
    lines = summary_lines(replace(DONE, documents=0), dry_run=True)

    assert lines[0] == "sync script:jira (dry-run)"
    assert "  would add: 1,000" in lines
    assert not any("documents" in line for line in lines)


@pytest.mark.parametrize(
    ("result", "word"), [(RunResult.FAILED, "failed"), (RunResult.TIMED_OUT, "timed out")]
)
def test_a_run_that_read_nothing_hides_its_error_behind_no_zeros(
    result: RunResult, word: str
) -> None:
    lost = replace(DONE, result=result, counts=RunCounts())

    lines = summary_lines(lost, dry_run=False)

    assert lines == ["sync script:jira", "  documents of the source: 5,000", word]


def test_what_was_read_before_a_failure_is_counted() -> None:
    lines = summary_lines(replace(DONE, result=RunResult.FAILED), dry_run=False)

    assert "  fetched: 1,200 items" in lines
    assert lines[-1] == "failed"


def test_every_result_has_a_word() -> None:
    words = {summary_lines(replace(DONE, result=each), dry_run=False)[-1] for each in RunResult}

    assert len(words) == len(RunResult)
