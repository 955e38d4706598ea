"""
The CRDs' rules in-process: the verdict of the API server, for those who have none.

A CRD is handed in as parsed; nothing here reads a file.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from difflib import get_close_matches

from jsonschema import Draft202012Validator

from controller.resources.reading import rows, table, text, texts
from controller.resources.rules import PREDICATES

FieldPath = tuple[str | int, ...]

_METADATA: Mapping[str, object] = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "maxLength": 253},
        "namespace": {"type": "string", "maxLength": 63},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
        "finalizers": {"type": "array", "items": {"type": "string"}},
        "generateName": {"type": "string"},
        "uid": {"type": "string"},
        "resourceVersion": {"type": "string"},
        "generation": {"type": "integer"},
        "creationTimestamp": {"type": ["string", "null"]},
        "deletionTimestamp": {"type": ["string", "null"]},
        "deletionGracePeriodSeconds": {"type": "integer"},
        "selfLink": {"type": "string"},
        "ownerReferences": {"type": "array"},
        "managedFields": {"type": "array"},
    },
}
_NOUNS = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a map",
    "array": "a list",
    "null": "empty",
}
_COUNTED = {
    "Length": ("character", "characters"),
    "Items": ("entry", "entries"),
    "Properties": ("field", "fields"),
}
_PATTERNS = (
    ("|h))+$", "must be a duration such as 30s, 5m or 1h30m"),
    ("|m))+$", "must be a duration such as 30s or 5m"),
    ("(Ki|Mi|Gi)?$", "must be a size such as 64Mi or 1Gi"),
    (
        r"ssh)://[^\s]+$",
        "must begin with https:// or ssh://; for a directory use ctx dev --registry NAME=DIR",
    ),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule; the message never holds the value, which may be a secret."""

    path: FieldPath
    message: str

    def field(self) -> str:
        """Write the path as `kubectl` does: `spec.env[0].name`."""
        written = "".join(
            f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path
        )
        return written.removeprefix(".")

    def text(self) -> str:
        """Write field and message."""
        return f"{self.field()}: {self.message}" if self.path else self.message


def problems(
    body: Mapping[str, object],
    crd: Mapping[str, object],
    *,
    old: Mapping[str, object] | None = None,
) -> tuple[Problem, ...]:
    """
    Check a resource against its CRD as `kubectl apply --validate=strict` does.

    `old` is the resource accepted before; rules about what may not change are
    checked only then.  A CEL rule is left out where its own field is broken
    otherwise, as on the server: one mistake, one message.
    """
    wrong = _wrong_kind(body, crd)
    if wrong is not None:
        return (wrong,)
    schema = _schema(crd)
    full = with_defaults(body, crd)
    found = [
        *_metadata_problems(body),
        *_validate(full, _strict(schema, is_root=True)),
        *_repeated(full, schema, ()),
    ]
    before = with_defaults(old, crd) if old is not None else None
    rules = _Rules(tuple(problem.path for problem in found))
    found += rules.check(schema, full, before, ())
    unique = dict.fromkeys(found)
    return tuple(sorted(unique, key=lambda problem: [str(step) for step in problem.path]))


def with_defaults(body: Mapping[str, object], crd: Mapping[str, object]) -> dict[str, object]:
    """
    Fill in defaults as the API server does, on a copy.

    A null counts as left out: with a default it takes that, without one it goes.
    """
    filled = _filled(body, _schema(crd))
    return filled if isinstance(filled, dict) else {}


def _schema(crd: Mapping[str, object]) -> Mapping[str, object]:
    [version] = rows(table(crd, "spec"), "versions")
    return table(table(version, "schema"), "openAPIV3Schema")


def _wrong_kind(body: Mapping[str, object], crd: Mapping[str, object]) -> Problem | None:
    spec = table(crd, "spec")
    kind = text(table(spec, "names"), "kind")
    served = [
        f"{text(spec, 'group')}/{text(version, 'name')}" for version in rows(spec, "versions")
    ]
    if body.get("kind") != kind:
        return Problem(("kind",), f"must be {kind}")
    if body.get("apiVersion") not in served:
        return Problem(("apiVersion",), f"must be {' or '.join(served)}")
    return None


def _metadata_problems(body: Mapping[str, object]) -> Iterator[Problem]:
    for problem in _validate(table(body, "metadata"), _METADATA):
        yield Problem(("metadata", *problem.path), problem.message)


def _strict(schema: Mapping[str, object], *, is_root: bool = False) -> dict[str, object]:
    """Turn a structural schema into JSON Schema that refuses what the server would prune."""
    kept = ("type", "required", "enum", "minimum", "maximum", "minLength", "maxLength")
    counts = ("minItems", "maxItems", "minProperties", "maxProperties")
    made: dict[str, object] = {key: schema[key] for key in (*kept, *counts) if key in schema}
    if "x-kubernetes-int-or-string" in schema:
        made["type"] = ["integer", "string"]
    if "pattern" in schema:
        # Here `$` would also match before a line break at the very end.
        made["pattern"] = text(schema, "pattern").removesuffix("$") + r"\Z"
    if "items" in schema:
        made["items"] = _strict(table(schema, "items"))
    properties = table(schema, "properties")
    if properties:
        made["properties"] = {
            name: {} if is_root and name == "metadata" else _strict(table(properties, name))
            for name in properties
        }
        made["additionalProperties"] = False
    return made


def _validate(value: object, schema: Mapping[str, object]) -> Iterator[Problem]:
    for error in Draft202012Validator(dict(schema)).iter_errors(value):
        path = tuple(error.absolute_path)
        bounds = error.validator_value
        bounds = bounds if isinstance(bounds, list) else [bounds]
        given = error.instance if isinstance(error.instance, Mapping) else {}
        match error.validator:
            case "required":
                missing = (name for name in bounds if name not in given)
                yield from (Problem((*path, name), "is required") for name in missing)
            case "additionalProperties":
                known = error.schema["properties"] if isinstance(error.schema, Mapping) else {}
                yield from _unknown(path, given, list(known))
            case _:
                yield Problem(path, _message(str(error.validator), bounds))


def _unknown(path: FieldPath, given: Mapping[str, object], known: list[str]) -> Iterator[Problem]:
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            yield Problem((*path, name), f"is no field{hint}")


def _message(validator: str, bounds: list[object]) -> str:
    bound = str(bounds[0])
    match validator:
        case "type":
            return f"must be {' or '.join(_NOUNS[str(kind)] for kind in bounds)}"
        case "enum":
            return f"must be one of {', '.join(str(each) for each in bounds)}"
        case "pattern":
            pattern = bound.removesuffix(r"\Z") + "$"
            plain = (said for end, said in _PATTERNS if pattern.endswith(end))
            return next(plain, f"must match {pattern}")
        case "minimum" | "maximum":
            return f"must be at {'least' if validator == 'minimum' else 'most'} {bound}"
        case _:
            side = "least" if validator.startswith("min") else "most"
            one, many = _COUNTED[validator[3:]]
            return f"must have at {side} {bound} {one if bound == '1' else many}"


def _repeated(value: object, schema: Mapping[str, object], path: FieldPath) -> Iterator[Problem]:
    """Find list entries that the API server would take for the same one."""
    for step, inner, inner_schema in _inside(value, schema):
        yield from _repeated(inner, inner_schema, (*path, step))
    kind = text(schema, "x-kubernetes-list-type")
    if kind not in ("map", "set") or not isinstance(value, list):
        return
    keys = texts(schema, "x-kubernetes-list-map-keys")
    seen: list[object] = []
    for index, entry in enumerate(value):
        identity = [entry.get(key) for key in keys] if isinstance(entry, Mapping) else entry
        if identity in seen:
            yield Problem((*path, index), "is given twice")
        seen.append(identity)


@dataclass(frozen=True, slots=True)
class _Rules:
    """Walks schema and values together and asks the predicate of each rule."""

    broken: tuple[FieldPath, ...]
    """Fields whose form is wrong already; a predicate would stumble over them."""

    def check(
        self, schema: Mapping[str, object], value: object, old: object, path: FieldPath
    ) -> Iterator[Problem]:
        for rule in rows(schema, "x-kubernetes-validations"):
            words = text(rule, "rule")
            if ("oldSelf" in words and old is None) or self._stumbles(path):
                continue
            if not PREDICATES[_place(path), words](value, old):
                yield Problem(path, text(rule, "message"))
        for step, inner, inner_schema in _inside(value, schema):
            before = old.get(step) if isinstance(old, Mapping) else None
            yield from self.check(inner_schema, inner, before, (*path, step))

    def _stumbles(self, path: FieldPath) -> bool:
        return any(_begins(path, other) or _begins(other, path) for other in self.broken)


def _place(path: FieldPath) -> str:
    """Write a path as the predicates are keyed: `spec.env[*]`."""
    return "".join("[*]" if isinstance(step, int) else f".{step}" for step in path)[1:]


def _begins(path: FieldPath, with_path: FieldPath) -> bool:
    return path[: len(with_path)] == with_path


def _inside(
    value: object, schema: Mapping[str, object]
) -> Iterator[tuple[str | int, object, Mapping[str, object]]]:
    if isinstance(value, Mapping):
        for name in table(schema, "properties"):
            if name in value:
                yield name, value[name], table(table(schema, "properties"), name)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield index, entry, table(schema, "items")


def _filled(value: object, schema: Mapping[str, object]) -> object:
    if isinstance(value, list):
        return [_filled(entry, table(schema, "items")) for entry in value]
    if not isinstance(value, Mapping):
        return value
    known = table(schema, "properties")
    filled = {
        name: _filled(entry, table(known, name))
        for name, entry in value.items()
        if entry is not None or name not in known
    }
    for name in known:
        inner = table(known, name)
        if name not in filled and "default" in inner:
            filled[name] = _filled(deepcopy(inner["default"]), inner)
    return filled
