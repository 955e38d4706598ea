"""
A raw item → a checked one, or a named refusal.

The rules are those of specification 002 §3.2 and §3.3 and guide 000, joined: an item
that breaks one is skipped and counted, never fatal; a field that can be done
without is dropped with a warning.
"""

from dataclasses import dataclass
from datetime import datetime
from math import isfinite

import msgspec

from controller.instants import parse_instant
from controller.model.document import RawItem, Refusal, Scalar, SourceItem
from controller.model.names import SourceName, lies_below

LONGEST_ID = 1024
LONGEST_SHOWN = 128
DEFAULT_CONTENT_TYPE = "text/plain"

_OBJECT = msgspec.json.Decoder(dict[str, object])
_SORTED = msgspec.json.Encoder(order="sorted")


@dataclass(frozen=True, slots=True)
class Checked:
    """An item fit for the store; `warnings` name fields that were dropped or repaired."""

    item: SourceItem
    warnings: tuple[str, ...] = ()


def check_item(raw: RawItem, source: SourceName) -> Checked | Refusal:
    """Check one item of `source`; say why where it cannot be kept."""
    warnings: list[str] = []
    odd = [] if raw.odd is None else _text(raw.odd).split()
    if "item" in odd:
        return Refusal(raw.position, "the item is no table")
    label = _source(raw, source, odd)
    if isinstance(label, Refusal):
        return label
    source_id, problem = _required("source_id", raw.source_id, raw.id, odd, warnings)
    if not source_id:
        return Refusal(raw.position, problem)
    if len(source_id) > LONGEST_ID:
        return Refusal(raw.position, f"'source_id' is longer than {LONGEST_ID} characters")
    body, problem = _required("body", raw.body, None, odd, warnings)
    if not body:
        return Refusal(raw.position, problem)
    item = SourceItem(
        source=label,
        source_id=source_id,
        body=body,
        title=_optional("title", raw.title, odd, warnings),
        content_type=_optional("content_type", raw.content_type, odd, warnings)
        or DEFAULT_CONTENT_TYPE,
        source_url=_address(raw, odd, warnings),
        author=_optional("author", raw.author, odd, warnings),
        created_at=_instant("created_at", raw.created_at, odd, warnings),
        updated_at=_instant("updated_at", raw.updated_at, odd, warnings),
        metadata=_metadata(raw, odd, warnings),
    )
    return Checked(item, tuple(warnings))


def _source(raw: RawItem, source: SourceName, odd: list[str]) -> SourceName | Refusal:
    if raw.source is None and "source" not in odd:
        return source
    label = _text(raw.source)
    if len(label) <= LONGEST_ID and lies_below(label, source):
        return SourceName(label)
    # A script may not write into another connector's documents.
    shown = label if len(label) <= LONGEST_SHOWN else f"{label[:LONGEST_SHOWN]}…"
    return Refusal(raw.position, f"'source' is '{shown}', which is not {source} or below it")


def _required(
    name: str, value: Scalar, alias: Scalar, odd: list[str], warnings: list[str]
) -> tuple[str, str]:
    """Give the text of a field, or an empty one and why there is none."""
    if value is None and name not in odd:
        if alias is None:
            return "", f"missing required field '{name}'"
        warnings.append(f"'id' is an old name of '{name}'")
        value = alias
    if name in odd or isinstance(value, bool):
        return "", f"'{name}' is no string"
    if isinstance(value, float) and not isfinite(value):
        return "", f"'{name}' is not a finite number"
    if isinstance(value, bytes):
        try:
            text = value.decode()
        except UnicodeDecodeError:
            if name == "source_id":
                # Repaired ids of two items could fall together.
                return "", f"'{name}' is not UTF-8"
            warnings.append(f"'{name}' is not UTF-8; broken bytes were replaced")
            text = value.decode(errors="replace")
    else:
        text = _text(value)
    return text, f"'{name}' is empty"


def _optional(name: str, value: Scalar, odd: list[str], warnings: list[str]) -> str:
    if value is None and name not in odd:
        return ""
    if name in odd or isinstance(value, bool):
        warnings.append(f"'{name}' is no string and was left out")
        return ""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            warnings.append(f"'{name}' is not UTF-8; broken bytes were replaced")
    return _text(value)


def _address(raw: RawItem, odd: list[str], warnings: list[str]) -> str:
    if raw.source_url is None and raw.url is not None and "source_url" not in odd:
        warnings.append("'url' is an old name of 'source_url'")
        return _optional("url", raw.url, odd, warnings)
    return _optional("source_url", raw.source_url, odd, warnings)


def _instant(name: str, value: Scalar, odd: list[str], warnings: list[str]) -> datetime | None:
    if value is None and name not in odd:
        return None
    instant = parse_instant(value.decode(errors="replace") if isinstance(value, bytes) else value)
    if instant is None:
        warnings.append(f"'{name}' is no time that can be read and was left out")
    return instant


def _metadata(raw: RawItem, odd: list[str], warnings: list[str]) -> str:
    if raw.metadata is None and raw.metadata_json is None and not odd:
        return "{}"
    for name, value in (("metadata", raw.metadata), ("metadata_json", raw.metadata_json)):
        if value is None and name not in odd:
            continue
        try:
            parsed = _OBJECT.decode(_text(value))
        except (msgspec.MsgspecError, RecursionError):
            warnings.append(f"'{name}' is no JSON object and was left out")
            continue
        return _SORTED.encode(parsed).decode()
    return "{}"


def _text(value: Scalar) -> str:
    """Spell a scalar as Lua's `tostring` would; text that is not UTF-8 is repaired."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, float):
        return f"{value:.14g}" if not value.is_integer() or abs(value) >= 1e15 else f"{value:.1f}"
    return str(value)
