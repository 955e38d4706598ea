"""
The only place that builds parts: settings, store, engine, and what a run needs.

No container, no global: each function makes one thing and hands it over.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from controller.config import load
from controller.config.expand import names_in
from controller.config.load import Loaded
from controller.config.settings import ScriptSettings, Settings
from controller.lua.supervisor import Engine
from controller.model.names import RunId, SourceName
from controller.model.sync import HttpPolicy, RunLimits, RunMode, RunRequest
from controller.store import lookup
from controller.store.base import Store
from controller.sync.parts import Parts, Progress

PULSE_SECONDS = 5.0
"""Well below the half minute after which a run without a sign of life counts as dead."""

LOCAL_OWNER = "ctx.toml"
"""Owner of sources that a section of ctx.toml configures."""


@dataclass(frozen=True, slots=True)
class RunChoices:
    """What the flags of `ctx sync` choose for one run."""

    full: bool = False
    dry_run: bool = False
    item_limit: int | None = None
    allow_loopback: bool = False


@dataclass(frozen=True, slots=True)
class Voices:
    """Where a run says what it does."""

    log: Callable[[str, str], None]
    """Takes a level and a line."""
    progress: Callable[[Progress], None]
    cancelled: Callable[[], bool]


def load_settings(config: Path | None) -> Loaded:
    """
    Load the settings that hold in the working directory.

    Raises:
        ConfigError: As `config.load` says.
    """
    return load.load_settings(config, load.read_environment(), Path.cwd())


def open_store(settings: Settings, *, writable: bool) -> Store:
    """
    Open the store of the settings; a writable one is created and migrated.

    Raises:
        StoreError: It cannot be used.
    """
    return lookup.open_store(settings.db.path, writable=writable)


def open_engine(*, require_jail: bool = False) -> Engine:
    """Start the Lua engine."""
    return Engine(require_jail=require_jail)


def now() -> datetime:
    """Read the clock; shells hand it down."""
    return datetime.now(UTC)  # noqa: TID251  the shells' clock


def local_request(script: ScriptSettings, choices: RunChoices) -> RunRequest:
    """Write the request for a section of ctx.toml; nothing triggered it but its user."""
    return RunRequest(
        run_id=RunId(uuid4().hex[:16]),
        name=script.name,
        source=SourceName(f"script:{script.name}"),
        owner=LOCAL_OWNER,
        script=str(script.path),
        directory=str(script.path.parent),
        chunk_name=script.written_path,
        origin=script.origin,
        config=script.config,
        variables=tuple(dict.fromkeys((*names_in(script.config), *script.env))),
        limits=RunLimits(
            timeout=script.timeout, memory=script.memory_limit, response=script.max_response_size
        ),
        http=HttpPolicy(
            allowed_hosts=script.allowed_hosts,
            allowed_cidrs=script.allowed_cidrs,
            allow_loopback=choices.allow_loopback,
        ),
        mode=RunMode.FULL if choices.full else RunMode.INCREMENTAL,
        item_limit=choices.item_limit,
        dry_run=choices.dry_run,
    )


def local_parts(settings: Settings, engine: Engine, store: Store | None, voices: Voices) -> Parts:
    """Build the parts of a run whose variables are those of this process."""
    environment = load.read_environment()
    return Parts(
        engine=engine,
        store=store,
        clock=now,
        log=voices.log,
        variables=environment,
        # What `${NAME}` draws in is added when the config is expanded.
        secrets=(),
        proxies=load.proxies(environment),
        cancelled=voices.cancelled,
        chunk_bytes=settings.chunking.max_bytes,
        progress=voices.progress,
        pulse_seconds=PULSE_SECONDS,
    )


def handed_parts(settings: Settings, engine: Engine, store: Store | None, voices: Voices) -> Parts:
    """Build the parts of a run whose variables were handed over as `CTX_VAR_<name>`."""
    environment = load.read_environment()
    variables = load.run_variables(environment)
    return Parts(
        engine=engine,
        store=store,
        clock=now,
        log=voices.log,
        variables=variables,
        secrets=tuple(variables.values()),
        proxies=load.proxies(environment),
        cancelled=voices.cancelled,
        chunk_bytes=settings.chunking.max_bytes,
        progress=voices.progress,
        pulse_seconds=PULSE_SECONDS,
    )
