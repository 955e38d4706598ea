"""
The resources that a directory holds, as `kubectl apply -f DIR -R` would find them.

One broken file never stops the others.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from controller.config.documents import FieldPath, Flaw, Node, parse_documents

GROUP = "contextharness.dev"
MOST_BYTES = 1024 * 1024
_OURS = frozenset({"Registry", "ConnectorSync"})
_PLAIN = frozenset({"Secret", "ConfigMap"})


class Severity(StrEnum):
    """A note keeps nothing from working."""

    ERROR = "error"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class FileProblem:
    """Something in a file that cannot be used; `line` 0 means the file as a whole."""

    file: Path
    line: int
    message: str
    severity: Severity = Severity.ERROR

    def text(self) -> str:
        """Write it as compilers do: `FILE:LINE: message`."""
        return f"{place(self.file, self.line)}: {self.message}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """One resource of a file."""

    kind: str
    api_version: str
    namespace: str
    name: str
    file: Path
    body: Mapping[str, object] = field(repr=False)
    """Left out of the repr: a Secret's values are in it."""
    node: Node = field(repr=False)

    @property
    def line(self) -> int:
        """Where the document begins."""
        return self.node.line

    def line_of(self, path: FieldPath) -> int:
        """Find the line of a field, or of the nearest one around it that is there."""
        return self.node.line_of(path)

    def locate(self, path: FieldPath) -> str:
        """Write where a field stands: `FILE:LINE`."""
        return place(self.file, self.line_of(path))


@dataclass(frozen=True, slots=True)
class ManifestSet:
    """All that a directory holds."""

    resources: tuple[Manifest, ...]
    problems: tuple[FileProblem, ...]


def load_manifests(directory: Path) -> ManifestSet:
    """
    Read every `*.yaml` and `*.yml` below a directory, in the order of their paths.

    Directories whose name begins with a dot are left alone.  Of a file with a
    syntax error nothing is taken, as `kubectl apply` would do.
    """
    resources: dict[tuple[str, str, str], Manifest] = {}
    problems: list[FileProblem] = []
    for path in _files(directory, problems):
        documents = _parse(path)
        if isinstance(documents, FileProblem):
            problems.append(documents)
            continue
        for document in documents:
            found = _manifest(document, path)
            problem = _once(resources, found) if isinstance(found, Manifest) else found
            if problem is not None:
                problems.append(problem)
    return ManifestSet(tuple(resources.values()), tuple(problems))


def _files(directory: Path, problems: list[FileProblem]) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        reason = error.strerror or "it cannot be read"
        problems.append(FileProblem(Path(error.filename), 0, reason))

    for root, names, files in os.walk(directory, onerror=refuse):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            if name.endswith((".yaml", ".yml")) and not name.startswith("."):
                yield Path(root, name)


def _parse(path: Path) -> tuple[Node, ...] | FileProblem:
    if path.exists() and not path.is_file():
        # Opening a pipe would wait for a writer, for ever.
        return FileProblem(path, 0, "it is no regular file")
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        return FileProblem(path, 0, error.strerror or "it cannot be read")
    if len(content) > MOST_BYTES:
        return FileProblem(path, 0, "the file is larger than 1 MiB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return FileProblem(path, content.count(b"\n", 0, error.start) + 1, "it is not UTF-8")
    documents = parse_documents(text)
    if isinstance(documents, Flaw):
        return FileProblem(path, documents.line, documents.message)
    return documents


def _manifest(document: Node, file: Path) -> Manifest | FileProblem:
    body = document.value
    if not isinstance(body, dict):
        return FileProblem(file, document.line, f"the document is {_noun(body)}, not a resource")
    flaw = _flaw(document, ("apiVersion",)) or _flaw(document, ("kind",))
    if flaw is not None:
        return FileProblem(file, flaw.line, flaw.message)
    kind, api_version = str(body["kind"]), str(body["apiVersion"])
    ours = kind in _OURS and api_version.startswith(f"{GROUP}/")
    if not ours and not (kind in _PLAIN and api_version == "v1"):
        message = f"{kind} of {api_version} is left alone: it is no kind of ours"
        return FileProblem(file, document.line_of(("kind",)), message, Severity.NOTE)
    flaw = _flaw(document, ("metadata", "name")) or _flaw(document, ("metadata", "namespace"))
    if flaw is not None:
        return FileProblem(file, flaw.line, flaw.message)
    names = body["metadata"]
    namespace = names.get("namespace") or "default"
    return Manifest(kind, api_version, namespace, names["name"], file, body, document)


def _flaw(document: Node, path: tuple[str, ...]) -> Flaw | None:
    """Check a field that names the resource; only the namespace may be left out."""
    node: Node | None = document
    for step in path:
        node = node.fields.get(step) if node is not None else None
    value = node.value if node is not None else None
    if (isinstance(value, str) and value) or (value is None and path[-1] == "namespace"):
        return None
    missing = node is None or value in (None, "")
    found = "is missing" if missing else f"is {_noun(value)}, not a string"
    return Flaw(document.line_of(path), f"{'.'.join(path)} {found}")


def _once(
    resources: dict[tuple[str, str, str], Manifest], manifest: Manifest
) -> FileProblem | None:
    key = (manifest.kind, manifest.namespace, manifest.name)
    first = resources.setdefault(key, manifest)
    if first is manifest:
        return None
    name = f"{manifest.kind} {manifest.namespace}/{manifest.name}"
    message = f"{name} is declared a second time, the first is at {first.locate(())}"
    return FileProblem(manifest.file, manifest.line, message)


def place(file: Path, line: int) -> str:
    """Write `FILE:LINE`, or the file alone where no line is meant."""
    return f"{file}:{line}" if line else str(file)


def _noun(value: object) -> str:
    nouns = {dict: "a map", list: "a list", str: "a string", bool: "a boolean", int: "a number"}
    return "empty" if value is None else nouns.get(type(value), "a number")
