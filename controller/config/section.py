"""One table of ctx.toml under checks: every complaint names file, key, what was expected and found."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from ipaddress import ip_network
from math import isfinite
from pathlib import Path
from typing import TypeVar

from controller.config.expand import expand_text
from controller.config.files import KeyPath, Tree
from controller.config.paths import expand_home, project_of
from controller.errors import ConfigError
from controller.instants import parse_duration

T = TypeVar("T")

MEBIBYTE = 1024 * 1024
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(Ki|Mi|Gi|KiB|MiB|GiB|KB|MB|GB)")
_UNITS = {"Ki": 1024, "Mi": 1024**2, "Gi": 1024**3, "KB": 1000, "MB": 1000**2, "GB": 1000**3}


@dataclass(frozen=True, slots=True)
class Reading:
    """What every section of one config shares."""

    tree: Tree
    environment: Mapping[str, str]
    directory: Path
    """The working directory; where paths start if there is no file."""
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Section:
    """A table, the key it stands under, and the names that were asked for so far."""

    reading: Reading
    key: KeyPath
    values: Mapping[str, object]
    asked: dict[str, None] = field(default_factory=dict)

    def table(self, name: str) -> "Section":
        """Open a table below this one; a missing one is empty."""
        value = self._take(name, {})
        if not isinstance(value, Mapping):
            raise self.wrong(name, "a table", value)
        return Section(self.reading, (*self.key, name), value)

    def text(self, name: str, default: str) -> str:
        """Read a text."""
        value = self._take(name, default)
        if not isinstance(value, str):
            raise self.wrong(name, "a text", value)
        return value

    def flag(self, name: str) -> bool:
        """Read true or false; false where it is missing."""
        value = self._take(name, False)  # noqa: FBT003  the default is the value itself
        if not isinstance(value, bool):
            raise self.wrong(name, "true or false", value)
        return value

    def whole(self, name: str, default: int, *, least: int) -> int:
        """Read a whole number of at least `least`."""
        value = self._take(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise self.wrong(name, f"a whole number of at least {least}", value)
        return value

    def fraction(self, name: str, default: float) -> float:
        """Read a number from 0 to 1."""
        value = self._take(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise self.wrong(name, "a number from 0 to 1", value)
        return float(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """Read a list of texts; empty where it is missing."""
        value = self._take(name, [])
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self.wrong(name, "a list of texts", value)
        return tuple(value)

    def networks(self, name: str) -> tuple[str, ...]:
        """Read a list of address ranges such as "10.0.0.0/8"."""
        ranges = self.texts(name)
        for each in ranges:
            try:
                ip_network(each, strict=False)
            except ValueError as error:
                raise self.wrong(name, 'address ranges such as "10.0.0.0/8"', each) from error
        return ranges

    def size(self, name: str, default: int, *, least: int) -> int:
        """Read a size in bytes: a number is MiB, a text has a unit."""
        value = self._take(name, None)
        if value is None:
            return default
        size = _size(value)
        if size is None or size < least:
            least_text = f"{least // MEBIBYTE}Mi" if least >= MEBIBYTE else f"{least} bytes"
            raise self.wrong(
                name, f'a number of MiB or a size such as "256Mi", at least {least_text}', value
            )
        return size

    def duration(self, name: str, default: timedelta) -> timedelta:
        """Read a duration: a number is seconds, a text is like `5m`; at most 24 hours."""
        value = self._take(name, None)
        if value is None:
            return default
        seconds = _seconds(value)
        if seconds is None or not 0 < seconds <= 86_400:
            raise self.wrong(name, 'seconds or a duration such as "5m", up to 24 hours', value)
        return timedelta(seconds=seconds)

    def path(self, name: str) -> tuple[str, tuple[Path, ...]] | None:
        """
        Read a path, `~` and `${NAME}` filled in.

        Returns it as written, and the places it may mean, best first: absolute,
        from the project of its config file, beside that file.
        """
        value = self._take(name, None)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(name, "a path", value)
        reading = self.reading
        filled = expand_text(
            value, reading.environment, where=self._file(name), key=self._dotted(name)
        )
        path = expand_home(filled, reading.environment)
        return value, tuple(dict.fromkeys(base / path for base in self._bases(name)))

    def raw(self, name: str) -> object:
        """Take a value as it is; None where it is missing."""
        return self._take(name, None)

    def rest(self) -> dict[str, object]:
        """Take everything that was not asked for."""
        left = {name: value for name, value in self.values.items() if name not in self.asked}
        self.asked.update(dict.fromkeys(left))
        return left

    def finish(self) -> None:
        """Warn of every key that nobody asked for, with the nearest name that exists."""
        known = list(self.asked)
        for name in self.rest():
            nearest = get_close_matches(name.lower(), known, n=1)
            self.warn(name, "is unknown" + (f"; did you mean '{nearest[0]}'?" if nearest else ""))

    def warn(self, name: str, problem: str) -> None:
        """Add a warning about a key; empty means the section itself."""
        self.reading.warnings.append(f"{self._file(name)}: {self._dotted(name)} {problem}")

    def wrong(self, name: str, expected: str, found: object) -> ConfigError:
        """Make the error for a value that cannot be used."""
        return ConfigError(
            f"{self._file(name)}: {self._dotted(name)} must be {expected}, found {_shown(found)}"
        )

    def missing(self, name: str, hint: str) -> ConfigError:
        """Make the error for a key that has no default."""
        return ConfigError(f"{self._file('')}: {self._dotted(name)} is missing", hint=hint)

    def where(self) -> str:
        """Name the file and the section."""
        return f"{self._file('')} [{self._dotted('')}]"

    def _take(self, name: str, default: object) -> object:
        self.asked[name] = None
        return self.values.get(name, default)

    def _bases(self, name: str) -> tuple[Path, ...]:
        origin = self.reading.tree.origin((*self.key, name))
        if origin is None:
            return (self.reading.directory,)
        return project_of(origin), origin.parent

    def _file(self, name: str) -> str:
        origin = self.reading.tree.origin((*self.key, name) if name else self.key)
        return str(origin) if origin is not None else "built-in settings"

    def _dotted(self, name: str) -> str:
        return ".".join((*self.key, name) if name else self.key)


def _size(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value * MEBIBYTE
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    unit = found[2].removesuffix("B") if found[2].endswith("iB") else found[2]
    return int(float(found[1]) * _UNITS[unit])


def _seconds(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if isfinite(value) else None
    if not isinstance(value, str):
        return None
    try:
        return parse_duration(value)
    except ValueError:
        return None


_KINDS: tuple[tuple[type, Callable[[object], str]], ...] = (
    (bool, lambda value: str(value).lower()),
    (int, lambda value: f"the number {value}"),
    (float, lambda value: f"the number {value}"),
    (list, lambda _: "a list"),
    (Mapping, lambda _: "a table"),
)


def _shown(value: object) -> str:
    """Name a value in an error; a long text is cut, since it may be a token in the wrong place."""
    if isinstance(value, str):
        return f"the text '{value}'" if len(value) <= 24 else "a longer text"
    for kind, show in _KINDS:
        if isinstance(value, kind):
            return show(value)
    return "a date or time"
