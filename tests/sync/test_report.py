"""What goes to the shell and comes back, within its bounds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import InvalidSpecError
from controller.model.names import RunId, SourceName
from controller.model.sync import (
    HttpPolicy,
    RunCounts,
    RunError,
    RunLimits,
    RunMode,
    RunRequest,
    RunResult,
    SyncOutcome,
    Trigger,
)
from controller.sync.report import LIMIT_BYTES, decode_report, encode_report
from controller.sync.request import decode_request, encode_request

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
OUTCOME = SyncOutcome(
    run_id=RunId("r1"),
    source=SourceName("script:x"),
    result=RunResult.PARTIAL,
    started_at=NOON,
    ended_at=NOON + timedelta(seconds=3),
    mode=RunMode.FULL,
    counts=RunCounts(scanned=3, added=2, invalid=1),
    documents=2,
    error=RunError("RequestFailed", "GET https://example.com answered 500", "a hint"),
    warnings=("Skipping item at index 3: 'body' is empty",),
)
REQUEST = RunRequest(
    run_id=RunId("r1"),
    name="x",
    source=SourceName("script:x"),
    owner="default/x",
    script="/srv/r/connectors/x/connector.lua",
    directory="/srv/r/connectors/x",
    chunk_name="connectors/x/connector.lua",
    config={"url": "https://example.com", "nested": {"list": [1, 2.5, True, None]}},
    variables=("TOKEN",),
    limits=RunLimits(timeout=timedelta(seconds=7.5), items=5),
    http=HttpPolicy(allowed_cidrs=("10.0.0.0/8",)),
    mode=RunMode.FULL,
    trigger=Trigger.RETRY,
    attempt=3,
    item_limit=10,
)


def test_a_report_comes_back_as_it_was() -> None:
    assert decode_report(encode_report(OUTCOME)) == OUTCOME


def test_a_request_comes_back_as_it_was() -> None:
    assert decode_request(encode_request(REQUEST)) == REQUEST


@given(st.lists(st.text(max_size=400), max_size=21), st.text(max_size=9000), st.text(max_size=5000))
def test_a_report_always_fits_and_keeps_result_and_reason(
    warnings: list[str], message: str, hint: str
) -> None:
    big = replace(OUTCOME, warnings=tuple(warnings), error=RunError("ScriptError", message, hint))

    report = encode_report(big)

    assert len(report) <= LIMIT_BYTES
    found = decode_report(report)
    assert found.result is RunResult.PARTIAL
    assert found.counts == OUTCOME.counts
    assert found.error is not None
    assert found.error.reason == "ScriptError"


@pytest.mark.parametrize("text", [b"", b"{", b"{}", b'{"run_id":"r"}', b"\xff"])
def test_a_report_or_request_that_is_none_is_refused(text: bytes) -> None:
    with pytest.raises(InvalidSpecError, match="report of a run cannot be read"):
        decode_report(text)
    with pytest.raises(InvalidSpecError, match="run document cannot be read"):
        decode_request(text)


def test_a_request_too_large_to_hand_over_says_what_grows() -> None:
    with pytest.raises(InvalidSpecError, match="131072") as caught:
        encode_request(replace(REQUEST, config={"text": "x" * 140_000}))

    assert "spec.config" in (caught.value.hint or "")
