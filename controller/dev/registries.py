"""One Registry on a laptop: its four callables for the cycle."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from controller.dev.lint import ScriptChecker
from controller.dev.resolve import credentials_of
from controller.errors import HarnessError
from controller.git.credentials import credentials_from
from controller.git.remote import GitWorkers, Remote
from controller.git.worktree import fingerprint
from controller.model.recorded import RecordedRegistry, failure_of
from controller.model.registry import Artifact, DesiredRegistry, RevisionIndex
from controller.reconcile.actions import Collect, Fetch, KeepLast, Publish, RegistryAction
from controller.reconcile.cycle import cycle
from controller.reconcile.observed import (
    ObservedRegistry,
    Published,
    look_failed,
    looked,
    publication,
    publish_failed,
)
from controller.reconcile.registry import plan_registry
from controller.reconcile.status import registry_status
from controller.registry.refresh import current_index, refresh, refresh_worktree
from controller.registry.revisions import collect, surplus


@dataclass(frozen=True, slots=True)
class RegistryRoom:
    """What all registries of one `ctx dev` share."""

    workers: GitWorkers
    checker: ScriptChecker
    home: Path
    clock: Callable[[], datetime]
    pinned: Callable[[], frozenset[Path]]
    """Directories that running scans use."""
    save: Callable[[DesiredRegistry, RecordedRegistry], None]


class RegistryKeeper:
    """
    Reconciles one Registry.

    `round` runs in a worker thread, one at a time; the loop sets `desired`,
    `secret` and `nudged_at` between rounds and reads `index` at any time.
    """

    def __init__(self, room: RegistryRoom, desired: DesiredRegistry) -> None:
        self._room = room
        self.desired = desired
        self.worktree: Path | None = None
        """A directory in the place of the URL: `--registry NAME=DIR`."""
        self.secret: Mapping[str, str] = {}
        self.nudged_at: datetime | None = None
        self.recorded = RecordedRegistry()
        self._observed = ObservedRegistry()

    @property
    def index(self) -> RevisionIndex | None:
        """What lies published; consumers pin its path."""
        published = self._observed.published
        return published.index if published is not None else None

    def restore(self, recorded: RecordedRegistry) -> None:
        """Take up what an earlier `ctx dev` left: its status, and the revision on the disk."""
        self.recorded = recorded
        index = current_index(self._room.home, self.desired.uid)
        published = (
            Published(index, _version(index.artifact), recorded.observed_generation)
            if index is not None
            else None
        )
        self._observed = replace(self._observed, recorded=recorded, published=published)

    def round(self) -> timedelta | None:
        """Observe, plan, execute, report; say when to come again."""
        return cycle(self._observe, plan_registry, self._execute, self._report, self._room.clock)

    def _observe(self) -> tuple[DesiredRegistry, ObservedRegistry]:
        desired = self.desired
        inputs = sha256(repr(sorted(self.secret.items())).encode()).hexdigest()[:16]
        self._observed = replace(
            self._observed,
            recorded=self.recorded,
            inputs=inputs if self.secret else "",
            nudged_at=self.nudged_at,
            surplus=surplus(
                self._room.home,
                desired.uid,
                desired.revision_history_limit,
                self._room.pinned(),
            ),
        )
        return desired, self._observed

    def _execute(
        self, desired: DesiredRegistry, observed: ObservedRegistry, action: RegistryAction
    ) -> ObservedRegistry:
        match action:
            case Fetch():
                observed = self._look(desired, observed)
            case Publish():
                observed = self._publish(desired, observed, action.version)
            case KeepLast():
                pass
            case Collect():
                collect(self._room.home, desired.uid, keep=action.keep, pinned=self._room.pinned())
                observed = replace(observed, surplus=0)
        self._observed = observed
        return observed

    def _look(self, desired: DesiredRegistry, observed: ObservedRegistry) -> ObservedRegistry:
        at = self._room.clock()
        missing = credentials_of(desired, self.secret)
        if missing is not None:
            return look_failed(observed, desired, at, missing)
        try:
            if self.worktree is not None:
                found = fingerprint(self.worktree / desired.path)
                # A commit that changes no file moves the revision all the same.
                version = f"{found.digest} {found.revision}"
                return looked(observed, desired, at, version, found.revision)
            head = self._room.workers.look(self._remote(desired), desired.reference)
        except HarnessError as error:
            return look_failed(observed, desired, at, failure_of(error))
        return looked(observed, desired, at, head.commit, head.revision())

    def _publish(
        self, desired: DesiredRegistry, observed: ObservedRegistry, version: str
    ) -> ObservedRegistry:
        try:
            index = self._refresh(desired)
        except HarnessError as error:
            return publish_failed(observed, desired, self._room.clock(), failure_of(error))
        if self.worktree is None:
            # The branch may have moved between the look and the fetch.
            version = index.artifact.commit
        return publication(observed, desired, version, index)

    def _refresh(self, desired: DesiredRegistry) -> RevisionIndex:
        room = self._room
        if self.worktree is not None:
            # No compile check here: a broken script is the very thing its author
            # is about to mend, and the run that meets it names file and line.
            return refresh_worktree(desired, self.worktree, room.home, _accept, room.clock())
        return refresh(
            desired,
            room.workers,
            credentials_from(self.secret),
            room.home,
            room.checker.check,
            room.clock(),
        )

    def _remote(self, desired: DesiredRegistry) -> Remote:
        return Remote(
            url=desired.url,
            credentials=credentials_from(self.secret),
            timeout=desired.timeout,
            insecure=desired.insecure,
        )

    def _report(self, desired: DesiredRegistry, observed: ObservedRegistry, now: datetime) -> None:
        recorded = registry_status(desired, observed, now)
        if recorded != self.recorded:
            self._room.save(desired, recorded)
            self.recorded = recorded


def _version(artifact: Artifact) -> str:
    """Tell what lies on the disk from what a remote may have: edits are of no commit."""
    dirty = artifact.revision.endswith("+dirty")
    return artifact.revision if dirty else artifact.commit


def _accept(root: Path, extensions: object) -> None:
    """Publish without a check."""
