from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from controller.model.condition import Condition, ConditionStatus, ConditionType, Reason
from controller.model.names import CommitId, Digest, RunId
from controller.model.recorded import (
    ExtensionCounts,
    Failure,
    RecordedRegistry,
    RecordedSync,
    RevisionRecord,
    RevisionState,
)
from controller.model.registry import Artifact, PublishedExtension
from controller.model.sync import (
    ActiveRun,
    ResolvedConnector,
    RunCounts,
    RunMode,
    RunRecord,
    RunResult,
    Trigger,
)
from controller.resources.status import (
    recorded_registry,
    recorded_sync,
    status_of_registry,
    status_of_sync,
)
from tests.resources.shelf import schema

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SHA = f"sha256:{'1' * 64}"
TIMES = st.integers(0, 10**6).map(lambda seconds: NOON + timedelta(seconds=seconds))
WORDS = st.text("abc:/ ", min_size=1, max_size=8)
MAYBE = WORDS | st.just("")

CONDITIONS = st.lists(
    st.builds(
        Condition,
        type=st.sampled_from(ConditionType),
        status=st.sampled_from(ConditionStatus),
        reason=st.sampled_from(Reason),
        message=MAYBE,
        last_transition=TIMES,
        observed_generation=st.integers(0, 9),
    ),
    max_size=3,
).map(lambda conditions: {condition.type: condition for condition in conditions})
FAILURES = st.none() | st.builds(Failure, st.sampled_from(Reason), WORDS, MAYBE, st.booleans())
RECORDS = st.builds(
    RunRecord,
    run_id=WORDS.map(RunId),
    trigger=st.sampled_from(Trigger),
    mode=st.sampled_from(RunMode),
    attempt=st.integers(1, 9),
    result=st.sampled_from(RunResult),
    reason=WORDS,
    revision=MAYBE,
    digest=MAYBE,
    started_at=TIMES,
    ended_at=TIMES,
    counts=st.builds(RunCounts, scanned=st.integers(0, 9), requests=st.integers(0, 9)),
    message=MAYBE,
    hint=MAYBE,
    retryable=st.booleans(),
)
SYNCS = st.builds(
    RecordedSync,
    observed_generation=st.integers(-1, 9),
    conditions=CONDITIONS,
    resolved=st.none()
    | st.builds(
        ResolvedConnector,
        registry=WORDS,
        revision=WORDS,
        root=WORDS,
        path=WORDS,
        digest=WORDS.map(Digest),
        version=MAYBE,
    ),
    last_attempted_generation=st.none() | st.integers(0, 9),
    last_attempted_inputs=MAYBE,
    last_handled_reconcile_at=MAYBE,
    last_schedule_time=st.none() | TIMES,
    next_full_sync_time=st.none() | TIMES,
    documents=st.integers(0, 10**9),
    failures=st.integers(0, 9),
    error=FAILURES,
    active=st.none()
    | st.builds(
        ActiveRun,
        run_id=WORDS.map(RunId),
        trigger=st.sampled_from(Trigger),
        mode=st.sampled_from(RunMode),
        attempt=st.integers(1, 9),
        started_at=TIMES,
        generation=st.integers(1, 9),
        digest=MAYBE,
        inputs=MAYBE,
        revision=MAYBE,
        token=MAYBE,
        full_token=MAYBE,
    ),
    history=st.lists(RECORDS, max_size=2).map(tuple),
)
COMMIT = "a" * 40
ARTIFACT = Artifact(
    f"main@sha1:{COMMIT}", CommitId(COMMIT), Digest(SHA), "/registries/a", 10, 2, NOON
)
REGISTRIES = st.builds(
    RecordedRegistry,
    observed_generation=st.integers(-1, 9),
    conditions=CONDITIONS,
    artifact=st.sampled_from(
        [
            None,
            ARTIFACT,
            replace(ARTIFACT, revision=f"sha1:{COMMIT}"),
            replace(ARTIFACT, revision=f"main@sha1:{COMMIT}+dirty"),
            replace(ARTIFACT, revision="dir+dirty", commit=CommitId("")),
        ]
    ),
    remote_revision=MAYBE,
    failures=st.integers(0, 9),
    error=FAILURES,
    counts=st.builds(ExtensionCounts, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)),
    extensions=st.lists(
        st.builds(
            PublishedExtension,
            kind=st.sampled_from(["connector", "tool", "agent"]),
            name=WORDS,
            path=WORDS,
            digest=WORDS.map(Digest),
        ),
        max_size=2,
    ).map(tuple),
    truncated=st.booleans(),
    history=st.lists(
        st.builds(
            RevisionRecord,
            revision=WORDS,
            digest=MAYBE,
            first_observed=TIMES,
            state=st.sampled_from(RevisionState),
        ),
        max_size=2,
    ).map(tuple),
)
SPARING = settings(max_examples=min(settings().max_examples, 150))


def closed(node: object) -> object:
    """Make a schema refuse fields that it does not name, as the API server prunes them."""
    if isinstance(node, list):
        return [closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    made = {key: closed(value) for key, value in node.items()}
    if isinstance(node.get("properties"), dict) and "type" in node:
        made["additionalProperties"] = False
    return made


def validator(kind: str) -> Draft202012Validator:
    """Check the status of a kind."""
    properties = schema(kind)["properties"]
    assert isinstance(properties, dict)
    status = closed(properties["status"])
    assert isinstance(status, dict)
    return Draft202012Validator(status)


SYNC_STATUS, REGISTRY_STATUS = validator("ConnectorSync"), validator("Registry")


@SPARING
@given(SYNCS)
def test_the_status_of_a_sync_fits_its_crd_and_comes_back_as_it_was(recorded: RecordedSync) -> None:
    body = status_of_sync(recorded)

    assert list(SYNC_STATUS.iter_errors(body)) == []
    assert recorded_sync(body) == recorded


@SPARING
@given(REGISTRIES)
def test_the_status_of_a_registry_fits_its_crd_and_comes_back_as_it_was(
    recorded: RecordedRegistry,
) -> None:
    body = status_of_registry(recorded)

    assert list(REGISTRY_STATUS.iter_errors(body)) == []
    assert recorded_registry(body) == recorded


def test_a_new_resource_has_an_empty_status() -> None:
    assert recorded_sync({}) == RecordedSync()
    assert recorded_sync({"observedGeneration": -1}) == RecordedSync()
    assert recorded_registry({}) == RecordedRegistry()


def test_a_status_says_nothing_that_is_not_known() -> None:
    assert status_of_sync(RecordedSync()) == {
        "observedGeneration": -1,
        "documents": 0,
        "failures": 0,
    }


def test_a_condition_of_a_newer_release_is_left_out_and_its_reason_read_as_ours() -> None:
    row = {"status": "True", "reason": "NeverHeardOf", "message": "", "lastTransitionTime": "now"}
    status = {"conditions": [{"type": "Levitating", **row}, {"type": "Ready", **row}]}

    read = recorded_sync(status)

    assert list(read.conditions) == [ConditionType.READY]
    assert read.conditions[ConditionType.READY].reason is Reason.INTERNAL_ERROR


def test_a_long_failure_is_cut_to_what_the_crd_takes() -> None:
    long = RecordedSync(error=Failure(Reason.SCRIPT_ERROR, "m" * 9000, "h" * 9000))

    assert list(SYNC_STATUS.iter_errors(status_of_sync(long))) == []


def schema_fields(kind: str, *path: str) -> set[str]:
    """List the fields of a part of the status as the CRD has them."""
    node = schema(kind)["properties"]
    assert isinstance(node, dict)
    node = node["status"]
    for step in path:
        node = node["properties"][step]
        node = node.get("items", node)
    return set(node["properties"])


def written_fields(body: object) -> Iterator[str]:
    """List the fields of a part of a status as we write it."""
    if isinstance(body, list):
        for each in body:
            yield from written_fields(each)
    elif isinstance(body, dict):
        yield from body


FULL_RECORD = RunRecord(
    RunId("r"),
    Trigger.RETRY,
    RunMode.FULL,
    2,
    RunResult.FAILED,
    "Timeout",
    "main",
    SHA,
    NOON,
    NOON,
    RunCounts(),
    "slow",
    "wait",
    retryable=True,
)
FULL_SYNC = RecordedSync(
    observed_generation=1,
    conditions={
        ConditionType.READY: Condition(
            ConditionType.READY, ConditionStatus.TRUE, Reason.SUCCEEDED, "good", NOON, 1
        )
    },
    resolved=ResolvedConnector("default/a", "main", "/a", "c.lua", Digest(SHA), "1.0"),
    last_attempted_generation=1,
    last_attempted_revision="main",
    last_attempted_digest=SHA,
    last_attempted_inputs="i",
    last_applied_revision="main",
    last_applied_digest=SHA,
    last_handled_reconcile_at="t",
    last_handled_full_sync_at="t",
    last_schedule_time=NOON,
    last_successful_time=NOON,
    last_full_sync_time=NOON,
    next_schedule_time=NOON,
    next_full_sync_time=NOON,
    error=Failure(Reason.TIMEOUT, "slow", "wait"),
    active=ActiveRun(
        RunId("r"), Trigger.RETRY, RunMode.FULL, 2, NOON, 1, SHA, "i", "main", "t", "f"
    ),
    history=(FULL_RECORD,),
)
FULL_REGISTRY = RecordedRegistry(
    conditions=FULL_SYNC.conditions,
    artifact=ARTIFACT,
    remote_revision="main",
    last_attempted_revision="main",
    last_handled_reconcile_at="t",
    error=FULL_SYNC.error,
    extensions=(PublishedExtension("tool", "t", "t.lua", Digest(SHA)),),
    truncated=True,
    history=(RevisionRecord("main", SHA, NOON, RevisionState.PUBLISHED),),
)


@pytest.mark.parametrize(
    "path", [(), ("conditions",), ("resolved",), ("error",), ("active",), ("history",)]
)
def test_every_field_of_a_sync_status_in_the_crd_is_written(path: tuple[str, ...]) -> None:
    body: object = status_of_sync(FULL_SYNC)
    for step in path:
        assert isinstance(body, dict)
        body = body[step]

    assert set(written_fields(body)) == schema_fields("ConnectorSync", *path)


@pytest.mark.parametrize(
    "path", [(), ("conditions",), ("artifact",), ("error",), ("counts",), ("extensions",), ("history",)]
)  # fmt: skip
def test_every_field_of_a_registry_status_in_the_crd_is_written(path: tuple[str, ...]) -> None:
    body: object = status_of_registry(FULL_REGISTRY)
    for step in path:
        assert isinstance(body, dict)
        body = body[step]

    assert set(written_fields(body)) == schema_fields("Registry", *path)


def test_the_counts_of_a_run_are_those_of_the_crd() -> None:
    assert schema_fields("ConnectorSync", "history", "items") == {
        field.name for field in fields(RunCounts)
    }


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (("active", "trigger"), Trigger),
        (("active", "mode"), RunMode),
        (("history", "trigger"), Trigger),
        (("history", "mode"), RunMode),
        (("history", "outcome"), RunResult),
    ],
)
def test_the_words_of_the_crd_are_those_of_the_model(
    path: tuple[str, str], words: type[Trigger | RunMode | RunResult]
) -> None:
    properties = schema("ConnectorSync")["properties"]
    assert isinstance(properties, dict)
    part = properties["status"]["properties"][path[0]]
    part = part.get("items", part)

    assert part["properties"][path[1]]["enum"] == [str(word) for word in words]
