"""`ctx dev`: the controller on a laptop."""

import signal
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import click

from controller import assemble
from controller.cli.exits import Exit
from controller.cli.options import Invocation
from controller.cli.output import write_json, write_line, write_note, write_table, write_warning
from controller.config.documents import read_documents, write_document
from controller.config.load import proxies, read_environment
from controller.config.shipped import crd_texts
from controller.dev.console import Console, Lines, since, until
from controller.dev.fleet import Fleet, Surroundings
from controller.dev.rows import body_row
from controller.dev.run import Loop
from controller.dev.state import StateDirectory
from controller.dev.table import LiveTable
from controller.errors import UsageError
from controller.logs import LogFormat, logger
from controller.store.lookup import open_store

STATE = ".ctx"


class DevGroup(click.Group):
    """Takes `ctx dev DIR` for `ctx dev run DIR`, which is what nearly everybody wants."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the subcommand; what is none is a directory."""
        if args and args[0] not in self.commands:
            args = ["run", *args]
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Let options of `run` stand before the directory as well."""
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=DevGroup)
def dev() -> None:
    """
    Reconcile a directory of Registry and ConnectorSync resources on this machine.

    `ctx dev DIR` watches and stays; `ctx dev DIR --once` ends when nothing is
    due; `ctx dev status` prints the resources with their status.
    """


@dev.command("run")
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--once", is_flag=True, help="End when nothing is due now; 0 if all is Ready.")
@click.option("--state", type=click.Path(path_type=Path), help="Default: DIR/.ctx.")
@click.option(
    "--registry",
    "worktrees",
    multiple=True,
    metavar="NAME=DIR",
    help="Put a working tree in the place of a Registry's URL; may be repeated.",
)
@click.option("--secrets", type=click.Path(path_type=Path), help="Values as files <name>/<key>.")
@click.pass_obj
def run(
    invocation: Invocation,
    /,
    directory: Path,
    once: bool,  # noqa: FBT001  click passes flags by name
    state: Path | None,
    worktrees: tuple[str, ...],
    secrets: Path | None,
) -> int:
    """Reconcile every resource below DIRECTORY."""
    directory = _existing(directory, "DIRECTORY")
    where = StateDirectory((state or directory / STATE).absolute())
    where.prepare()
    environment = read_environment()
    with where.locked():
        console = _console(invocation, directory)
        fleet = Fleet(
            Surroundings(
                directory=directory,
                state=where,
                secrets=_existing(secrets, "--secrets") if secrets is not None else None,
                worktrees=_worktrees(worktrees),
                environment=environment,
                proxies=proxies(environment),
                crds=_crds(),
                open_store=lambda: open_store(where.database, writable=False),
                console=console,
                clock=assemble.now,
            )
        )
        loop = Loop(fleet, console, assemble.now)
        fleet.send = loop.send
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: loop.stop())
        try:
            loop.run(once=once)
        finally:
            fleet.close()
        if once and loop.was_stopped:
            return Exit.INTERRUPTED
        if once and not fleet.is_all_ready():
            _print_unready(fleet)
            return Exit.FAILED
        return Exit.OK


@dev.command("status")
@click.argument("directory", type=click.Path(path_type=Path), default=Path())
@click.option("--state", type=click.Path(path_type=Path), help="Default: DIR/.ctx.")
@click.option("-o", "--output", "fmt", type=click.Choice(["text", "yaml", "json"]), default="text")
def status(directory: Path, state: Path | None, fmt: str) -> int:
    """Print the resources with their status, as `kubectl get` would."""
    where = StateDirectory((state or directory / STATE).absolute())
    if not where.resources.is_dir():
        raise UsageError(
            f"{where.root} is no state directory of ctx dev",
            hint="run `ctx dev DIR` first, or name its state with --state",
        )
    saved = sorted(where.load().items(), key=lambda each: (each[0][0] != "Registry", each[0]))
    bodies = [body for _, body in saved]
    if fmt == "text":
        now = datetime.now(UTC)  # noqa: TID251  the shell's clock
        rows = [body_row(body) for body in bodies]
        write_table(
            ("KIND", "NAME", "READY", "REASON", "DOCUMENTS", "LAST RUN", "NEXT RUN", "STATUS"),
            [
                (
                    row.kind,
                    row.name,
                    "Running" if row.running else row.ready,
                    row.reason,
                    "" if row.documents is None else str(row.documents),
                    since(row.last_run, now),
                    until(row.next_run, now),
                    row.message.partition("\n")[0],
                )
                for row in rows
            ],
        )
        return Exit.OK
    listing = {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": bodies}
    if fmt == "json":
        write_json(listing)
    else:
        for line in write_document(listing).splitlines():
            write_line(line)
    return Exit.OK


def _console(invocation: Invocation, directory: Path) -> Console:
    if sys.stderr.isatty() and invocation.log_format is LogFormat.CONSOLE:
        return LiveTable(f"ctx dev {directory}")
    invocation.start_logging()
    return Lines(logger("dev"))


def _existing(path: Path, what: str) -> Path:
    if not path.is_dir():
        raise UsageError(f"{what}: {path} is no directory")
    return path.absolute()


def _worktrees(choices: tuple[str, ...]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for choice in choices:
        name, separator, directory = choice.partition("=")
        if not (name and separator and directory):
            raise UsageError(f"--registry {choice}: write NAME=DIR")
        found[name] = _existing(Path(directory.removeprefix("file://")), f"--registry {name}")
    return found


def _crds() -> dict[str, Mapping[str, object]]:
    crds: dict[str, Mapping[str, object]] = {}
    for kind, text in crd_texts().items():
        [document] = read_documents(text, f"crds/{kind.lower()}.yaml")
        if isinstance(document.value, dict):
            crds[kind] = document.value
    return crds


def _print_unready(fleet: Fleet) -> None:
    for row in fleet.rows(lambda _: None):
        if row.ready != "True" and not row.suspended:
            write_warning(f"{row.kind} {row.name}: {row.reason}: {row.message}")
            if row.hint:
                write_note(f"  Hint: {row.hint}")
