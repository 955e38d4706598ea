"""One ConnectorSync on a laptop: its four callables for the cycle."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from controller.dev.inputs import Inputs, Values, resolve_inputs
from controller.dev.resolve import Candidate, Found, config_problem, resolve_connector, run_request
from controller.dev.runs import Event, RunningScan
from controller.errors import HarnessError, StateError
from controller.model.condition import ConditionType, Reason
from controller.model.names import RunId
from controller.model.recorded import Failure, RecordedSync, failure_of
from controller.model.sync import ActiveRun, DesiredSync, RunError, RunResult, SyncOutcome
from controller.reconcile.actions import RecordOutcome, StartRun, StopRun, SyncAction, begun
from controller.reconcile.cycle import cycle
from controller.reconcile.observed import ObservedSync, unfinished_run
from controller.reconcile.status import sync_status
from controller.reconcile.sync import lost, plan_sync


@dataclass(frozen=True, slots=True)
class SyncRoom:
    """What all ConnectorSyncs of one `ctx dev` share."""

    database: Path
    runs: Path
    salt: bytes
    environment: Mapping[str, str]
    clock: Callable[[], datetime]
    candidates: Callable[[], Sequence[Candidate]]
    values: Callable[[], Values]
    send: Callable[[Event], None]
    queue_position: Callable[[str], int | None]
    """How many syncs wait before this one; None when a place is free."""
    closed_run: Callable[[DesiredSync, RunId], SyncOutcome | None]
    """What the store knows of a run whose process is gone."""
    save: Callable[[DesiredSync, RecordedSync], None]


class SyncKeeper:
    """Reconciles one ConnectorSync; everything happens in the loop's own thread."""

    def __init__(self, room: SyncRoom, desired: DesiredSync) -> None:
        self._room = room
        self.desired = desired
        self.recorded = RecordedSync()
        self._run: ActiveRun | None = None
        self._scan: RunningScan | None = None
        self._outcome: SyncOutcome | None = None
        self._root = ""

    @property
    def key(self) -> str:
        """Name it as `namespace/name`."""
        return f"{self.desired.namespace}/{self.desired.name}"

    @property
    def scan(self) -> RunningScan | None:
        """The run whose process is alive."""
        return self._scan

    @property
    def root(self) -> Path | None:
        """The registry's directory that the running scan reads."""
        return Path(self._root) if self._scan is not None and self._root else None

    @property
    def is_queued(self) -> bool:
        """Say whether it is due and waits for a place."""
        reconciling = self.recorded.conditions.get(ConditionType.RECONCILING)
        return reconciling is not None and reconciling.reason is Reason.QUEUED

    def restore(self, recorded: RecordedSync) -> None:
        """Take up the status that an earlier `ctx dev` left."""
        self.recorded = recorded

    def ended(self, run_id: RunId, outcome: SyncOutcome | None) -> None:
        """Take in that the process of a run is gone."""
        if self._scan is not None and self._scan.request.run_id == run_id:
            self._scan = None
            self._outcome = outcome or self._room.closed_run(self.desired, run_id)

    def round(self) -> timedelta | None:
        """Observe, plan, execute, report; say when to come again."""
        return cycle(self._observe, plan_sync, self._execute, self._report, self._room.clock)

    def _observe(self) -> tuple[DesiredSync, ObservedSync]:
        desired = self.desired
        found = resolve_connector(desired, self._room.candidates())
        inputs, problem = self._inputs(desired)
        if problem is None and isinstance(found, Found):
            problem = config_problem(desired, found)
        observed = ObservedSync(
            recorded=self.recorded,
            resolved=found.connector if isinstance(found, Found) else None,
            unresolved=found if isinstance(found, Failure) else None,
            inputs=inputs.digest,
            config_problem=problem,
            run=self._run,
            running=self._scan is not None,
            outcome=self._outcome,
            queue_position=self._room.queue_position(self.key),
        )
        return desired, self._with_lost_run(desired, observed)

    def _with_lost_run(self, desired: DesiredSync, observed: ObservedSync) -> ObservedSync:
        """Ask the store about a run that an earlier `ctx dev` started and did not see the end of."""
        run = unfinished_run(observed)
        if run is None or observed.running or observed.outcome is not None:
            return observed
        return replace(observed, outcome=self._room.closed_run(desired, run.run_id))

    def _inputs(self, desired: DesiredSync) -> tuple[Inputs, Failure | None]:
        try:
            return resolve_inputs(desired, self._room.values(), self._room.salt), None
        except HarnessError as error:
            return Inputs({}, ""), failure_of(error)

    def _execute(
        self, desired: DesiredSync, observed: ObservedSync, action: SyncAction
    ) -> ObservedSync:
        match action:
            case StartRun():
                return self._start(desired, observed, action)
            case StopRun():
                if self._scan is not None:
                    self._scan.ask_to_stop()
                return observed
            case RecordOutcome():
                # The report writes it; from then on the history knows the run.
                self._run, self._outcome = None, None
                return replace(observed, run=action.run, outcome=action.outcome, running=False)

    def _start(self, desired: DesiredSync, observed: ObservedSync, start: StartRun) -> ObservedSync:
        room = self._room
        inputs, _ = self._inputs(desired)
        run = begun(start, room.clock())
        scan = RunningScan(self.key, run_request(desired, start, room.database), room.runs)
        self._run, self._outcome, self._root = run, None, start.resolved.root
        # Written before the process exists: killed in between, the next start finds
        # a run without a process and asks the store, instead of losing sight of one.
        started = replace(observed, run=run, running=True, outcome=None)
        self._report(desired, started, room.clock())
        try:
            scan.start(room.environment, inputs.values, room.send)
        except (HarnessError, OSError) as error:
            failed = replace(
                lost(run, desired, room.clock()), result=RunResult.FAILED, error=_unstarted(error)
            )
            return replace(started, recorded=self.recorded, running=False, outcome=failed)
        self._scan = scan
        return replace(started, recorded=self.recorded)

    def _report(self, desired: DesiredSync, observed: ObservedSync, now: datetime) -> None:
        recorded = sync_status(desired, observed, now)
        if recorded != self.recorded:
            self._room.save(desired, recorded)
            self.recorded = recorded


def _unstarted(error: HarnessError | OSError) -> RunError:
    """Say why the process of a run could not be started."""
    if isinstance(error, HarnessError):
        return RunError(error.reason, error.message, error.hint or "", error.retryable)
    return RunError(
        StateError.reason, f"the run could not be started: {error.strerror}", retryable=True
    )
