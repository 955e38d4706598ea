"""
Find ctx.toml, read it, check it.

The only module that reads the process environment; everything else receives
the mapping.  Order of discovery: `--config`, `$CTX_CONFIG` (both alone, nothing
merged), else the nearest workspace file upward laid over the user's own file.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from controller.config.files import Tree, merge_trees, read_tree
from controller.config.parse import parse_settings
from controller.config.paths import (
    DATABASE_NAME,
    WORKSPACE,
    default_database,
    expand_home,
    find_workspace,
    project_of,
    user_directory,
)
from controller.config.section import Reading
from controller.config.settings import DatabaseSettings, Settings

VARIABLE_PREFIX = "CTX_VAR_"
"""How a run's variables reach its process, so that none of them can steer the process itself."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, where they came from, and what was odd about them."""

    settings: Settings
    files: tuple[Path, ...]
    """Lowest first; empty for the built-in settings."""
    warnings: tuple[str, ...]


def read_environment() -> Mapping[str, str]:
    """Take a copy of the process environment."""
    return dict(os.environ)  # noqa: TID251  the one place


def run_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Pick the variables handed to a run, `CTX_VAR_` taken off their names."""
    return {
        name.removeprefix(VARIABLE_PREFIX): value
        for name, value in environment.items()
        if name.startswith(VARIABLE_PREFIX) and name != VARIABLE_PREFIX
    }


def proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """
    Pick the proxy settings: `http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`.

    Keys are lower case; where both spellings are set, the lower-case one wins,
    as with curl.  Upper-case HTTP_PROXY is passed over in a CGI program, where a
    client could set it.
    """
    found: dict[str, str] = {}
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        upper = "" if name == "http_proxy" and "REQUEST_METHOD" in environment else name.upper()
        value = environment.get(name) or environment.get(upper, "")
        if value:
            found[name] = value
    return found


def load_settings(explicit: Path | None, environment: Mapping[str, str], directory: Path) -> Loaded:
    """
    Load the settings that hold in `directory`, the absolute working directory.

    Raises:
        ConfigError: A file cannot be read, or a value in it cannot be used.
        ConfigSyntaxError: A file is no TOML.
        UndefinedVariableError: A path uses a variable that has no value.
    """
    explicit = _named(explicit, environment)
    found = (
        _discover(environment, directory)
        if explicit is None
        else _Found((directory / explicit,), _database_of(directory / explicit))
    )
    tree = Tree()
    for file in found.files:
        tree = merge_trees(tree, read_tree(file))
    reading = Reading(tree, environment, directory)
    settings = parse_settings(reading, found.database)
    if found.is_fixed:
        settings = replace(settings, db=DatabaseSettings(found.database))
    return Loaded(settings, found.files, (*found.warnings, *reading.warnings))


def settings_file(explicit: Path | None, environment: Mapping[str, str], directory: Path) -> Path:
    """Name the file that new settings for `directory` belong into, whether it is there yet or not."""
    explicit = _named(explicit, environment)
    if explicit is not None:
        return directory / explicit
    workspace = find_workspace(directory)
    if workspace is None:
        return directory / "ctx.toml"
    return workspace.config or workspace.directory / "ctx.toml"


def _named(explicit: Path | None, environment: Mapping[str, str]) -> Path | None:
    if explicit is None and environment.get("CTX_CONFIG"):
        return expand_home(environment["CTX_CONFIG"], environment)
    return explicit


@dataclass(frozen=True, slots=True)
class _Found:
    files: tuple[Path, ...]
    database: Path
    is_fixed: bool = False
    """True where a workspace has a database and no file: the user's own file must not redirect it."""
    warnings: tuple[str, ...] = ()


def _discover(environment: Mapping[str, str], directory: Path) -> _Found:
    own = user_directory("CONFIG", environment) / "config.toml"
    lowest = (own,) if own.is_file() else ()
    workspace = find_workspace(directory)
    if workspace is None or workspace.config == own:
        return _Found(lowest, default_database(directory))
    if workspace.config is None:
        return _Found(lowest, workspace.directory / WORKSPACE / DATABASE_NAME, is_fixed=True)
    shadowed = workspace.shadowed()
    warnings = (f"{shadowed} is not read: {workspace.config} comes first",) if shadowed else ()
    return _Found((*lowest, workspace.config), _database_of(workspace.config), warnings=warnings)


def _database_of(config: Path) -> Path:
    return project_of(config) / WORKSPACE / DATABASE_NAME
