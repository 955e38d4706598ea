"""What is told of a resource, and at which level."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from controller.dev.rows import is_ready, tell_line, tell_registry, tell_sync
from controller.model.condition import Condition, ConditionStatus, ConditionType, Reason
from controller.model.names import CommitId, Digest, ResourceName, RunId, SourceName
from controller.model.recorded import Failure, RecordedRegistry, RecordedSync
from controller.model.registry import Artifact, DesiredRegistry
from controller.model.sync import DesiredSync, RunCounts, RunMode, RunRecord, RunResult, Trigger

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SYNC = DesiredSync("default", ResourceName("x"), "u", 1, "notes", SourceName("script:x"))
REGISTRY = DesiredRegistry("default", ResourceName("team"), "u", 1, "https://example.com/x.git")
RUN = RunRecord(
    run_id=RunId("r1"),
    trigger=Trigger.SCHEDULE,
    mode=RunMode.FULL,
    attempt=1,
    result=RunResult.SUCCEEDED,
    reason="Succeeded",
    revision="main@sha1:aa",
    digest="d",
    started_at=NOON,
    ended_at=NOON + timedelta(seconds=2),
    counts=RunCounts(scanned=3, added=1, unchanged=2),
)


@dataclass
class Ear:
    heard: list[tuple[str, str, dict[str, object]]] = field(default_factory=list)

    def event(self, level: str, name: str, **facts: object) -> None:
        self.heard.append((level, name, facts))

    def show(self, rows: object, now: datetime) -> None:
        raise AssertionError(f"no table is asked for: {rows}, {now}")

    def close(self) -> None:
        raise AssertionError("nobody closes it")


def ready(status: str, reason: Reason, generation: int = 1) -> dict[ConditionType, Condition]:
    condition = Condition(
        ConditionType.READY, ConditionStatus(status), reason, "message", NOON, generation
    )
    return {ConditionType.READY: condition}


@pytest.mark.parametrize(
    ("line", "level", "text"),
    [
        ("[script:x] INFO: read 3", "info", "read 3"),
        ("[script:x] WARN: slow", "warning", "slow"),
        ("[script:x] ERROR: gone", "error", "gone"),
        ("[script:x] DEBUG: raw", "debug", "raw"),
        ("Traceback of something else", "info", "Traceback of something else"),
    ],
)
def test_a_line_of_a_script_keeps_its_level(line: str, level: str, text: str) -> None:
    ear = Ear()

    tell_line(ear, "default/x", line)

    assert ear.heard == [(level, "run.said", {"sync": "default/x", "line": text})]


def test_a_finished_run_is_told_without_what_did_not_happen() -> None:
    ear = Ear()

    tell_sync(ear, SYNC, RecordedSync(), RecordedSync(history=(RUN,), documents=3))

    [(level, name, facts)] = ear.heard
    assert (level, name) == ("info", "run.finished")
    assert facts["added"] == 1
    assert facts["seconds"] == 2.0
    assert "updated" not in facts


@pytest.mark.parametrize(
    ("result", "level"), [(RunResult.PARTIAL, "warning"), (RunResult.FAILED, "error")]
)
def test_a_failed_run_says_why_first_and_what_to_do(result: RunResult, level: str) -> None:
    ear = Ear()
    run = replace(RUN, result=result, reason="ScriptError", message="it broke")
    error = Failure(Reason.SCRIPT_ERROR, "it broke", "mend it")

    tell_sync(ear, SYNC, RecordedSync(), RecordedSync(history=(run,), error=error))

    [(heard, name, facts)] = ear.heard
    assert (heard, name) == (level, "run.failed")
    assert list(facts)[:4] == ["sync", "reason", "error", "hint"]


def test_a_registry_that_fails_and_recovers_is_told_once_each() -> None:
    ear = Ear()
    fine = RecordedRegistry(conditions=ready("True", Reason.SUCCEEDED))
    bad = RecordedRegistry(conditions=ready("False", Reason.NETWORK_ERROR))

    tell_registry(ear, REGISTRY, fine, bad)
    tell_registry(ear, REGISTRY, bad, bad)
    tell_registry(ear, REGISTRY, bad, fine)

    assert [name for _, name, _ in ear.heard] == ["registry.failed", "registry.recovered"]


def test_a_revision_is_told_when_its_content_moves_and_not_when_its_time_does() -> None:
    ear = Ear()
    artifact = Artifact("main@sha1:aa", CommitId("aa"), Digest("sha256:1"), "/r", 1, 1, NOON)
    later = replace(artifact, updated_at=NOON + timedelta(hours=1))

    tell_registry(ear, REGISTRY, RecordedRegistry(), RecordedRegistry(artifact=artifact))
    tell_registry(
        ear, REGISTRY, RecordedRegistry(artifact=artifact), RecordedRegistry(artifact=later)
    )

    assert [name for _, name, _ in ear.heard] == ["registry.published"]


def test_ready_counts_only_for_the_generation_it_is_about() -> None:
    assert is_ready(ready("True", Reason.SUCCEEDED, 2), 2)
    assert not is_ready(ready("True", Reason.SUCCEEDED, 1), 2)
    assert not is_ready(ready("False", Reason.SUCCEEDED, 2), 2)
    assert not is_ready({}, 1)
