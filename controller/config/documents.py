"""
YAML as `kubectl` reads it, with the line of every field: the home of the YAML library.

Values are built from parser events by our own hand and not by the library's
constructor: only so is every field's line known, a key given twice an error, a
timestamp a string as in JSON, and a small file of aliases never a large one in
memory.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import inf, isfinite, nan

import yaml

from controller.errors import ConfigSyntaxError

MOST_NODES = 100_000
"""Of one document, with every alias counted as what it stands for."""
MOST_DEPTH = 64

FieldPath = tuple[str | int, ...]
"""The way to a field: `("spec", "env", 0, "name")`."""

_TAG = "tag:yaml.org,2002:"
_LOADER: type[yaml.SafeLoader] | type[yaml.CSafeLoader] = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)
_WORDS: Mapping[str, object] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES"), True),
    **dict.fromkeys(("true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO"), False),
    **dict.fromkeys(("false", "False", "FALSE", "off", "Off", "OFF"), False),
}
_SPECIAL = {".inf": inf, "+.inf": inf, "-.inf": -inf, ".nan": nan}
_INTEGER = re.compile(r"[-+]?(0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_ODD_BREAK = re.compile("[\r\x85\u2028\u2029\ufeff]")
"""Line breaks to YAML that only double quotes carry through."""
_KINDS = {bool: "bool", int: "int", float: "float", type(None): "null", str: "str"}


@dataclass(frozen=True, slots=True)
class Node:
    """A value with the line it stands on and those of everything in it."""

    value: object = field(repr=False)
    """Left out of the repr, as it may be a Secret's."""
    line: int
    fields: Mapping[str | int, "Node"] = field(default_factory=dict, repr=False)
    weight: int = 1
    """How many nodes it is when every alias is written out."""

    def line_of(self, path: FieldPath) -> int:
        """Find the line of a field, or of the nearest one around it that is there."""
        node = self
        for step in path:
            if step not in node.fields:
                break
            node = node.fields[step]
        return node.line


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a text could not be parsed; `line` 0 means the text as a whole."""

    line: int
    message: str


def read_documents(text: str, name: str) -> tuple[Node, ...]:
    """
    Parse a text into its documents; empty ones are left out.

    Raises:
        ConfigSyntaxError: It is no YAML, or none that JSON could say; the message
            begins with the name and the line.
    """
    found = parse_documents(text)
    if isinstance(found, Flaw):
        where = f"{name}:{found.line}" if found.line else name
        raise ConfigSyntaxError(f"{where}: {found.message}")
    return found


def parse_documents(text: str) -> tuple[Node, ...] | Flaw:
    """Parse a text into its documents, or say in which line it cannot be parsed."""
    try:
        return tuple(_Builder(yaml.parse(text, Loader=_LOADER)).documents())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = ", ".join(part for part in (error.context, error.problem) if part)
        return Flaw(mark.line + 1 if mark else 0, said)
    except yaml.reader.ReaderError as error:
        return Flaw(0, f"it holds a character that YAML does not allow ({error.reason})")


def write_document(body: Mapping[str, object]) -> str:
    """Write a resource as YAML, keys in the order given."""
    text: str = yaml.dump(dict(body), Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    return text


class _Dumper(yaml.SafeDumper):
    """Writes equal values out each time: nobody reads `*id001` with pleasure."""

    def ignore_aliases(self, _data: object) -> bool:
        return True


def _written(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # The library quotes what it would take for another type itself; `y` and 089 are
    # strings to it, and none to `kubectl`.
    if _ODD_BREAK.search(text):
        style: str | None = '"'
    elif "\n" in text:
        style = "|"
    else:
        style = None if isinstance(_plain(text), str) else "'"
    return dumper.represent_scalar(f"{_TAG}str", text, style=style)


_Dumper.add_representer(str, _written)


class _Builder:
    """Makes values out of parser events."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self._anchors: dict[str, Node] = {}

    def documents(self) -> Iterator[Node]:
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                self._anchors = {}
                node = self._node(next(self._events), 0)
                if node.value is not None:
                    yield node

    def _node(self, event: yaml.Event, depth: int) -> Node:
        if depth > MOST_DEPTH:
            raise _error(event, f"it is nested more than {MOST_DEPTH} deep")
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise _error(event, f"alias *{event.anchor} stands for nothing that is complete")
            return self._anchors[event.anchor]
        if isinstance(event, yaml.ScalarEvent):
            node = Node(_scalar(event), _line(event))
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._sequence(event, depth)
        else:
            node = self._mapping(event, depth)
        if node.weight > MOST_NODES:
            raise _error(event, f"it holds more than {MOST_NODES:,} values")
        anchor: str | None = getattr(event, "anchor", None)
        if anchor is not None:
            self._anchors[anchor] = node
        return node

    def _sequence(self, start: yaml.SequenceStartEvent, depth: int) -> Node:
        _refuse_tag(start, f"{_TAG}seq")
        fields: dict[str | int, Node] = {}
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            fields[len(fields)] = self._node(event, depth + 1)
        return _collection([node.value for node in fields.values()], start, fields)

    def _mapping(self, start: yaml.Event, depth: int) -> Node:
        _refuse_tag(start, f"{_TAG}map")
        fields: dict[str | int, Node] = {}
        merged: dict[str | int, Node] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if _is_merge(event):
                merged = {**self._merge(next(self._events), depth + 1), **merged}
                continue
            key = _key(event)
            if key in fields:
                first = fields[key].line
                raise _error(event, f"key '{key}' is given twice, the first time in line {first}")
            # A nested value begins a line further down; people look for its key.
            fields[key] = replace(self._node(next(self._events), depth + 1), line=_line(event))
        fields = {**merged, **fields}
        return _collection({key: node.value for key, node in fields.items()}, start, fields)

    def _merge(self, event: yaml.Event, depth: int) -> Mapping[str | int, Node]:
        node = self._node(event, depth)
        maps = list(node.fields.values()) if isinstance(node.value, list) else [node]
        if not all(isinstance(each.value, dict) for each in maps):
            raise _error(event, "<< merges maps only")
        # The first of a list wins, so it is laid over the others last.
        found: dict[str | int, Node] = {}
        for each in reversed(maps):
            found.update(each.fields)
        return found


def _collection(value: object, start: yaml.Event, fields: Mapping[str | int, Node]) -> Node:
    weight = 1 + sum(node.weight for node in fields.values())
    return Node(value, _line(start), fields, weight)


def _scalar(event: yaml.ScalarEvent) -> object:
    tag = event.tag
    if tag is None and event.implicit[0]:
        value = _plain(event.value)
    elif tag in (None, "!", f"{_TAG}str"):
        value = event.value
    else:
        value = _plain(event.value)
        if tag != _TAG + _KINDS.get(type(value), ""):
            raise _error(event, f"tag {tag} does not fit the value, or is none of JSON's")
    if isinstance(value, float) and not isfinite(value):
        raise _error(event, "infinity and NaN are no numbers that JSON can say")
    return value


def _plain(text: str) -> object:
    """Read an unquoted scalar as the YAML library of `kubectl` does: YAML 1.1, no dates, no 12:30."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return _integer(text.replace("_", ""))
    if _FLOAT.fullmatch(text):
        number = float(text.replace("_", ""))
        # As JSON it is written without a point, and read back as a whole number.
        return int(number) if number.is_integer() and abs(number) < 2**53 else number
    return _SPECIAL.get(text.lower(), text)


def _integer(text: str) -> int:
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-")
    if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
        return sign * int(digits, 8)
    return sign * int(digits, 0)


def _key(event: yaml.Event) -> str:
    value = _scalar(event) if isinstance(event, yaml.ScalarEvent) else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        raise _error(event, "a key must be a string")
    return str(value)


def _is_merge(event: yaml.Event) -> bool:
    return isinstance(event, yaml.ScalarEvent) and event.value == "<<" and event.implicit[0]


def _refuse_tag(event: yaml.Event, usual: str) -> None:
    tag = getattr(event, "tag", None)
    if tag not in (None, "!", usual):
        raise _error(event, f"tag {tag} is none of JSON's")


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark is not None else 0


def _error(event: yaml.Event, problem: str) -> yaml.MarkedYAMLError:
    mark = yaml.Mark("", 0, max(_line(event) - 1, 0), 0, None, 0)
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)
