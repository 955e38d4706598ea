"""The command line: which commands there are, and how each of them ends."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from traceback import format_exc

import click

from controller import __version__
from controller.cli.exits import Exit, exit_of
from controller.cli.options import Invocation, shared_options
from controller.cli.output import OutputFormat, write_error, write_failure, write_note
from controller.errors import HarnessError

_COMMANDS = {
    "init": ("init:init", "Make this directory a workspace: settings and database."),
    "sync": ("sync:sync", "Run connectors and store what they find."),
    "search": ("search:search", "Find documents by keywords."),
    "get": ("search:get", "Print one document."),
    "sources": ("sources:sources", "List the sources and whether they can run."),
    "stats": ("sources:stats", "Count what the database holds."),
    "connector": ("connector:connector", "Write and try connector scripts."),
    "registry": ("registry:registry", "Write and check registries of extensions."),
    "dev": ("dev:dev", "Reconcile a directory of resources on this machine."),
}
"""Name → (module:command, summary).  The module is imported when the command is wanted."""

_NO_ARGUMENTS: type[click.UsageError] | tuple[()] = getattr(
    click.exceptions, "NoArgsIsHelpError", ()
)
"""Releases of click before 8.2 print the help themselves."""


class _ReaderGoneError(Exception):
    """Standard output is a pipe that nobody reads any more."""


class LazyGroup(click.Group):
    """A group that imports a command when it runs, and lists the others without importing them."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a closed pipe is told apart here, since click would make it a failure."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ReaderGoneError from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; click would look for near names among those it has imported: none."""
        name = args[0]
        if name not in _COMMANDS and not name.startswith("-"):
            from difflib import get_close_matches  # noqa: PLC0415  4 ms that only a mistake pays

            near = get_close_matches(name, _COMMANDS, 1)
            guess = f" Did you mean '{near[0]}'?" if near else ""
            raise click.UsageError(f"No such command '{name}'.{guess}", ctx)
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the commands in the order a newcomer meets them."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command, and give it the shared options."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(f"controller.cli.{module}"), attribute)
        return _with_shared_options(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from their summaries."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in _COMMANDS.items()])


def build() -> click.Group:
    """Make the command line as click's tree; the documentation is compared with it."""
    return LazyGroup(
        name="ctx",
        help="Keep what an organisation knows in one searchable store.",
        params=[
            *shared_options(),
            click.Option(
                ["--version"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_print_version,
                help="Print the version.",
            ),
        ],
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def run(arguments: Sequence[str]) -> int:
    """Run one command line and give its exit code; nothing that happens in it escapes."""
    fmt = _format_of(arguments)
    try:
        result = build().main(
            list(arguments), prog_name="ctx", standalone_mode=False, obj=Invocation()
        )
        sys.stdout.flush()
    except HarnessError as error:
        write_error(error, fmt)
        return exit_of(error)
    except _NO_ARGUMENTS as error:
        write_note(error.format_message())
        return Exit.USAGE
    except click.ClickException as error:
        write_failure("InvalidUsage", error.format_message(), _usage_hint(error), fmt)
        return Exit.USAGE
    except (click.Abort, KeyboardInterrupt):
        return Exit.INTERRUPTED
    except (_ReaderGoneError, BrokenPipeError):
        return _leave_the_pipe()
    except Exception as error:  # noqa: BLE001  the edge of this shell: a defect ends in words too
        return _unexpected(error, arguments, fmt)
    return result if isinstance(result, int) else Exit.OK


def _with_shared_options(command: click.Command) -> click.Command:
    known = {option.name for option in command.params}
    command.params.extend(option for option in shared_options() if option.name not in known)
    if isinstance(command, click.Group):
        for below in command.commands.values():
            _with_shared_options(below)
    return command


def _print_version(context: click.Context, _option: click.Parameter, value: object) -> None:
    if value:
        click.echo(f"ctx {__version__}")
        context.exit()


def _format_of(arguments: Sequence[str]) -> OutputFormat:
    """Find `--output json` before click does, so that a mistake in the line is told in JSON too."""
    before = ("", *arguments)
    asked = any(
        this == "--output=json" or (this == "json" and last in ("--output", "-o"))
        for last, this in zip(before, arguments, strict=False)
    )
    return OutputFormat.JSON if asked else OutputFormat.TEXT


def _usage_hint(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"see {context.command_path if context is not None else 'ctx'} --help"


def _unexpected(error: Exception, arguments: Sequence[str], fmt: OutputFormat) -> int:
    if isinstance(error, FileNotFoundError) and not _stands_somewhere():
        write_failure("InvalidUsage", "the working directory is gone", "change to another", fmt)
        return Exit.USAGE
    write_failure("InternalError", _defect(error, arguments), "", fmt)
    return Exit.FAILED


def _stands_somewhere() -> bool:
    try:
        Path.cwd()
    except FileNotFoundError:
        return False
    return True


def _defect(error: Exception, arguments: Sequence[str]) -> str:
    if "--verbose" in arguments:
        return format_exc()
    kind = type(error).__name__
    return f"a defect of ctx ({kind}: {error}); --verbose shows where"


def _leave_the_pipe() -> int:
    # The reader has seen enough, as with `| head`.  What is still buffered must
    # go nowhere, or the interpreter complains of it at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Exit.OK
