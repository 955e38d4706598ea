"""Random wishes and random facts, sound ones and strange ones."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st

from controller.model.condition import Reason
from controller.model.names import Digest, RunId
from controller.model.recorded import Failure, RecordedSync
from controller.model.sync import (
    ActiveRun,
    RetryPolicy,
    RunMode,
    RunRecord,
    RunResult,
    Trigger,
)
from controller.reconcile.observed import ObservedSync
from tests.reconcile.worlds import CONNECTOR, NOON, WISH, outcome

SPARING = settings(max_examples=min(settings().max_examples, 150))
"""Whole worlds take ten milliseconds each to draw; a loaded machine has ten seconds for a test."""

TOKENS = st.sampled_from(["", "t1", "t2"])
DIGESTS = st.sampled_from([CONNECTOR.digest, Digest(f"sha256:{'2' * 64}")])
INPUTS = st.sampled_from(["i1", "i2"])
PAST = st.integers(0, 30 * 86_400).map(lambda seconds: NOON - timedelta(seconds=seconds))
FAILURES = st.builds(
    Failure,
    st.sampled_from([Reason.REGISTRY_NOT_READY, Reason.SECRET_NOT_FOUND]),
    st.just("is not there"),
    st.just(""),
    st.booleans(),
)

WISHES = st.builds(
    lambda **fields: replace(WISH, **fields),
    uid=st.sampled_from(["u1", "u2"]),
    generation=st.integers(1, 3),
    schedule=st.sampled_from([None, None, "*/5 * * * *", "30 2 * * *", "no cron"]),
    interval=st.sampled_from([None, None, timedelta(seconds=30), timedelta(days=1)]),
    time_zone=st.sampled_from(["UTC", "Europe/Berlin"]),
    starting_deadline=st.sampled_from([None, timedelta(minutes=2)]),
    full_schedule=st.sampled_from([None, "0 4 * * 0"]),
    full_interval=st.sampled_from([None, timedelta(hours=168)]),
    sync_on_update=st.booleans(),
    suspended=st.booleans(),
    deleted=st.booleans(),
    history_limit=st.integers(1, 3),
    retry=st.builds(RetryPolicy, limit=st.integers(-1, 3)),
    reconcile_requested_at=TOKENS,
    full_sync_requested_at=TOKENS,
)

RECORDS = st.builds(
    RunRecord,
    run_id=st.sampled_from(["a", "b", "c"]).map(RunId),
    trigger=st.sampled_from(Trigger),
    mode=st.sampled_from(RunMode),
    attempt=st.integers(1, 5),
    result=st.sampled_from(RunResult),
    reason=st.sampled_from(["Succeeded", "Timeout", "CredentialsRejected", "StoreCorrupt", "New"]),
    revision=st.just(CONNECTOR.revision),
    digest=DIGESTS,
    started_at=PAST,
    ended_at=PAST,
    message=st.sampled_from(["", "it went wrong"]),
    retryable=st.booleans(),
)
RUNS = st.builds(
    ActiveRun,
    run_id=st.sampled_from(["c", "d"]).map(RunId),
    trigger=st.sampled_from(Trigger),
    mode=st.sampled_from(RunMode),
    attempt=st.integers(1, 5),
    started_at=PAST,
    generation=st.integers(1, 3),
    digest=DIGESTS,
    inputs=INPUTS,
    revision=st.just(CONNECTOR.revision),
    token=TOKENS,
    full_token=TOKENS,
)
RECORDED = st.builds(
    RecordedSync,
    observed_generation=st.integers(-1, 3),
    last_attempted_generation=st.none() | st.integers(1, 3),
    last_attempted_digest=DIGESTS,
    last_attempted_inputs=INPUTS,
    last_applied_digest=DIGESTS,
    last_handled_reconcile_at=TOKENS,
    last_handled_full_sync_at=TOKENS,
    last_full_sync_time=st.none() | PAST,
    active=st.none() | RUNS,
    history=st.lists(RECORDS, max_size=3).map(tuple),
)


@st.composite
def facts(draw: st.DrawFn) -> ObservedSync:
    """Draw facts in which a run that is alive has no outcome yet."""
    run = draw(st.none() | RUNS)
    running = run is not None and draw(st.booleans())
    ended = run is not None and not running and draw(st.booleans())
    is_resolved = draw(st.booleans()) or draw(st.booleans())
    return ObservedSync(
        recorded=draw(RECORDED),
        resolved=replace(CONNECTOR, digest=draw(DIGESTS)) if is_resolved else None,
        unresolved=None if is_resolved else draw(FAILURES),
        inputs=draw(INPUTS),
        config_problem=draw(st.none() | st.none() | FAILURES),
        run=run,
        running=running,
        outcome=outcome(run, draw(st.sampled_from(RunResult))) if run and ended else None,
        queue_position=draw(st.none() | st.none() | st.integers(0, 3)),
    )
