"""
registry.toml (specification 004 §4.1), read with every mistake named.

Pure: a text goes in, a manifest and its problems come out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from posixpath import normpath

import tomli

from controller.errors import ManifestError
from controller.model.extension import ExtensionEntry, ExtensionKind, RegistryManifest

CONTRACT_VERSION = "0.8.0"
"""What `min_version` is compared with: the contract with scripts, not our own version."""

FILE_NAME = "registry.toml"

LARGEST = 1024 * 1024
"""Characters; a manifest of a thousand extensions has a fifth of that."""

_TOP = ("registry", "connectors", "tools", "agents")
_META = ("name", "description", "url", "min_version")
_ENTRY = ("description", "path", "tags", "required_config", "host_apis", "tools")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")
_DOTTED = rf"(?:{_PART.pattern})(?:\s*\.\s*(?:{_PART.pattern}))*"
_HEADER = re.compile(rf"\s*\[+\s*({_DOTTED})\s*\]")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")
_VERSION = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:[-+].*)?")


class Severity(StrEnum):
    """An error refuses the registry; a warning is shown."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about a registry that its author should change."""

    file: str
    """Relative to the registry's root."""
    line: int
    """From 1; 0 where no line is meant."""
    message: str
    severity: Severity = Severity.ERROR
    column: int = 0

    def text(self) -> str:
        """Write the problem as compilers do: `registry.toml:3:7: …`."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        return f"{place}: {self.message}"


@dataclass(slots=True)
class _Reader:
    """Collects the problems of one file, with the lines they stand on."""

    file: str
    places: Mapping[tuple[str, ...], int]
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, message: str, *path: str) -> None:
        self.problems.append(Problem(self.file, self.line_of(path), message))

    def warn(self, message: str, *path: str) -> None:
        line = self.line_of(path)
        self.problems.append(Problem(self.file, line, message, Severity.WARNING))

    def line_of(self, path: tuple[str, ...]) -> int:
        """Find the line of a table or key, or that of the table around it."""
        lines = (self.places.get(path[:length], 0) for length in range(len(path), 0, -1))
        return next(filter(None, lines), 0)


def parse_manifest(text: str, file: str = FILE_NAME) -> RegistryManifest:
    """
    Read a manifest.

    Raises:
        ManifestError: It cannot be used; names file, line and key of the first
            mistake, and how many more there are.
    """
    manifest, problems = examine_manifest(text, file)
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise ManifestError(
            f"{errors[0].text()}{more}", hint="`ctx registry lint DIR` lists every problem"
        )
    return manifest


def examine_manifest(
    text: str, file: str = FILE_NAME
) -> tuple[RegistryManifest, tuple[Problem, ...]]:
    """Read as much of a manifest as can be read, and list everything that is wrong with it."""
    if len(text) > LARGEST:
        return RegistryManifest(), (Problem(file, 0, f"more than {LARGEST} characters"),)
    try:
        document = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        key = _key_at(text, error.lineno)
        message = f"{error.msg} (key '{key}')" if key else error.msg
        problem = Problem(file, error.lineno, message, column=error.colno)
        return RegistryManifest(), (problem,)
    except RecursionError:
        return RegistryManifest(), (Problem(file, 0, "nested too deeply"),)
    reader = _Reader(file, _places(text))
    _warn_unknown(reader, document, _TOP)
    meta = _table(reader, document, "registry")
    _warn_unknown(reader, meta, _META, "registry")
    extensions = tuple(
        entry
        for kind in ExtensionKind
        for name, value in _table(reader, document, f"{kind}s").items()
        if (entry := _entry(reader, kind, name, value)) is not None
    )
    min_version = _text(reader, meta, "min_version", "registry")
    _check_version(reader, min_version)
    manifest = RegistryManifest(
        name=_text(reader, meta, "name", "registry"),
        description=_text(reader, meta, "description", "registry"),
        url=_text(reader, meta, "url", "registry"),
        min_version=min_version,
        extensions=extensions,
        warnings=tuple(p.text() for p in reader.problems if p.severity is Severity.WARNING),
    )
    return manifest, tuple(reader.problems)


def confined(path: str) -> bool:
    """Say whether a relative POSIX path stays within its root."""
    return (
        bool(path)
        and not path.startswith("/")
        and "\\" not in path
        and path.isprintable()
        and ".." not in path.split("/")
        and normpath(path) != "."
    )


def _entry(reader: _Reader, kind: ExtensionKind, name: str, value: object) -> ExtensionEntry | None:
    where = (f"{kind}s", name)
    label = ".".join(where)
    if not _NAME.fullmatch(name):
        reader.refuse(f"[{label}]: '{name}' is no name of an extension", *where)
        return None
    if not isinstance(value, dict):
        reader.refuse(f"{label} must be a table, not {_kind_of(value)}", *where)
        return None
    _warn_unknown(reader, value, _ENTRY, *where)
    path = _text(reader, value, "path", *where)
    if "path" not in value:
        reader.refuse(f"[{label}] has no key 'path'", *where)
    elif path and not confined(path):
        reader.refuse(f"{label}.path: '{path}' leads out of the registry", *where, "path")
    elif not path and isinstance(value["path"], str):
        reader.refuse(f"{label}.path is empty", *where, "path")
    return ExtensionEntry(
        kind=kind,
        name=name,
        path=normpath(path) if confined(path) else "",
        description=_text(reader, value, "description", *where),
        tags=_texts(reader, value, "tags", *where),
        required_config=_texts(reader, value, "required_config", *where),
        host_apis=_texts(reader, value, "host_apis", *where),
        tools=_texts(reader, value, "tools", *where),
        line=reader.line_of((*where, "path")),
    )


def _table(reader: _Reader, document: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = document.get(key, {})
    if isinstance(value, dict):
        return value
    reader.refuse(f"{key} must be a table, not {_kind_of(value)}", key)
    return {}


def _text(reader: _Reader, table: Mapping[str, object], key: str, *where: str) -> str:
    value = table.get(key, "")
    if isinstance(value, str):
        return value
    reader.refuse(f"{'.'.join(where)}.{key} must be a string, not {_kind_of(value)}", *where, key)
    return ""


def _texts(reader: _Reader, table: Mapping[str, object], key: str, *where: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return tuple(value)
    reader.refuse(f"{'.'.join(where)}.{key} must be a list of strings", *where, key)
    return ()


def _check_version(reader: _Reader, wanted: str) -> None:
    if not wanted:
        return
    found = _VERSION.fullmatch(wanted)
    if found is None:
        reader.refuse(f"registry.min_version: '{wanted}' is no version", "registry", "min_version")
        return
    ours = tuple(int(part) for part in CONTRACT_VERSION.split("."))
    if tuple(int(part or 0) for part in found.groups()) > ours:
        reader.refuse(
            f"registry.min_version: needs version {wanted} of the script contract,"
            f" this release offers {CONTRACT_VERSION}",
            "registry",
            "min_version",
        )


def _warn_unknown(
    reader: _Reader, table: Mapping[str, object], known: tuple[str, ...], *where: str
) -> None:
    for key in table:
        if key not in known:
            near = get_close_matches(key, known, 1)
            guess = f", did you mean '{near[0]}'?" if near else ""
            place = f" in [{'.'.join(where)}]" if where else ""
            reader.warn(f"unknown key '{key}'{place}{guess}", *where, key)


def _kind_of(value: object) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a string"}
    return names.get(type(value), "a list" if isinstance(value, list) else "a table")


def _places(text: str) -> dict[tuple[str, ...], int]:
    """
    Map each table and key to the line that writes it first.

    A text search beside the parser, which keeps no places; at worst a line
    within a long string is taken for a table, and a message names that line.
    """
    places: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(line)
        key = _KEY.match(line)
        if header is not None:
            table = _parts(header[1])
            written = table
        elif key is not None:
            written = table + _parts(key[1])
        else:
            continue
        for length in range(1, len(written) + 1):
            places.setdefault(written[:length], number)
    return places


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _key_at(text: str, line: int) -> str:
    """Give the key that a line with a syntax error sets; empty when there is none."""
    lines = text.splitlines()
    found = _KEY.match(lines[line - 1]) if line <= len(lines) else None
    return found[1].strip() if found else ""
