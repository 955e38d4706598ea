"""Options that every command understands, wherever they stand on the line."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

from controller.cli.output import OutputFormat
from controller.logs import LogFormat, LogLevel, configure

C = TypeVar("C", bound=Callable[..., object])


@dataclass(slots=True)
class Invocation:
    """What the shared options said; commands receive it through `click.pass_obj`."""

    config: Path | None = None
    verbose: bool = False
    log_format: LogFormat = LogFormat.CONSOLE

    def start_logging(self, secrets: tuple[str, ...] = ()) -> None:
        """Set up logs for a command that writes any; costs the import of structlog."""
        configure(self.log_format, LogLevel.DEBUG if self.verbose else LogLevel.INFO, secrets)


def shared_options() -> list[click.Parameter]:
    """Make the options of the group and of each command: `ctx --config X get` and `ctx get --config X`."""
    return [
        click.Option(
            ["--config"],
            type=click.Path(path_type=Path),
            metavar="FILE",
            expose_value=False,
            callback=_remember,
            help="Settings to use, in place of those found here.",
        ),
        click.Option(
            ["--verbose"],
            is_flag=True,
            default=None,
            expose_value=False,
            callback=_remember,
            help="Say more on standard error.",
        ),
        click.Option(
            ["--log-format"],
            type=click.Choice([fmt.value for fmt in LogFormat]),
            expose_value=False,
            callback=_remember,
            help="How log lines look.",
        ),
    ]


def output_option(command: C) -> C:
    """Give a command `--output text|json`, passed to it as `fmt`."""
    option = click.option(
        "--output",
        "fmt",
        type=click.Choice([fmt.value for fmt in OutputFormat]),
        default=OutputFormat.TEXT.value,
        callback=lambda _context, _option, value: OutputFormat(value),
        help="For a person, or for a program.",
    )
    return option(command)


def _remember(context: click.Context, option: click.Parameter, value: object) -> None:
    # None is "not given here": it must not undo what was given before the command.
    if value is None:
        return
    invocation = context.find_object(Invocation)
    if invocation is None:
        invocation = context.obj = Invocation()
    match option.name:
        case "config":
            invocation.config = Path(str(value))
        case "log_format":
            invocation.log_format = LogFormat(str(value))
        case _:
            invocation.verbose = True
