"""`ctx sources` and `ctx stats`: what is configured, and what is stored."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import click

from controller.cli.loading import load, reading
from controller.cli.options import Invocation, output_option
from controller.cli.output import (
    OutputFormat,
    count,
    document_of,
    write_json,
    write_line,
    write_table,
)
from controller.config.settings import ScriptSettings, Settings
from controller.store.base import SourceState, StoreState

_UNITS = ((60, "min"), (3600, "hour"), (86_400, "day"))
_RELATIVE_UP_TO_DAYS = 30


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One source: configured, stored, or both."""

    name: str
    configured: bool
    healthy: bool
    notes: str


@click.command()
@output_option
@click.pass_obj
def sources(invocation: Invocation, fmt: OutputFormat) -> None:
    """List the sources that are configured or stored, and whether they can run."""
    settings = load(invocation).settings
    lines = [_configured(script) for script in settings.scripts.values()]
    known = {line.name for line in lines}
    lines += [_stored(state) for state in _stored_sources(settings) if state.source not in known]
    if fmt is OutputFormat.JSON:
        write_json({"sources": [document_of(asdict(line)) for line in lines]})
        return
    if not lines:
        write_line("No sources are configured.")
        return
    write_table(
        ("CONNECTOR", "STATUS", "HEALTHY", "NOTES"),
        [(line.name, _status(line), "yes" if line.healthy else "no", line.notes) for line in lines],
    )


@click.command()
@output_option
@click.pass_obj
def stats(invocation: Invocation, fmt: OutputFormat) -> None:
    """Count what the database holds, per source."""
    with reading(load(invocation).settings) as store:
        state = store.state()
    if fmt is OutputFormat.JSON:
        write_json({**asdict(state), "sources": [asdict(source) for source in state.sources]})
        return
    _write_totals(state)
    if state.sources:
        now = datetime.now(UTC)  # noqa: TID251  a shell reads the clock
        write_line()
        write_table(
            ("SOURCE", "DOCS", "CHUNKS", "ABSENT", "LAST RUN", "LAST SYNC"),
            [
                (
                    source.source,
                    f"{source.documents:,}",
                    f"{source.chunks:,}",
                    f"{source.absent:,}",
                    source.last_result or "-",
                    time_ago(source.last_synced_at, now),
                )
                for source in sorted(state.sources, key=lambda each: -each.documents)
            ],
        )


def time_ago(instant: datetime | None, now: datetime) -> str:
    """Say how long ago something was: `just now`, `5 mins ago`, `2 days ago`, later the date (UTC)."""
    if instant is None:
        return "never"
    seconds = (now - instant).total_seconds()
    if seconds < 60:
        return "just now"
    if seconds >= _RELATIVE_UP_TO_DAYS * 86_400:
        return f"{instant:%Y-%m-%d %H:%M}"
    size, unit = [each for each in _UNITS if seconds >= each[0]][-1]
    return f"{count(int(seconds // size), unit)} ago"


def _configured(script: ScriptSettings) -> SourceLine:
    present = script.path.is_file()
    return SourceLine(
        name=f"script:{script.name}",
        configured=True,
        healthy=present,
        notes="" if present else f"there is no script {script.path}",
    )


def _stored(state: SourceState) -> SourceLine:
    return SourceLine(
        name=state.source,
        configured=False,
        healthy=True,
        notes=f"stored by {state.owner}, {count(state.documents, 'document')}",
    )


def _stored_sources(settings: Settings) -> tuple[SourceState, ...]:
    # Before the first sync there is no database, and sources are configured all the same.
    if not settings.db.path.exists():
        return ()
    with reading(settings) as store:
        return store.state().sources


def _status(line: SourceLine) -> str:
    if not line.configured:
        return "STORED"
    return "OK" if line.healthy else "MISSING"


def _write_totals(state: StoreState) -> None:
    write_line(f"Database:  {state.location}")
    write_line(f"Size:      {_readable(state.size)}")
    write_line(f"Documents: {state.documents:,}")
    write_line(f"Chunks:    {state.chunks:,}")


def _readable(size: int) -> str:
    amount, units = float(size), ["bytes", "KiB", "MiB", "GiB", "TiB"]
    while amount >= 1024 and len(units) > 1:
        amount /= 1024
        units.pop(0)
    return f"{amount:.0f} {units[0]}" if units[0] == "bytes" else f"{amount:.1f} {units[0]}"
