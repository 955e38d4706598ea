"""What a Registry's status says: the revision on the disk, what the remote has, what failed."""

from dataclasses import replace
from datetime import datetime

from controller.instants import format_instant
from controller.model.condition import ConditionType, Reason
from controller.model.recorded import (
    ExtensionCounts,
    Failure,
    RecordedRegistry,
    RevisionRecord,
    RevisionState,
)
from controller.model.registry import (
    DesiredRegistry,
    PublishedExtension,
    RevisionIndex,
    UpdatePolicy,
)
from controller.reconcile.board import Said, false, is_true, several, short, true, unknown
from controller.reconcile.observed import ObservedRegistry
from controller.reconcile.registry import (
    Setback,
    held_back,
    is_current,
    refusal,
    retry_time,
    setback,
)

MOST_EXTENSIONS = 200
MOST_REVISIONS = 5
STORAGE_REASONS = frozenset(
    {Reason.CHECKOUT_FAILED, Reason.UNSAFE_PATH, Reason.LIMIT_EXCEEDED, Reason.DISK_FULL}
)
MANIFEST_REASONS = frozenset({Reason.PARSE_ERROR, Reason.MISSING_SCRIPT, Reason.SCRIPT_INVALID})


def take_facts(
    desired: DesiredRegistry, observed: ObservedRegistry, now: datetime
) -> RecordedRegistry:
    """Take what is on the disk and what the remote said into the status; conditions follow."""
    recorded, look = observed.recorded, observed.look
    rejected = refusal(desired, observed)
    failed = setback(desired, observed)
    recorded = replace(
        _with_published(recorded, observed),
        failures=observed.failures,
        error=failed.failure if failed is not None else None,
        history=_history(desired, observed, now),
    )
    if look is None:
        return recorded
    if look.failure is None:
        recorded = replace(recorded, remote_revision=look.revision)
    current = is_current(desired, observed)
    if rejected is not None or current:
        recorded = replace(recorded, last_attempted_revision=look.revision)
    if current or (failed is not None and _is_answer(desired)):
        handled = look.token or recorded.last_handled_reconcile_at
        recorded = replace(recorded, last_handled_reconcile_at=handled)
    return recorded


def registry_conditions(
    desired: DesiredRegistry, observed: ObservedRegistry
) -> tuple[Said | None, ...]:
    """Say how a Registry stands."""
    failed = setback(desired, observed)
    failure = failed.failure if failed is not None else None
    return (
        _ready(desired, observed, failure),
        _reconciling(desired, observed, failed),
        _stalled(failure),
        _in_storage(observed),
        _failed(ConditionType.FETCH_FAILED, failure),
        _failed(ConditionType.STORAGE_FAILED, failure),
        _manifest_valid(observed, failure),
        _update_available(desired, observed, failure),
    )


def _is_answer(desired: DesiredRegistry) -> bool:
    # With OnRequest the request is what lets the registry move: it stays open
    # until it moved, else a lost connection would swallow it.
    return desired.update_policy is UpdatePolicy.AUTOMATIC


def _with_published(recorded: RecordedRegistry, observed: ObservedRegistry) -> RecordedRegistry:
    if observed.published is None:
        return replace(
            recorded, artifact=None, counts=ExtensionCounts(), extensions=(), truncated=False
        )
    index = observed.published.index
    return replace(
        recorded,
        artifact=index.artifact,
        counts=_counts(index),
        extensions=tuple(_brief(each) for each in index.extensions[:MOST_EXTENSIONS]),
        truncated=len(index.extensions) > MOST_EXTENSIONS,
    )


def _counts(index: RevisionIndex) -> ExtensionCounts:
    kinds = [extension.kind for extension in index.extensions]
    return ExtensionCounts(kinds.count("connector"), kinds.count("tool"), kinds.count("agent"))


def _brief(extension: PublishedExtension) -> PublishedExtension:
    return PublishedExtension(extension.kind, extension.name, extension.path, extension.digest)


def _history(
    desired: DesiredRegistry, observed: ObservedRegistry, now: datetime
) -> tuple[RevisionRecord, ...]:
    history = observed.recorded.history
    if observed.published is not None:
        artifact = observed.published.index.artifact
        known = _newest(history, RevisionState.PUBLISHED)
        if known is None or known.digest != artifact.digest:
            fresh = RevisionRecord(artifact.revision, artifact.digest, now, RevisionState.PUBLISHED)
            history = (fresh, *history)
    rejected = refusal(desired, observed)
    if rejected is not None:
        known = _newest(history, RevisionState.REJECTED)
        if known is None or known.revision != rejected.revision:
            fresh = RevisionRecord(rejected.revision, "", now, RevisionState.REJECTED)
            history = (fresh, *history)
    return history[:MOST_REVISIONS]


def _newest(history: tuple[RevisionRecord, ...], state: RevisionState) -> RevisionRecord | None:
    return next((record for record in history if record.state is state), None)


def _ready(desired: DesiredRegistry, observed: ObservedRegistry, failure: Failure | None) -> Said:
    kind, published = ConditionType.READY, observed.published
    if failure is not None:
        serving = f"; {_at(observed)} stays" if published is not None else ""
        return false(kind, failure.reason, f"{failure.message}{serving}")
    if published is None:
        return unknown(kind, Reason.PROGRESSING, "no revision is on the disk yet")
    settled = is_current(desired, observed) or held_back(desired, observed)
    before = observed.recorded
    steady = before.observed_generation == desired.generation and is_true(before.conditions, kind)
    # Between the look and the publication the old revision is served as before.
    if settled or steady:
        return true(kind, Reason.SUCCEEDED, f"stored {_at(observed)}: {_contents(published.index)}")
    return unknown(kind, Reason.PROGRESSING, f"generation {desired.generation} is not laid out yet")


def _reconciling(
    desired: DesiredRegistry, observed: ObservedRegistry, failed: Setback | None
) -> Said | None:
    kind, look = ConditionType.RECONCILING, observed.look
    if failed is not None:
        if not failed.failure.retryable:
            return None
        again = format_instant(retry_time(desired, observed, failed.at))
        message = f"failed {several(observed.failures, 'time')} in a row, next attempt at {again}"
        return true(kind, Reason.PROGRESSING_WITH_RETRY, message)
    if look is None:
        if observed.published is not None:
            return None
        return true(kind, Reason.PROGRESSING, f"asking {desired.url}")
    if is_current(desired, observed) or held_back(desired, observed):
        return None
    if observed.published is not None and observed.published.version == look.version:
        message = f"laying {short(look.revision)} out anew"
        return true(kind, Reason.PROGRESSING, message)
    return true(kind, Reason.NEW_REVISION, f"fetching {short(look.revision)}")


def _stalled(failure: Failure | None) -> Said | None:
    if failure is None or failure.retryable:
        return None
    message = "waits for a change of the spec or a new revision"
    return true(ConditionType.STALLED, failure.reason, message)


def _in_storage(observed: ObservedRegistry) -> Said | None:
    kind = ConditionType.ARTIFACT_IN_STORAGE
    if observed.published is not None:
        return true(kind, Reason.SUCCEEDED, f"stored {_at(observed)}")
    before = observed.recorded
    if before.artifact is None and kind not in before.conditions:
        return None
    return false(kind, Reason.MISSING, "the revision that was published is not on the disk")


def _failed(kind: ConditionType, failure: Failure | None) -> Said | None:
    if failure is None or _part(failure) is not kind:
        return None
    return true(kind, failure.reason, failure.message)


def _manifest_valid(observed: ObservedRegistry, failure: Failure | None) -> Said | None:
    kind = ConditionType.MANIFEST_VALID
    if failure is not None and _part(failure) is kind:
        return false(kind, failure.reason, failure.message)
    if observed.published is None:
        return None
    warnings = observed.published.index.warnings
    if warnings:
        more = f" (and {len(warnings) - 1} more)" if len(warnings) > 1 else ""
        return true(kind, Reason.SUCCEEDED_WITH_WARNINGS, f"{warnings[0]}{more}")
    return true(kind, Reason.SUCCEEDED, _contents(observed.published.index))


def _update_available(
    desired: DesiredRegistry, observed: ObservedRegistry, failure: Failure | None
) -> Said | None:
    look = observed.look
    if failure is not None or look is None or not held_back(desired, observed):
        return None
    message = (
        f"{short(look.revision)} is there; annotate the Registry with"
        " contextharness.dev/reconcile-requested-at to move to it"
    )
    return true(ConditionType.UPDATE_AVAILABLE, Reason.NEW_REVISION, message)


def _part(failure: Failure) -> ConditionType:
    if failure.reason in STORAGE_REASONS:
        return ConditionType.STORAGE_FAILED
    if failure.reason in MANIFEST_REASONS:
        return ConditionType.MANIFEST_VALID
    return ConditionType.FETCH_FAILED


def _at(observed: ObservedRegistry) -> str:
    return short(observed.published.index.artifact.revision) if observed.published else ""


def _contents(index: RevisionIndex) -> str:
    counts = _counts(index)
    return ", ".join(
        (
            several(counts.connectors, "connector"),
            several(counts.tools, "tool"),
            several(counts.agents, "agent"),
        )
    )
