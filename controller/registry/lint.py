"""Every problem of a registry at once, for its author: `ctx registry lint DIR`."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import tomli

from controller.errors import ManifestError, ScriptError
from controller.model.extension import ExtensionEntry, ExtensionKind, RegistryManifest
from controller.registry.discovery import discover, manifest_text
from controller.registry.manifest import FILE_NAME, Problem, Severity, examine_manifest

Compile = Callable[[str, bytes], None]
"""Compiles one script, given the name that errors show and its text; raises ScriptError."""

LARGEST_SCRIPT = 8 * 1024 * 1024

_PLACE = re.compile(r"(?P<file>[^\n]*?):(?P<line>\d+): (?P<message>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class LintReport:
    """What was found; a registry with a problem of severity error is not published."""

    extensions: tuple[ExtensionEntry, ...]
    problems: tuple[Problem, ...]

    def is_publishable(self) -> bool:
        """Say whether no problem is an error."""
        return all(problem.severity is not Severity.ERROR for problem in self.problems)


def lint(root: Path, compile_script: Compile) -> LintReport:
    """
    Check manifest, paths and scripts of a registry; never stops at the first problem.

    Problems are sorted by file and line.
    """
    problems: list[Problem] = []
    manifest = _manifest(root, problems)
    for entry in manifest.extensions:
        if entry.path:
            problems.extend(check_script(root, entry, compile_script))
    return LintReport(manifest.extensions, tuple(sorted(problems, key=_order)))


def check_script(root: Path, entry: ExtensionEntry, compile_script: Compile) -> tuple[Problem, ...]:
    """Check that a script is there, is a plain file of the registry, and compiles."""
    path = root / entry.path
    label = f"{entry.kind}s.{entry.name}"
    if _through_link(root, path):
        return (Problem(entry.path, 0, f"{label}: links are not carried by a registry"),)
    if not path.is_file():
        return (Problem(FILE_NAME, entry.line, f"{label}: there is no file '{entry.path}'"),)
    text = path.read_bytes()
    if len(text) > LARGEST_SCRIPT:
        return (Problem(entry.path, 0, f"the script has more than {LARGEST_SCRIPT} bytes"),)
    if entry.kind is ExtensionKind.AGENT and path.suffix == ".toml":
        return _check_toml(entry, text)
    try:
        compile_script(entry.path, text)
    except ScriptError as error:
        return (_located(entry, error.message),)
    return ()


def _manifest(root: Path, problems: list[Problem]) -> RegistryManifest:
    if not root.is_dir():
        problems.append(Problem(str(root), 0, "there is no such directory"))
        return RegistryManifest()
    found = discover(root)
    try:
        text = manifest_text(root)
    except ManifestError as error:
        problems.append(Problem(FILE_NAME, 0, error.message))
        return found
    if text is None:
        if not found.extensions:
            problems.append(Problem(FILE_NAME, 0, "there is no registry.toml and no extension"))
        return found
    manifest, of_manifest = examine_manifest(text)
    problems.extend(of_manifest)
    listed = {(entry.kind, entry.name) for entry in manifest.extensions}
    paths = {entry.path for entry in manifest.extensions}
    for entry in found.extensions:
        if (entry.kind, entry.name) not in listed and entry.path not in paths:
            message = f"is not listed in {FILE_NAME}, so nobody can use it"
            problems.append(Problem(entry.path, 0, message, Severity.WARNING))
    return manifest


def _check_toml(entry: ExtensionEntry, text: bytes) -> tuple[Problem, ...]:
    try:
        tomli.loads(text.decode("utf-8"))
    except tomli.TOMLDecodeError as error:
        return (Problem(entry.path, error.lineno, error.msg, column=error.colno),)
    except UnicodeDecodeError:
        return (Problem(entry.path, 0, "the file is not UTF-8"),)
    return ()


def _located(entry: ExtensionEntry, message: str) -> Problem:
    """Split `connectors/x.lua:3: …`, as scripts' errors are written."""
    found = _PLACE.fullmatch(message)
    if found is not None and found["file"].endswith(entry.path):
        return Problem(entry.path, int(found["line"]), found["message"])
    return Problem(entry.path, 0, message)


def _through_link(root: Path, path: Path) -> bool:
    while path not in (root, path.parent):
        if path.is_symlink():
            return True
        path = path.parent
    return False


def _order(problem: Problem) -> tuple[str, int, int]:
    return problem.file, problem.line, problem.column
