"""Config files as parsed tables: syntax errors with line and key, two files merged, origins kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import tomli

from controller.errors import ConfigError, ConfigSyntaxError

KeyPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """The tables of one or more files, and which file each key came from."""

    values: dict[str, object] = field(default_factory=dict)
    origins: Mapping[KeyPath, Path] = field(default_factory=dict)

    def origin(self, key: KeyPath) -> Path | None:
        """Name the file of a key, or of the nearest table around it."""
        for length in range(len(key), 0, -1):
            if key[:length] in self.origins:
                return self.origins[key[:length]]
        return next(iter(self.origins.values()), None)


def read_tree(path: Path) -> Tree:
    """
    Read a config file.

    Raises:
        ConfigError: It is not there, no file, or cannot be read.
        ConfigSyntaxError: It is no TOML; the message names line, column and key.
    """
    text = _read_text(path)
    try:
        values: dict[str, object] = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise _syntax_error(path, text, error) from error
    except RecursionError as error:
        raise ConfigSyntaxError(f"{path}: nested too deeply") from error
    origins: dict[KeyPath, Path] = {}
    _mark(values, (), path, origins)
    return Tree(values, origins)


def merge_trees(under: Tree, over: Tree) -> Tree:
    """Lay one tree over another: tables key by key, everything else (arrays too) replaced."""
    origins = {
        key: path
        for key, path in under.origins.items()
        if not any(_hides(over.values, key[:length]) for length in range(1, len(key) + 1))
    }
    return Tree(_merge(under.values, over.values), {**origins, **over.origins})


def _read_text(path: Path) -> str:
    if path.is_dir():
        raise ConfigError(
            f"{path} is a directory, not a config file",
            hint="name the file in it, such as ctx.toml",
        )
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(
            f"there is no config file {path}", hint="look at --config and CTX_CONFIG"
        ) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigSyntaxError(f"{path}:{line}: the file is not UTF-8") from error
    except OSError as error:
        reason = error.strerror or "unknown error"
        raise ConfigError(f"cannot read the config file {path}: {reason}") from error


def _syntax_error(path: Path, text: str, error: tomli.TOMLDecodeError) -> ConfigSyntaxError:
    problem = error.msg[:1].lower() + error.msg[1:]
    key = _key_at(text.splitlines(), error.lineno)
    return ConfigSyntaxError(
        f"{path}:{error.lineno}:{error.colno}: {problem}" + (f" (key {key})" if key else ""),
        hint="texts stand in quotes, tables in [brackets], and no key is set twice",
    )


def _key_at(lines: list[str], number: int) -> str:
    """Name the key of a line, or of the statement that runs into it; never its value."""
    # An unclosed text or array is reported past the last line.
    for line in reversed(lines[:number]):
        key, equals, _ = line.partition("=")
        if equals and not key.lstrip().startswith("#"):
            return key.strip()
        if line.lstrip().startswith("["):
            return ""
    return ""


def _mark(table: Mapping[str, object], key: KeyPath, path: Path, into: dict[KeyPath, Path]) -> None:
    for name, value in table.items():
        into[(*key, name)] = path
        if isinstance(value, Mapping):
            _mark(value, (*key, name), path, into)


def _merge(under: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    merged = dict(under)
    for name, value in over.items():
        below = merged.get(name)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            merged[name] = _merge(below, value)
        else:
            merged[name] = value
    return merged


def _hides(values: Mapping[str, object], key: KeyPath) -> bool:
    """Say whether the upper file has something other than a table at this key."""
    found: object = values
    for name in key:
        if not isinstance(found, Mapping) or name not in found:
            return False
        found = found[name]
    return not isinstance(found, Mapping)
