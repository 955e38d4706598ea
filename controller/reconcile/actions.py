"""The closed set of steps that a plan may name; shells carry them out."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from controller.model.names import RunId
from controller.model.sync import ActiveRun, ResolvedConnector, RunMode, SyncOutcome, Trigger


@dataclass(frozen=True, slots=True)
class StartRun:
    """
    Start a run; asking twice for the same run id must start one.

    `begun` turns it into the ActiveRun that the status shows once it is started.
    """

    run_id: RunId
    trigger: Trigger
    mode: RunMode
    attempt: int
    resolved: ResolvedConnector
    generation: int
    inputs: str
    token: str = ""
    full_token: str = ""


@dataclass(frozen=True, slots=True)
class StopRun:
    """End a run that is alive: its resource is gone, or its deadline long past."""

    run_id: RunId


@dataclass(frozen=True, slots=True)
class RecordOutcome:
    """A run ended and the status does not say so yet; the report writes it, an event tells it."""

    run: ActiveRun
    outcome: SyncOutcome


SyncAction = StartRun | StopRun | RecordOutcome


@dataclass(frozen=True, slots=True)
class Fetch:
    """Ask the remote where the reference stands, with credentials read anew."""

    trigger: Trigger
    token: str = ""
    """The request that this look answers."""


@dataclass(frozen=True, slots=True)
class Publish:
    """Bring the revision onto the disk, check it, and make it the current one."""

    revision: str
    version: str


@dataclass(frozen=True, slots=True)
class KeepLast:
    """A newer revision is there and stays where it is, since nobody asked for it."""

    revision: str


@dataclass(frozen=True, slots=True)
class Collect:
    """Remove published revisions that nobody needs; the newest `keep` stay."""

    keep: int


RegistryAction = Fetch | Publish | KeepLast | Collect

StepT_co = TypeVar("StepT_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Plan(Generic[StepT_co]):
    """Steps to take now, in order, and when to look again if nothing else happens."""

    actions: tuple[StepT_co, ...] = ()
    look_again: timedelta | None = None


def begun(start: StartRun, at: datetime) -> ActiveRun:
    """Describe a run that was started just now, for the status and for the next look."""
    return ActiveRun(
        run_id=start.run_id,
        trigger=start.trigger,
        mode=start.mode,
        attempt=start.attempt,
        started_at=at,
        generation=start.generation,
        digest=start.resolved.digest,
        inputs=start.inputs,
        revision=start.resolved.revision,
        token=start.token,
        full_token=start.full_token,
    )
