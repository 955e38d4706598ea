"""One source: what is wanted of it, one run of it, and what came of the run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from controller.model.names import Digest, ResourceName, RunId, SourceName


class Trigger(StrEnum):
    """Why a run was started; the words of `status.history[].trigger`."""

    REQUESTED = "Requested"
    SPEC_CHANGED = "SpecChanged"
    INPUT_CHANGED = "InputChanged"
    CONNECTOR_CHANGED = "ConnectorChanged"
    SCHEDULE = "Schedule"
    FULL_SCHEDULE = "FullSchedule"
    RETRY = "Retry"


class RunMode(StrEnum):
    """Incremental hands the script its checkpoint; Full hands it none."""

    INCREMENTAL = "Incremental"
    FULL = "Full"


class RunResult(StrEnum):
    """How a run ended; the words of `status.history[].outcome`."""

    SUCCEEDED = "Succeeded"
    PARTIAL = "Partial"
    FAILED = "Failed"
    TIMED_OUT = "TimedOut"
    CANCELLED = "Cancelled"
    INTERRUPTED = "Interrupted"


MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class RunLimits:
    """Bounds of one run; sizes in bytes."""

    timeout: timedelta = timedelta(seconds=300)
    """One call of `scan`, without the waits that the host recorded."""
    deadline: timedelta = timedelta(hours=6)
    """The whole run."""
    memory: int = 256 * MEBIBYTE
    response: int = 50 * MEBIBYTE
    items: int = 1_000_000


@dataclass(frozen=True, slots=True)
class HttpPolicy:
    """Which addresses a script may reach beyond the public ones."""

    allowed_hosts: tuple[str, ...] = ()
    """Empty: every host.  Otherwise exact names, or `*.example.com`."""
    allowed_cidrs: tuple[str, ...] = ()
    """Private ranges that may be reached; none by default."""
    allow_loopback: bool = False
    """Only on a laptop: `ctx dev` and `--allow-loopback`."""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """
    Everything a run needs but secrets: the document handed to `ctx sync --run FILE`.

    Secrets come as `CTX_VAR_<name>` in the environment of that process, for the
    names in `variables`; `config` still holds its `${NAME}` placeholders.
    """

    run_id: RunId
    name: str
    """The ConnectorSync, or the section of ctx.toml; never the extension."""
    source: SourceName
    owner: str
    """`namespace/name` of the ConnectorSync, or `ctx.toml`."""
    script: str
    """Path of the script, absolute."""
    directory: str
    """What `fs` sees, absolute: the directory of the connector."""
    chunk_name: str
    """How errors name the script, such as `connectors/jira/connector.lua`."""
    origin: str = ""
    """Where the config was written, such as `ctx.toml [connectors.script.jira]`; opens messages."""
    config: Mapping[str, object] = field(default_factory=dict)
    variables: tuple[str, ...] = ()
    limits: RunLimits = RunLimits()
    http: HttpPolicy = HttpPolicy()
    mode: RunMode = RunMode.INCREMENTAL
    trigger: Trigger = Trigger.REQUESTED
    attempt: int = 1
    revision: str = ""
    connector_digest: str = ""
    database: str = ""
    """Path of the SQLite file; empty: as ctx.toml says."""
    item_limit: int | None = None
    """`--limit`: stop after so many items; such a run is never complete."""
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class RunCounts:
    """What a run saw and did, in items."""

    scanned: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    absent: int = 0
    """In the store, and not seen by this complete full scan; nothing is deleted."""
    invalid: int = 0
    chunks: int = 0
    """Written, for documents that were added or updated."""
    duplicates: int = 0
    """The same `source_id` twice in one run; the last one wins."""
    requests: int = 0
    """HTTP requests made."""


@dataclass(frozen=True, slots=True)
class RunError:
    """Why a run did not succeed; `reason` is a word of `model.condition.Reason`."""

    reason: str
    message: str
    hint: str = ""
    retryable: bool = True


@dataclass(frozen=True, slots=True)
class SyncOutcome:
    """What came of a run: the row that closes it, and the report that the shell reads."""

    run_id: RunId
    source: SourceName
    result: RunResult
    started_at: datetime
    ended_at: datetime
    mode: RunMode = RunMode.INCREMENTAL
    complete: bool = False
    """True when the scan saw the whole source: full, no limit, no failed request left unsettled."""
    counts: RunCounts = RunCounts()
    documents: int = 0
    """Documents of the source in the store after the run."""
    error: RunError | None = None
    warnings: tuple[str, ...] = ()
    """At most 20, then a line that counts the rest."""


@dataclass(frozen=True, slots=True)
class VariableSource:
    """One entry of `spec.env`: a literal, or a key of a Secret or ConfigMap."""

    name: str
    value: str | None = None
    secret: tuple[str, str] | None = None
    """Name and key."""
    config_map: tuple[str, str] | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how soon a failed run is tried again; `limit` -1 is for ever."""

    limit: int = 5
    backoff: timedelta = timedelta(seconds=30)
    max_backoff: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class DesiredSync:
    """A ConnectorSync as its owner wrote it, defaults filled in."""

    namespace: str
    name: ResourceName
    uid: str
    generation: int
    connector: str
    source: SourceName
    registry: ResourceName | None = None
    config: Mapping[str, object] = field(default_factory=dict)
    env: tuple[VariableSource, ...] = ()
    schedule: str | None = None
    time_zone: str = "UTC"
    interval: timedelta | None = None
    starting_deadline: timedelta | None = None
    full_schedule: str | None = None
    full_interval: timedelta | None = timedelta(hours=168)
    sync_on_update: bool = True
    suspended: bool = False
    limits: RunLimits = RunLimits()
    http: HttpPolicy = HttpPolicy()
    retry: RetryPolicy = RetryPolicy()
    history_limit: int = 5
    reconcile_requested_at: str = ""
    full_sync_requested_at: str = ""
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class ResolvedConnector:
    """The connector that a ConnectorSync names, found in a published registry."""

    registry: str
    """`namespace/name`."""
    revision: str
    """As in the registry's artifact: `main@sha1:…`, with `+dirty` for a working tree."""
    root: str
    """Absolute path of the registry's published directory."""
    path: str
    """Of the script, relative to `root`."""
    digest: Digest
    """Of the connector's directory."""
    version: str = ""


@dataclass(frozen=True, slots=True)
class ActiveRun:
    """A run that was started and whose end is not recorded yet."""

    run_id: RunId
    trigger: Trigger
    mode: RunMode
    attempt: int
    started_at: datetime
    generation: int
    digest: str
    """Of the connector, as the run uses it."""
    inputs: str
    """Digest of the versions of the Secrets and ConfigMaps, as the run uses them."""
    revision: str
    token: str = ""
    """The request annotation that asked for it."""
    full_token: str = ""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A finished run, as `status.history` shows it."""

    run_id: RunId
    trigger: Trigger
    mode: RunMode
    attempt: int
    result: RunResult
    reason: str
    revision: str
    digest: str
    started_at: datetime
    ended_at: datetime
    counts: RunCounts = RunCounts()
    message: str = ""
    hint: str = ""
    retryable: bool = False
    """Whether a failed run is worth another try without any change."""
