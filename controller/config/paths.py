"""Where files lie: XDG directories, `~/`, the `.ctx/` of this or a parent directory."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

WORKSPACE = ".ctx"
CONFIG_NAMES = (f"{WORKSPACE}/config.toml", "ctx.toml", "config/ctx.toml")
"""Where a directory may keep its config, the first one found counts."""
DATABASE_NAME = "data/ctx.sqlite"
"""Relative to a `.ctx/`."""

_XDG = {
    "CONFIG": ("XDG_CONFIG_HOME", ".config"),
    "DATA": ("XDG_DATA_HOME", ".local/share"),
    "CACHE": ("XDG_CACHE_HOME", ".cache"),
    "STATE": ("XDG_STATE_HOME", ".local/state"),
}


@dataclass(frozen=True, slots=True)
class Workspace:
    """The nearest directory, upward, that belongs to ctx."""

    directory: Path
    config: Path | None
    """None where there is only a database, such as `ctx dev` leaves."""

    def shadowed(self) -> Path | None:
        """Name the ctx.toml that is not read because of the `.ctx/config.toml` beside it."""
        plain = self.directory / "ctx.toml"
        inner = self.directory / CONFIG_NAMES[0]
        return plain if self.config == inner and plain.is_file() else None


def find_workspace(start: Path) -> Workspace | None:
    """
    Walk up from `start` to the first directory with a config or a database.

    The nearest directory wins over the kind of file, as with git: a `.ctx/` in
    the home directory never hides the ctx.toml of a project.
    """
    for directory in _upward(start):
        for name in CONFIG_NAMES:
            if (directory / name).is_file():
                return Workspace(directory, directory / name)
        if (directory / WORKSPACE / DATABASE_NAME).is_file():
            return Workspace(directory, None)
    return None


def default_database(start: Path) -> Path:
    """Name the database of the nearest `.ctx/` upward, or of one to be made in `start`."""
    for directory in _upward(start):
        if (directory / WORKSPACE).is_dir():
            return directory / WORKSPACE / DATABASE_NAME
    return start / WORKSPACE / DATABASE_NAME


def project_of(config: Path) -> Path:
    """
    Name the directory that relative paths of a config file start from.

    It is the file's own directory, or the parent of that for `.ctx/config.toml`
    and `config/ctx.toml`, which lie one below their project.
    """
    directory = config.parent
    if (directory.name, config.name) in ((WORKSPACE, "config.toml"), ("config", "ctx.toml")):
        return directory.parent
    return directory


def user_directory(kind: str, environment: Mapping[str, str]) -> Path:
    """
    Name a directory of the user for CONFIG, DATA, CACHE or STATE.

    `CTX_<KIND>_DIR`, else `$XDG_…_HOME/ctx`, else the XDG default.  A relative
    value is passed over, as the XDG specification asks.
    """
    variable, fallback = _XDG[kind]
    own = Path(environment.get(f"CTX_{kind}_DIR", ""))
    if own.is_absolute():
        return own
    base = Path(environment.get(variable, ""))
    if not base.is_absolute():
        base = home_directory(environment) / fallback
    return base / "ctx"


def registry_directory(name: str, environment: Mapping[str, str]) -> Path:
    """Name the directory of a registry without `path`: in the data directory, or `~/.ctx` if only that is there."""
    usual = user_directory("DATA", environment) / "registries" / name
    legacy = home_directory(environment) / WORKSPACE / "registries" / name
    return legacy if legacy.is_dir() and not usual.exists() else usual


def home_directory(environment: Mapping[str, str]) -> Path:
    """Name the home directory: `$HOME`, else what the system says."""
    home = environment.get("HOME", "")
    return Path(home) if home else Path.home()


def expand_home(text: str, environment: Mapping[str, str]) -> Path:
    """Put the home directory in the place of a leading `~`."""
    if text == "~" or text.startswith("~/"):
        return home_directory(environment) / text[2:]
    return Path(text)


def _upward(start: Path) -> Iterator[Path]:
    start = start.absolute()
    yield start
    yield from start.parents
