"""`ctx sync`: run connectors, on a laptop and in a pod alike."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import msgspec

from controller import assemble
from controller.assemble import RunChoices, Voices
from controller.cli.exits import exit_of
from controller.cli.options import Invocation, output_option
from controller.cli.output import (
    OutputFormat,
    write_failure,
    write_json,
    write_line,
    write_note,
    write_warning,
)
from controller.cli.parent import end_with_parent
from controller.cli.progress import RunReporter
from controller.cli.stopping import Stop, stopping
from controller.cli.summary import summary_lines
from controller.config.load import Loaded
from controller.config.settings import DatabaseSettings, ScriptSettings, Settings
from controller.errors import InvalidSpecError, StoreError, UsageError
from controller.lua.supervisor import Engine
from controller.model.sync import RunRequest, RunResult, SyncOutcome
from controller.store.base import Store
from controller.sync.report import encode_report
from controller.sync.request import decode_request
from controller.sync.run import describe_failure, run_sync


@dataclass(frozen=True, slots=True)
class _Flags:
    source: str | None
    full: bool
    dry_run: bool
    limit: int | None
    allow_loopback: bool
    require_jail: bool
    no_progress: bool
    run: Path | None
    report: Path | None
    parent: int | None

    def choices(self) -> RunChoices:
        return RunChoices(self.full, self.dry_run, self.limit, self.allow_loopback)


@click.command()
@click.argument("connector")
@click.option("--source", metavar="NAME", help="With `script`: only this section.")
@click.option("--full", is_flag=True, help="Start without the checkpoint of the last run.")
@click.option("--dry-run", is_flag=True, help="Say what a run would write, and write nothing.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Stop after N items.")
@click.option("--allow-loopback", is_flag=True, help="Let scripts reach servers on this machine.")
@click.option("--require-jail", is_flag=True, help="Run nothing where seccomp is missing.")
@click.option("--no-progress", is_flag=True, help="Draw no count while a run goes on.")
@click.option("--run", type=click.Path(path_type=Path), help="Run this document, as a shell does.")
@click.option("--report", type=click.Path(path_type=Path), help="Write the outcome here as JSON.")
@click.option("--parent", type=int, metavar="PID", help="End when this process does.")
@output_option
@click.pass_obj
def sync(invocation: Invocation, /, connector: str, fmt: OutputFormat, **flags: Any) -> int:
    """
    Run a connector and store what it finds.

    CONNECTOR is script:NAME for one section of ctx.toml, or `script` for all.
    """
    chosen = _Flags(**flags)
    if chosen.parent is not None:
        end_with_parent(chosen.parent)
    with _engine(chosen) as (engine, stop):
        session = _Session(invocation, chosen, fmt, engine, stop)
        if chosen.run is not None:
            return session.run_document(connector, chosen.run)
        return session.run_sections(connector)


@contextmanager
def _engine(flags: _Flags) -> Iterator[tuple[Engine, Stop]]:
    # First of all, so that it warms up while settings and store are opened.
    with (
        assemble.open_engine(require_jail=flags.require_jail) as engine,
        stopping(engine.cancel) as stop,
    ):
        yield engine, stop


class _Session:
    """One call of the command."""

    def __init__(
        self, invocation: Invocation, flags: _Flags, fmt: OutputFormat, engine: Engine, stop: Stop
    ) -> None:
        self._invocation = invocation
        self._flags = flags
        self._fmt = fmt
        self._engine = engine
        self._stop = stop

    def run_document(self, connector: str, path: Path) -> int:
        """Run what a shell wrote down; the outcome goes to `--report`, and to nobody else's log."""
        try:
            document = path.read_bytes()
        except OSError as error:
            raise InvalidSpecError(f"{path} cannot be read: {error.strerror}") from error
        request = decode_request(document)
        if connector != f"script:{request.name}":
            raise UsageError(f"{path} is a run of script:{request.name}, not of {connector}")
        settings = Settings(db=DatabaseSettings(Path(request.database)))
        outcome = self._run(request, settings, handed=True)
        self._report(outcome)
        return exit_of(outcome)

    def run_sections(self, connector: str) -> int:
        """Run one section of ctx.toml, or all of them one after the other."""
        loaded = assemble.load_settings(self._invocation.config)
        for warning in loaded.warnings:
            write_warning(warning)
        scripts = _choose(loaded, connector, self._flags.source)
        if len(scripts) > 1 and self._fmt is OutputFormat.TEXT:
            write_note(f"Syncing {len(scripts)} connector instances...")
        outcomes = []
        for script in scripts:
            if self._stop.asked:
                break
            request = assemble.local_request(script, self._flags.choices())
            outcome = self._run(request, loaded.settings, handed=False)
            self._print(outcome, script.name)
            outcomes.append(outcome)
        if self._fmt is OutputFormat.JSON:
            write_json([msgspec.to_builtins(outcome) for outcome in outcomes])
        return exit_of(*outcomes)

    def _run(self, request: RunRequest, settings: Settings, *, handed: bool) -> SyncOutcome:
        reporter = RunReporter(
            str(request.source),
            sys.stderr,
            verbose=self._invocation.verbose,
            progress=not self._flags.no_progress,
        )
        voices = Voices(reporter.log, reporter.progress, self._stop.is_asked)
        make_parts = assemble.handed_parts if handed else assemble.local_parts
        started_at = assemble.now()
        store: Store | None = None
        try:
            store = _open_store(settings, dry_run=request.dry_run)
            return run_sync(request, make_parts(settings, self._engine, store, voices))
        except StoreError as error:
            return describe_failure(request, error, (started_at, assemble.now()))
        finally:
            reporter.clear()
            if store is not None:
                store.close()

    def _print(self, outcome: SyncOutcome, name: str) -> None:
        if self._fmt is OutputFormat.TEXT:
            for line in summary_lines(outcome, dry_run=self._flags.dry_run):
                write_line(line)
        error = outcome.error
        if error is None:
            return
        if outcome.result is RunResult.CANCELLED and self._fmt is OutputFormat.TEXT:
            write_note(f"Stopped {outcome.source}: what was stored before stays")
            return
        if outcome.result is RunResult.PARTIAL:
            write_warning(f"{outcome.source}: {error.message}")
            write_note(f"Hint: {error.hint}")
            return
        write_failure(
            error.reason,
            error.message,
            error.hint,
            self._fmt,
            connector=name if _is_scripts(outcome) else "",
        )

    def _report(self, outcome: SyncOutcome) -> None:
        if self._flags.report is None:
            return
        # A shell may read the file at any moment: it is whole or not there.
        part = self._flags.report.with_name(f".{self._flags.report.name}.part")
        try:
            part.write_bytes(encode_report(outcome))
            part.replace(self._flags.report)
        except OSError as error:
            # The row in the store is the truth; whoever waits for the report asks there.
            write_warning(f"{self._flags.report} cannot be written: {error.strerror}")


def _choose(loaded: Loaded, connector: str, source: str | None) -> list[ScriptSettings]:
    configured = loaded.settings.scripts
    kind, colon, name = connector.partition(":")
    if kind != "script":
        guess = f"did you mean script:{connector}? " if connector in configured else ""
        raise UsageError(
            f"there is no connector '{connector}'",
            hint=f"{guess}this release runs Lua connectors: script:NAME, or script for all",
        )
    if colon and not name:
        # An empty variable in somebody's shell must not sync everything.
        raise UsageError(f"'{connector}' names no section", hint="script alone means all of them")
    if name and source and name != source:
        raise UsageError(f"{connector} and --source {source} name two sources")
    wanted = name or source
    if wanted is None:
        if not configured:
            raise UsageError(
                "no connector is configured",
                hint="add a section [connectors.script.NAME]; `ctx connector init NAME` writes one",
            )
        return list(configured.values())
    if wanted not in configured:
        known = ", ".join(configured) or "none"
        files = " and ".join(str(file) for file in loaded.files) or "no settings file"
        raise UsageError(
            f"there is no section [connectors.script.{wanted}]",
            hint=f"configured in {files}: {known}",
        )
    return [configured[wanted]]


def _open_store(settings: Settings, *, dry_run: bool) -> Store | None:
    if dry_run and not settings.db.path.exists():
        return None
    return assemble.open_store(settings, writable=not dry_run)


def _is_scripts(outcome: SyncOutcome) -> bool:
    """Say whether a script failed, and not the store or the configuration around it."""
    return outcome.error is not None and outcome.error.reason in _SCRIPT_REASONS


_SCRIPT_REASONS = frozenset(
    {
        "ScriptError",
        "ScriptInvalid",
        "ContractViolated",
        "Timeout",
        "MemoryLimitExceeded",
        "LimitExceeded",
        "GuestCrashed",
        "JailUnavailable",
        "Cancelled",
    }
)
