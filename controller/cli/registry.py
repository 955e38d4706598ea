"""`ctx registry lint` and `ctx registry init`: for people who write registries."""

import shutil
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import click

from controller import assemble
from controller.cli.exits import Exit
from controller.cli.options import output_option
from controller.cli.output import OutputFormat, count, write_json, write_line
from controller.config.shipped import registry_template
from controller.config.write import with_value
from controller.errors import ConfigError, UsageError
from controller.lua.limits import GuestLimits
from controller.lua.supervisor import Engine, Script
from controller.registry.lint import LintReport, lint
from controller.registry.manifest import Severity


@click.group()
def registry() -> None:
    """Write and check registries of extensions."""


@registry.command("lint")
@click.argument("directory", type=click.Path(path_type=Path))
@output_option
@click.pass_context
def lint_command(context: click.Context, directory: Path, fmt: OutputFormat) -> None:
    """
    Check a registry: registry.toml, the files it names, and that every script compiles.

    Tells every problem; nothing of the registry is run.
    """
    if not directory.is_dir():
        raise UsageError(f"{directory} is no directory")
    with ExitStack() as stack:
        compiler = _Compiler(stack)
        report = lint(directory.absolute(), compiler.compile)
    if fmt is OutputFormat.JSON:
        write_json(_as_json(report))
    else:
        _write_report(report)
    context.exit(Exit.OK if report.is_publishable() else Exit.FAILED)


@registry.command("init")
@click.option(
    "--new",
    "directory",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="Where to put it; a directory that is not there yet, or is empty.",
)
@click.option("--name", help="Name of the registry; that of its directory by default.")
@output_option
def init(directory: Path, name: str | None, fmt: OutputFormat) -> None:
    """Start a registry of your own: a manifest, two connectors, a tool and an agent."""
    target = directory.absolute()
    try:
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise UsageError(
                f"{directory} is not empty", hint="name a directory that is not there yet"
            )
        shutil.copytree(
            registry_template(), target, ignore=shutil.ignore_patterns(".*"), dirs_exist_ok=True
        )
        manifest = target / "registry.toml"
        text = manifest.read_text(encoding="utf-8")
        manifest.write_text(
            with_value(text, ("registry", "name"), name or target.name), encoding="utf-8"
        )
    except OSError as error:
        raise ConfigError(f"cannot write {directory}: {error.strerror or error}") from error
    if fmt is OutputFormat.JSON:
        write_json({"directory": target, "name": name or target.name})
        return
    write_line(f"Created {directory}")
    write_line(f"Check it with: ctx registry lint {directory}")


class _Compiler:
    """Compiles scripts in guests; the engine starts with the first one."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._engine: Engine | None = None

    def compile(self, path: str, text: bytes) -> None:
        if self._engine is None:
            self._engine = self._stack.enter_context(assemble.open_engine())
        kind = path.partition("/")[0].removesuffix("s")
        self._engine.compile(Script(kind, path, path, text), GuestLimits())


def _write_report(report: LintReport) -> None:
    for problem in report.problems:
        severity = "" if problem.severity is Severity.ERROR else f"{problem.severity}: "
        write_line(replace(problem, message=f"{severity}{problem.message}").text())
    errors = sum(problem.severity is Severity.ERROR for problem in report.problems)
    warnings = len(report.problems) - errors
    write_line(
        f"{count(len(report.extensions), 'extension')}: "
        f"{count(errors, 'error')}, {count(warnings, 'warning')}"
    )


def _as_json(report: LintReport) -> dict[str, object]:
    return {
        "publishable": report.is_publishable(),
        "extensions": [
            {"kind": str(entry.kind), "name": entry.name, "path": entry.path}
            for entry in report.extensions
        ],
        "problems": [
            {
                "file": problem.file,
                "line": problem.line,
                "column": problem.column,
                "severity": str(problem.severity),
                "message": problem.message,
            }
            for problem in report.problems
        ],
    }
