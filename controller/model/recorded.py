"""What the status of a resource says: all that survives a restart of the shell."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from controller.errors import HarnessError
from controller.model.condition import Condition, ConditionType, Reason
from controller.model.registry import Artifact, PublishedExtension
from controller.model.sync import ActiveRun, ResolvedConnector, RunError, RunRecord


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a step did not work, as `status.error` shows it."""

    reason: Reason
    message: str
    hint: str = ""
    retryable: bool = True


def failure_of(error: HarnessError | RunError) -> Failure:
    """Put an error into the words of a status; a reason we do not know is InternalError."""
    return Failure(reason_of(error.reason), error.message, error.hint or "", error.retryable)


def reason_of(word: str) -> Reason:
    """Read a reason; one of a newer release becomes InternalError, never a crash."""
    try:
        return Reason(word)
    except ValueError:
        return Reason.INTERNAL_ERROR


@dataclass(frozen=True, slots=True)
class RecordedSync:
    """The status of a ConnectorSync; the defaults are those of a resource never looked at."""

    observed_generation: int = -1
    conditions: Mapping[ConditionType, Condition] = field(default_factory=dict)
    resolved: ResolvedConnector | None = None
    last_attempted_generation: int | None = None
    last_attempted_revision: str = ""
    last_attempted_digest: str = ""
    last_attempted_inputs: str = ""
    last_applied_revision: str = ""
    last_applied_digest: str = ""
    last_handled_reconcile_at: str = ""
    last_handled_full_sync_at: str = ""
    last_schedule_time: datetime | None = None
    last_successful_time: datetime | None = None
    last_full_sync_time: datetime | None = None
    next_schedule_time: datetime | None = None
    next_full_sync_time: datetime | None = None
    documents: int = 0
    failures: int = 0
    """Failed runs in a row."""
    error: Failure | None = None
    """Why Ready is not True: what keeps a run from starting, else the last run's."""
    active: ActiveRun | None = None
    history: tuple[RunRecord, ...] = ()
    """Newest first, at most `spec.historyLimit`."""


class RevisionState(StrEnum):
    """What became of a revision; the words of a Registry's `status.history[].status`."""

    PUBLISHED = "Published"
    REJECTED = "Rejected"


@dataclass(frozen=True, slots=True)
class RevisionRecord:
    """A revision that was published, or refused, as `status.history` shows it."""

    revision: str
    digest: str
    first_observed: datetime
    state: RevisionState


@dataclass(frozen=True, slots=True)
class ExtensionCounts:
    """How many extensions a published revision holds, even where the list is cut."""

    connectors: int = 0
    tools: int = 0
    agents: int = 0


@dataclass(frozen=True, slots=True)
class RecordedRegistry:
    """The status of a Registry; the defaults are those of a resource never looked at."""

    observed_generation: int = -1
    conditions: Mapping[ConditionType, Condition] = field(default_factory=dict)
    artifact: Artifact | None = None
    remote_revision: str = ""
    """What the remote has; differs from the artifact's only while an update waits or fails."""
    last_attempted_revision: str = ""
    last_handled_reconcile_at: str = ""
    failures: int = 0
    """Failed attempts in a row."""
    error: Failure | None = None
    counts: ExtensionCounts = ExtensionCounts()
    extensions: tuple[PublishedExtension, ...] = ()
    """At most 200; of each only kind, name, path and digest."""
    truncated: bool = False
    history: tuple[RevisionRecord, ...] = ()
    """Newest first, at most five."""
