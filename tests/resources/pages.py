"""
Writes docs/reference/crds.md out of crds/: `python -m tests.resources.pages`.

The page is compared with the CRDs by test_pages.py.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from controller.resources.reading import rows, table, text, texts
from tests.resources.shelf import CRDS, ROOT, crd, schema

PAGE = ROOT / "docs" / "reference" / "crds.md"
HEAD = """\
# Registry and ConnectorSync

Both kinds belong to `contextharness.dev/v1alpha1`. The same manifests are taken by `kubectl apply`
and by `ctx dev DIR`, and checked by the same rules. [conditions.md](conditions.md) explains the
conditions and reasons of a status.

Three annotations ask for work at once; any new value is a new request, and the status echoes it when
it is answered.

| annotation | on | asks for |
|---|---|---|
| `contextharness.dev/reconcile-requested-at` | both | a look at the remote, or a run |
| `contextharness.dev/full-sync-requested-at` | ConnectorSync | a full run |
| `reconcile.fluxcd.io/requestedAt` | both | the same as the first, for the tools of Flux |

Durations are written as in Go (`30s`, `5m`, `1h30m`), sizes in bytes or with `Ki`, `Mi`, `Gi`.
This page is written from `crds/` by `python -m tests.resources.pages`.
"""
BOUNDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "maxItems": "at most {} entries",
    "maxProperties": "at most {} fields",
}


def page() -> str:
    """Write the whole page."""
    return "\n".join([HEAD, *(part for kind in CRDS for part in _kind(kind))])


def _kind(kind: str) -> Iterator[str]:
    names = table(table(crd(kind), "spec"), "names")
    short = ", ".join(f"`{name}`" for name in texts(names, "shortNames"))
    yield f"## {kind}\n\n{text(schema(kind), 'description')} Short name {short}.\n"
    for section in ("spec", "status"):
        yield f"### {kind}: {section}\n"
        yield "| field | type | default | |\n|---|---|---|---|"
        node = table(table(schema(kind), "properties"), section)
        yield from _fields(node, "")
        yield ""
        rules = list(_rules(node, section))
        if rules:
            yield "Rules across fields:\n\n" + "\n".join(rules) + "\n"


def _fields(node: Mapping[str, object], prefix: str) -> Iterator[str]:
    properties = table(node, "properties")
    required = node.get("required", [])
    assert isinstance(required, list)
    for name in properties:
        inner = table(properties, name)
        path = f"{prefix}{name}"
        needed = " Required." if name in required else ""
        said = f"{text(inner, 'description')}{_bounds(inner)}{needed}"
        yield f"| `{path}` | {_type(inner)} | {_default(inner)} | {said} |"
        entries = table(inner, "items")
        yield from _fields(inner, f"{path}.")
        yield from _fields(entries, f"{path}[].")


def _type(node: Mapping[str, object]) -> str:
    if "x-kubernetes-int-or-string" in node:
        return "size"
    if "enum" in node:
        options = node["enum"]
        assert isinstance(options, list)
        return " or ".join(f"`{option}`" for option in options)
    if text(node, "format") == "date-time":
        return "time"
    if "|h))+$" in text(node, "pattern") or "|m))+$" in text(node, "pattern"):
        return "duration"
    names = {"object": "map", "array": "list"}
    return names.get(text(node, "type"), text(node, "type"))


def _default(node: Mapping[str, object]) -> str:
    default = node.get("default")
    if default in (None, {}):
        return ""
    if isinstance(default, dict):
        return ", ".join(f"`{key}: {value}`" for key, value in default.items())
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _bounds(node: Mapping[str, object]) -> str:
    if text(node, "type") == "string" and "pattern" in node:
        return ""
    said = [words.format(node[bound]) for bound, words in BOUNDS.items() if bound in node]
    interesting = [words for words in said if words != "at least 1 characters"]
    return f" ({', '.join(interesting)})" if interesting else ""


def _rules(node: Mapping[str, object], path: str) -> Iterator[str]:
    for rule in rows(node, "x-kubernetes-validations"):
        yield f"- `{path}`: {text(rule, 'message')}"
    properties = table(node, "properties")
    for name in properties:
        yield from _rules(table(properties, name), f"{path}.{name}")
        yield from _rules(table(table(properties, name), "items"), f"{path}.{name}[]")


if __name__ == "__main__":
    Path(PAGE).write_text(page())
