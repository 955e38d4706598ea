"""`ctx connector init` and `ctx connector test`: write a script, and see what it returns."""

import re
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click

from controller import assemble
from controller.assemble import RunChoices
from controller.cli.exits import Exit, exit_of
from controller.cli.loading import load
from controller.cli.options import Invocation, output_option
from controller.cli.output import (
    OutputFormat,
    count,
    document_of,
    write_error,
    write_json,
    write_line,
)
from controller.cli.progress import RunReporter
from controller.cli.scaffold import connector_script, connector_section
from controller.cli.stopping import stopping
from controller.config.expand import expand_values
from controller.config.load import read_environment, settings_file
from controller.config.paths import project_of
from controller.config.settings import ScriptSettings
from controller.errors import ConfigError, ContractError, ScriptError, UsageError
from controller.sync.trial import Trial, try_connector

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SHOWN = 3
_STAGES = {
    "loaded": "Script loaded",
    "defined": "connector.scan defined",
    "calling": "Calling scan()...",
}


@dataclass(slots=True)
class _Report:
    """Prints a trial as it goes on, unless a program reads it."""

    fmt: OutputFormat
    reached: str = ""

    def line(self, text: str = "") -> None:
        if self.fmt is OutputFormat.TEXT:
            write_line(text)
            sys.stdout.flush()

    def stage(self, name: str) -> None:
        self.reached = name
        self.line(f"  ✓ {_STAGES[name]}")

    def failed(self, error: ScriptError) -> None:
        """Mark the stage that was not reached; what a call of `scan` ends in is told by its error."""
        if self.reached:
            return
        if isinstance(error, ContractError):
            # The top level ran, and left no connector or no scan.
            self.stage("loaded")
            self.line(f"  ✗ {_STAGES['defined']}")
        else:
            self.line(f"  ✗ {_STAGES['loaded']}")


@click.group()
def connector() -> None:
    """Write and try connector scripts."""


@connector.command("init")
@click.argument("name")
@output_option
@click.pass_obj
def init(invocation: Invocation, /, name: str, fmt: OutputFormat) -> None:
    """Write connectors/NAME.lua to start from; a file that is there stays."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"'{name}' cannot name a connector", hint="use letters, digits, '-', '_' and '.'"
        )
    here = Path.cwd()
    path = Path("connectors") / f"{name}.lua"
    settings = settings_file(invocation.config, read_environment(), here)
    # Paths in a settings file start from its project, which may lie above.
    section = connector_section(name, _below(project_of(settings), here / path))
    shown = _below(here, settings)
    try:
        path.parent.mkdir(exist_ok=True)
        with path.open("x", encoding="utf-8") as script:
            script.write(connector_script(name, path.as_posix(), section, shown))
    except FileExistsError as error:
        raise UsageError(
            f"{error.filename} is there already", hint="choose another name, or remove the file"
        ) from error
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from error
    if fmt is OutputFormat.JSON:
        write_json({"written": path, "settings": settings, "section": section})
        return
    write_line(f"Created {path}")
    write_line()
    write_line(f"Add to {shown}:")
    write_line()
    write_line(section)


def _below(directory: Path, path: Path) -> str:
    """Write a path as seen from a directory; in full if it does not lie below."""
    inside = path.is_relative_to(directory)
    return (path.relative_to(directory) if inside else path).as_posix()


@connector.command("test")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--source", metavar="NAME", help="Use the settings of [connectors.script.NAME].")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Stop after N items.")
@click.option("--allow-loopback", is_flag=True, help="Let the script reach this machine.")
@output_option
@click.pass_context
def test(
    context: click.Context,
    path: Path,
    source: str | None,
    limit: int | None,
    allow_loopback: bool,  # noqa: FBT001  a flag of the command line
    fmt: OutputFormat,
) -> None:
    """Run a script once and show what it returns; nothing is stored."""
    invocation = context.ensure_object(Invocation)
    script = _script(invocation, path, source)
    choices = RunChoices(full=True, item_limit=limit, allow_loopback=allow_loopback)
    report = _Report(fmt)
    report.line(f"Testing connector: {script.name} ({path})")
    try:
        trial = _try(script, choices, invocation, report)
    except ScriptError as error:
        report.failed(error)
        write_error(error, fmt, connector=script.name)
        context.exit(exit_of(error))
    if fmt is OutputFormat.JSON:
        write_json(_as_json(script.name, trial))
    else:
        _write_trial(trial)
    context.exit(Exit.PARTIAL if trial.refusals or trial.unsettled else Exit.OK)


def _script(invocation: Invocation, path: Path, source: str | None) -> ScriptSettings:
    """Take the settings of a section, and the script of the command line."""
    absolute = path.absolute()
    if not path.is_file():
        problem = "is no file" if path.exists() else "is not there"
        raise UsageError(f"the script {path} {problem}")
    if source is None:
        return ScriptSettings(_name_of(absolute), absolute, str(path), str(path))
    scripts = load(invocation).settings.scripts
    name = source.removeprefix("script:")
    if name not in scripts:
        known = ", ".join(scripts) or "none"
        raise UsageError(
            f"there is no section [connectors.script.{name}]", hint=f"configured: {known}"
        )
    return replace(scripts[name], path=absolute, written_path=str(path))


def _name_of(path: Path) -> str:
    """Name a script by its file, or by its directory where every file has the same name."""
    name = path.parent.name if path.name == "connector.lua" else path.stem
    return re.sub(r"[^A-Za-z0-9._-]", "-", name).lstrip("._-") or "connector"


def _try(
    script: ScriptSettings, choices: RunChoices, invocation: Invocation, report: _Report
) -> Trial:
    variables = read_environment()
    # The trial expands again; done here first, an unset variable is told with file and key.
    expand_values(script.config, variables, where=script.origin)
    reporter = RunReporter(
        f"script:{script.name}", sys.stderr, verbose=invocation.verbose, progress=False
    )
    with assemble.open_engine() as engine, stopping(engine.cancel):
        return try_connector(
            engine,
            assemble.local_request(script, choices),
            variables,
            reporter.log,
            stages=report.stage,
        )


def _write_trial(trial: Trial) -> None:
    total = len(trial.items) + len(trial.refusals)
    stopped = " (stopped by --limit)" if trial.limited else ""
    write_line(f"  ✓ Returned {count(total, 'item')}{stopped}")
    if trial.refusals:
        write_line(f"  ✗ {len(trial.items)} of {count(total, 'item')} valid")
        for refusal in trial.refusals:
            write_line(f"      item at index {refusal.position}: {refusal.problem}")
    else:
        write_line("  ✓ All items valid")
    for warning in trial.warnings:
        write_line(f"  ! {warning}")
    for failure in trial.unsettled:
        write_line(f"  ! request failed and was not made good: {failure}")
    write_line()
    if not trial.items:
        write_line("  (no items returned)")
        return
    write_line(f"Items (first {min(_SHOWN, len(trial.items))}):")
    for index, item in enumerate(trial.items[:_SHOWN]):
        updated = f" ({item.updated_at:%Y-%m-%d})" if item.updated_at else ""
        write_line(f"  [{index}] {item.source_id}: {' '.join(item.title.split())}{updated}")


def _as_json(name: str, trial: Trial) -> dict[str, object]:
    return {
        "connector": name,
        "version": trial.loaded.version or None,
        "items": [document_of(asdict(item)) for item in trial.items],
        "invalid": [asdict(refusal) for refusal in trial.refusals],
        "warnings": trial.warnings,
        "failed_requests": trial.unsettled,
        "limited": trial.limited,
        "seconds": round(trial.seconds, 3),
    }
