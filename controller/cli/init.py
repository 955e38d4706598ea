"""`ctx init`: make a directory a workspace."""

from pathlib import Path

import click

from controller import assemble
from controller.cli.loading import load
from controller.cli.options import Invocation, output_option
from controller.cli.output import OutputFormat, write_json, write_line
from controller.errors import ConfigError

_CONFIG = """\
# Settings of ctx for this directory and everything below it.
# Relative paths start from the directory that holds .ctx/.

[db]
path = ".ctx/data/ctx.sqlite"

# A source is a script and what it needs to know.  `ctx connector init NAME` writes one:
#
# [connectors.script.NAME]
# path = "connectors/NAME.lua"
# url = "https://api.example.com"
# api_token = "${NAME_API_TOKEN}"
"""
_IGNORED = (
    "# Made by runs; settings and extensions beside this file are yours to commit.\ndata/\ncache/\n"
)


@click.command()
@output_option
@click.pass_obj
def init(invocation: Invocation, fmt: OutputFormat) -> None:
    """
    Write .ctx/config.toml where no settings are found, and create the database.

    Does nothing the second time; an older database is brought up to date.
    """
    loaded = load(invocation)
    written: list[Path] = []
    if not loaded.files:
        written = _write_workspace(Path.cwd())
        loaded = load(invocation)
    assemble.open_store(loaded.settings, writable=True).close()
    if fmt is OutputFormat.JSON:
        write_json(
            {"written": [str(path) for path in written], "database": loaded.settings.db.path}
        )
        return
    for path in written:
        write_line(f"Created {path.relative_to(Path.cwd())}")
    write_line("Database initialized successfully.")


def _write_workspace(directory: Path) -> list[Path]:
    """Write what is missing of `.ctx/`; what somebody wrote stays."""
    workspace = directory / ".ctx"
    written = []
    try:
        (workspace / "data").mkdir(parents=True, exist_ok=True)
        for path, text in (
            (workspace / "config.toml", _CONFIG),
            (workspace / ".gitignore", _IGNORED),
        ):
            if not path.exists():
                path.write_text(text, encoding="utf-8")
                written.append(path)
    except OSError as error:
        raise ConfigError(
            f"cannot write {workspace}: {error.strerror}",
            hint="run it in a directory that you may write to",
        ) from error
    return written
