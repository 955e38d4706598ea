"""All resources of one `ctx dev`: what is declared, who keeps it, what may run now."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from controller.config.manifests import FileProblem, Severity, place
from controller.dev.console import Console, Row
from controller.dev.declared import Body, Declared, Identity, read_declared
from controller.dev.inputs import Values
from controller.dev.lint import ScriptChecker
from controller.dev.registries import RegistryKeeper, RegistryRoom
from controller.dev.resolve import Candidate
from controller.dev.rows import is_ready, registry_row, sync_row, tell_registry, tell_sync
from controller.dev.runs import Event, RunEnded, RunningScan
from controller.dev.state import StateDirectory
from controller.dev.syncs import SyncKeeper, SyncRoom
from controller.errors import ConfigError, StateError
from controller.git.credentials import KEYS
from controller.git.remote import GitWorkers
from controller.model.names import RunId
from controller.model.recorded import RecordedRegistry, RecordedSync
from controller.model.registry import DesiredRegistry
from controller.model.sync import DesiredSync, SyncOutcome
from controller.resources.status import (
    recorded_registry,
    recorded_sync,
    status_of_registry,
    status_of_sync,
)
from controller.store.base import Store

NEVER_LOOKED_AT = {"observedGeneration": -1}

MOST_RUNS = 4
"""Scans at once; each is a process with a virtual machine of its own."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the fleet is built from."""

    directory: Path
    """Where the manifests lie."""
    state: StateDirectory
    secrets: Path | None
    worktrees: Mapping[str, Path]
    """Directories in the place of registries' URLs, by `name` or `namespace/name`."""
    environment: Mapping[str, str]
    proxies: Mapping[str, str]
    crds: Mapping[str, Mapping[str, object]]
    open_store: Callable[[], Store]
    console: Console
    clock: Callable[[], datetime]


class Fleet:
    """Keepers for every declared resource."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._declared = Declared()
        self._recorded: dict[Identity, Body] = around.state.load()
        self._workers = GitWorkers(around.proxies)
        self._checker = ScriptChecker()
        self._artifacts: dict[str, str] = {}
        self._told: set[str] = set()
        self._orphans: list[RunningScan] = []
        """Runs of syncs that are not declared any more, on their way out."""
        self.registries: dict[str, RegistryKeeper] = {}
        self.syncs: dict[str, SyncKeeper] = {}
        self.send: Callable[[Event], None] = _unconnected
        """Where runs send what they have to say; the loop sets it."""

    @property
    def own_directory(self) -> Path:
        """The state directory, whose changes are our own."""
        return self._around.state.root

    @property
    def has_problems(self) -> bool:
        """Say whether a file, or a resource in it, cannot be used."""
        return bool(self._declared.errors())

    def reload(self) -> None:
        """Read the manifests; keepers of resources that are gone let go of what they hold."""
        around = self._around
        before = self._declared
        self._declared = read_declared(around.directory, around.crds, self._recorded, before)
        for problem in self._declared.problems:
            if problem not in before.problems:
                self._tell_problem(problem)
        if not self.has_problems:
            self._forget_undeclared()
        for identity, accepted in self._declared.resources.items():
            status = self._recorded.get(identity, {}).get("status", NEVER_LOOKED_AT)
            self._save(identity, {**accepted.body, "status": status})
        self._keep_registries()
        self._keep_syncs()
        self._tell_oddities()

    def _tell_oddities(self) -> None:
        """Say what is no error, and surely not meant."""
        odd = []
        if not self._declared.resources and not self.has_problems:
            odd.append(
                f"no Registry and no ConnectorSync is declared below {self._around.directory}"
            )
        known = {name for key in self.registries for name in (key, key.partition("/")[2])}
        odd += [
            f"--registry {name}: no such Registry is declared"
            for name in self._around.worktrees
            if name not in known
        ]
        for text in odd:
            if text not in self._told:
                self._around.console.event("warning", "manifests.odd", problem=text)
        self._told = set(odd)

    def _forget_undeclared(self) -> None:
        # Only when every file could be read: a resource in a broken one is not gone.
        for identity in [each for each in self._recorded if each not in self._declared.resources]:
            self._around.state.forget(identity)
            del self._recorded[identity]

    def _tell_problem(self, problem: FileProblem) -> None:
        is_error = problem.severity is Severity.ERROR
        self._around.console.event(
            "error" if is_error else "info",
            "manifest.refused" if is_error else "manifest.noted",
            at=place(problem.file, problem.line),
            problem=problem.message,
        )

    def _keep_registries(self) -> None:
        kept: dict[str, RegistryKeeper] = {}
        for desired in self._declared.registries:
            keeper = self.registries.get(desired.key())
            if keeper is None:
                keeper = RegistryKeeper(self._registry_room(), desired)
                keeper.restore(recorded_registry(self._status("Registry", desired.key())))
            keeper.desired = desired
            keeper.worktree = self._worktree(desired)
            keeper.secret = self._secret_of(desired)
            kept[desired.key()] = keeper
        for key in self.registries.keys() - kept.keys():
            self._around.console.event("info", "registry.removed", registry=key)
        self.registries = kept

    def _secret_of(self, desired: DesiredRegistry) -> Mapping[str, str]:
        if desired.secret is None:
            return {}
        try:
            return self._values().secret(desired.namespace, desired.secret, KEYS)
        except ConfigError as error:
            self._around.console.event("error", "secret.refused", error=error.message)
            return {}

    def _keep_syncs(self) -> None:
        kept: dict[str, SyncKeeper] = {}
        for desired in self._declared.syncs:
            key = f"{desired.namespace}/{desired.name}"
            keeper = self.syncs.pop(key, None)
            if keeper is None:
                keeper = SyncKeeper(self._sync_room(), desired)
                keeper.restore(recorded_sync(self._status("ConnectorSync", key)))
            keeper.desired = desired
            kept[key] = keeper
        for gone in self.syncs.values():
            self._around.console.event("info", "sync.removed", sync=gone.key)
            if gone.scan is not None:
                self._around.console.event("warning", "run.stopped", sync=gone.key)
                gone.scan.ask_to_stop()
                self._orphans.append(gone.scan)
        self.syncs = kept

    def roots(self) -> list[Path]:
        """List the directories to watch."""
        around = self._around
        extra = [around.secrets] if around.secrets is not None else []
        return [around.directory, *extra, *around.worktrees.values()]

    def declares(self, changed: frozenset[Path]) -> bool:
        """Say whether the manifests, or the values beside them, may have changed."""
        return self._around.directory in changed or self._around.secrets in changed

    def nudge(self, changed: frozenset[Path], now: datetime) -> list[str]:
        """Tell registries that stand for a changed working tree; list them."""
        moved = [key for key, keeper in self.registries.items() if keeper.worktree in changed]
        for key in moved:
            self.registries[key].nudged_at = now
        return moved

    def moved(self, registry: str) -> list[str]:
        """List the syncs to look at after a round of a registry: none if nothing is new."""
        keeper = self.registries.get(registry)
        path = keeper.index.artifact.path if keeper is not None and keeper.index else ""
        revision = keeper.index.artifact.revision if keeper is not None and keeper.index else ""
        state = f"{path} {revision}"
        if self._artifacts.get(registry) == state:
            return []
        self._artifacts[registry] = state
        namespace = registry.partition("/")[0]
        return [key for key in self.syncs if key.startswith(f"{namespace}/")]

    def run_ended(self, event: RunEnded) -> None:
        """Take in that a run's process is gone."""
        keeper = self.syncs.get(event.key)
        if keeper is not None:
            keeper.ended(event.run_id, event.outcome)
        if event.outcome is None:
            self._around.console.event(
                "warning", "run.unreported", sync=event.key, ended_by=event.ended_by
            )

    def check_state(self) -> None:
        """
        Check that the state directory is still ours.

        Raises:
            StateError: It was removed.
        """
        self._around.state.require()

    def is_running(self) -> bool:
        """Say whether a run's process is alive."""
        return any(keeper.scan is not None for keeper in self.syncs.values())

    def is_all_ready(self) -> bool:
        """Say whether every resource is Ready, or suspended, and every file could be used."""
        keepers: list[RegistryKeeper | SyncKeeper] = [
            *self.registries.values(),
            *self.syncs.values(),
        ]
        ready = (
            keeper.desired.suspended
            or is_ready(keeper.recorded.conditions, keeper.desired.generation)
            for keeper in keepers
        )
        return not self.has_problems and all(ready)

    def cancel_registries(self) -> None:
        """End visits to remotes; worker threads come back at once."""
        self._workers.cancel()
        self._checker.cancel()

    def stop_runs(self) -> list[str]:
        """Stop every run, all at the same time, and name them."""
        running = {key: keeper.scan for key, keeper in self.syncs.items() if keeper.scan}
        scans = [*running.values(), *self._orphans]
        for scan in scans:
            scan.ask_to_stop()
        for scan in scans:
            scan.stop()
        return list(running)

    def close(self) -> None:
        """End the git workers."""
        self._workers.close()

    def rows(self, at: Callable[[tuple[str, str]], datetime | None]) -> list[Row]:
        """Make the table; `at` tells when a resource is looked at next."""
        return [
            *(
                registry_row(keeper.desired, keeper.recorded, at(("registry", key)))
                for key, keeper in sorted(self.registries.items())
            ),
            *(
                sync_row(keeper.desired, keeper.recorded, at(("sync", key)))
                for key, keeper in sorted(self.syncs.items())
            ),
        ]

    def _registry_room(self) -> RegistryRoom:
        around = self._around
        return RegistryRoom(
            workers=self._workers,
            checker=self._checker,
            home=around.state.registries,
            clock=around.clock,
            pinned=self._pinned,
            save=self._save_registry,
        )

    def _sync_room(self) -> SyncRoom:
        around = self._around
        return SyncRoom(
            database=around.state.database,
            runs=around.state.runs,
            salt=around.state.salt(),
            environment=around.environment,
            clock=around.clock,
            candidates=lambda: [
                Candidate(keeper.desired, keeper.index) for keeper in self.registries.values()
            ],
            values=self._values,
            send=self._send,
            queue_position=self._queue_position,
            closed_run=self._closed_run,
            save=self._save_sync,
        )

    def _send(self, event: Event) -> None:
        self.send(event)

    def _values(self) -> Values:
        return Values(
            secrets=self._declared.secrets,
            config_maps=self._declared.config_maps,
            directory=self._around.secrets,
            environment=self._around.environment,
        )

    def _worktree(self, desired: DesiredRegistry) -> Path | None:
        worktrees = self._around.worktrees
        return worktrees.get(desired.key()) or worktrees.get(desired.name)

    def _pinned(self) -> frozenset[Path]:
        """Directories that a run uses, or that a sync has resolved and may start from."""
        paths = set()
        for keeper in self.syncs.values():
            if keeper.recorded.resolved is not None:
                paths.add(Path(keeper.recorded.resolved.root))
            if keeper.root is not None:
                paths.add(keeper.root)
        return frozenset(paths)

    def _queue_position(self, key: str) -> int | None:
        """Count who waits before a sync; None when a place is free."""
        running = sum(keeper.scan is not None for keeper in self.syncs.values())
        if running < MOST_RUNS:
            return None
        waiting = [each for each, keeper in self.syncs.items() if keeper.is_queued]
        return waiting.index(key) if key in waiting else len(waiting)

    def _closed_run(self, desired: DesiredSync, run_id: RunId) -> SyncOutcome | None:
        if not self._around.state.database.exists():
            return None
        store = self._around.open_store()
        try:
            for outcome in store.runs(desired.source, 20):
                if outcome.run_id == run_id:
                    return outcome
        finally:
            store.close()
        return None

    def _save_registry(self, desired: DesiredRegistry, recorded: RecordedRegistry) -> None:
        self._save_status("Registry", desired.key(), status_of_registry(recorded))
        keeper = self.registries.get(desired.key())
        if keeper is not None:
            tell_registry(self._around.console, desired, keeper.recorded, recorded)

    def _save_sync(self, desired: DesiredSync, recorded: RecordedSync) -> None:
        key = f"{desired.namespace}/{desired.name}"
        self._save_status("ConnectorSync", key, status_of_sync(recorded))
        keeper = self.syncs.get(key)
        if keeper is not None:
            tell_sync(self._around.console, desired, keeper.recorded, recorded)

    def _save_status(self, kind: str, key: str, status: Mapping[str, object]) -> None:
        namespace, _, name = key.partition("/")
        body = self._declared.body(kind, key)
        if body is not None:
            self._save((kind, namespace, name), {**body, "status": status})

    def _save(self, identity: Identity, body: Body) -> None:
        if self._recorded.get(identity) == body:
            return
        self._recorded[identity] = body
        try:
            self._around.state.save(body)
        except StateError as error:
            # What was synced is in the store, and the next start asks it.
            self._around.console.event(
                "error", "status.unwritten", error=error.message, hint=error.hint or ""
            )

    def _status(self, kind: str, key: str) -> Mapping[str, object]:
        namespace, _, name = key.partition("/")
        status = self._recorded.get((kind, namespace, name), {}).get("status")
        return status if isinstance(status, dict) else {}


def _unconnected(event: Event) -> None:
    raise RuntimeError(f"nobody listens to {event}")
