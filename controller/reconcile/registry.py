"""The one place that decides when a Registry asks its remote, and what it publishes."""

from datetime import datetime, timedelta
from typing import NamedTuple

from controller.model.recorded import Failure
from controller.model.registry import DesiredRegistry, UpdatePolicy
from controller.model.sync import Trigger
from controller.reconcile.actions import Collect, Fetch, KeepLast, Plan, Publish, RegistryAction
from controller.reconcile.backoff import delay
from controller.reconcile.observed import Look, ObservedRegistry, Rejected
from controller.reconcile.schedule import interval_end

FIRST_RETRY = timedelta(seconds=1)
LONGEST_RETRY = timedelta(minutes=15)


class Setback(NamedTuple):
    """A step that failed, and when."""

    failure: Failure
    at: datetime


def plan_registry(
    desired: DesiredRegistry, observed: ObservedRegistry, now: datetime
) -> Plan[RegistryAction]:
    """
    Compare the wish with the facts and name the missing steps.

    A look at the remote comes before everything that rests on what it says; the
    last good revision stays until a better one lies complete beside it.
    """
    if desired.deleted:
        return Plan((Collect(0),)) if observed.surplus else Plan()
    if desired.suspended:
        return Plan()
    look = observed.look
    if look is None:
        return Plan((Fetch(Trigger.SPEC_CHANGED, desired.reconcile_requested_at),))
    trigger = _why_look(desired, observed, look, now)
    if trigger is not None:
        return Plan((Fetch(trigger, desired.reconcile_requested_at),))
    step = _step(desired, observed, look, now)
    if step is not None:
        return Plan((step,))
    if observed.surplus:
        return Plan((Collect(desired.revision_history_limit),))
    return Plan(look_again=_until_look(desired, observed, look, now))


def is_current(desired: DesiredRegistry, observed: ObservedRegistry) -> bool:
    """Say whether what lies on the disk is what the remote has, laid out by this spec."""
    look, published = observed.look, observed.published
    return (
        look is not None
        and published is not None
        and look.failure is None
        and published.version == look.version
        and published.generation == look.generation == desired.generation
    )


def held_back(desired: DesiredRegistry, observed: ObservedRegistry) -> bool:
    """Say whether a newer revision waits to be asked for (`updatePolicy: OnRequest`)."""
    look, published = observed.look, observed.published
    return (
        desired.update_policy is UpdatePolicy.ON_REQUEST
        and look is not None
        and look.failure is None
        and published is not None
        and published.generation == desired.generation
        and published.version != look.version
        and look.token == observed.recorded.last_handled_reconcile_at
    )


def refusal(desired: DesiredRegistry, observed: ObservedRegistry) -> Rejected | None:
    """Find the failed publication of exactly what the remote has now."""
    look, rejected = observed.look, observed.rejected
    if look is None or rejected is None or look.failure is not None:
        return None
    same = (
        rejected.version == look.version
        and rejected.generation == desired.generation
        and rejected.token == look.token
    )
    return rejected if same else None


def setback(desired: DesiredRegistry, observed: ObservedRegistry) -> Setback | None:
    """Find what failed last and has not been made good."""
    look = observed.look
    if look is not None and look.failure is not None:
        return Setback(look.failure, look.at)
    rejected = refusal(desired, observed)
    return Setback(rejected.failure, rejected.at) if rejected is not None else None


def retry_time(desired: DesiredRegistry, observed: ObservedRegistry, since: datetime) -> datetime:
    """Say when an attempt that failed at `since` is made again."""
    return since + delay(observed.failures, base=FIRST_RETRY, cap=LONGEST_RETRY, uid=desired.uid)


def _why_look(
    desired: DesiredRegistry, observed: ObservedRegistry, look: Look, now: datetime
) -> Trigger | None:
    if look.generation != desired.generation:
        return Trigger.SPEC_CHANGED
    if desired.reconcile_requested_at != look.token:
        return Trigger.REQUESTED
    if observed.inputs != look.inputs:
        return Trigger.INPUT_CHANGED
    if observed.nudged_at is not None and observed.nudged_at > look.at:
        return Trigger.REQUESTED
    if _look_time(desired, observed, look) <= now:
        return Trigger.SCHEDULE if look.failure is None else Trigger.RETRY
    return None


def _step(
    desired: DesiredRegistry, observed: ObservedRegistry, look: Look, now: datetime
) -> RegistryAction | None:
    if look.failure is not None or is_current(desired, observed):
        return None
    rejected = refusal(desired, observed)
    if rejected is not None:
        # The same content fails the same way, unless the disk or the network was to blame.
        again = rejected.failure.retryable and retry_time(desired, observed, rejected.at) <= now
        return Publish(look.revision, look.version) if again else None
    if held_back(desired, observed):
        known = observed.recorded.remote_revision == look.revision
        return None if known else KeepLast(look.revision)
    return Publish(look.revision, look.version)


def _until_look(
    desired: DesiredRegistry, observed: ObservedRegistry, look: Look, now: datetime
) -> timedelta:
    times = [_look_time(desired, observed, look)]
    rejected = refusal(desired, observed)
    if rejected is not None and rejected.failure.retryable:
        times.append(retry_time(desired, observed, rejected.at))
    return max(min(times) - now, timedelta(milliseconds=1))


def _look_time(desired: DesiredRegistry, observed: ObservedRegistry, look: Look) -> datetime:
    if look.failure is not None:
        return retry_time(desired, observed, look.at)
    return interval_end(desired.interval, look.at, desired.uid)
