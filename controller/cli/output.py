"""
The only place that prints: results on standard output, everything else on standard error.

Plain text on purpose: a table library would double the start-up time of a
search.  Control characters of foreign texts are shown, never obeyed.
"""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from controller.errors import HarnessError, ScriptError
from controller.instants import format_instant

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class OutputFormat(StrEnum):
    """Text for people, JSON for programs."""

    TEXT = "text"
    JSON = "json"


def write_line(text: str = "") -> None:
    """Print one line of the result."""
    sys.stdout.write(visible(text) + "\n")


def write_json(value: object) -> None:
    """Print the result as one JSON document."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=_plain) + "\n")


def write_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print aligned columns under a head; columns of numbers stand to the right."""
    cells = [[visible(cell).replace("\n", " ") for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    numeric = [bool(rows) and all(_is_number(row[at]) for row in rows) for at in range(len(head))]
    for row in cells:
        aligned = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ]
        sys.stdout.write("  ".join(aligned).rstrip() + "\n")


def write_note(text: str) -> None:
    """Print a line for the person at the keyboard, out of the way of the result."""
    sys.stderr.write(visible(text) + "\n")
    sys.stderr.flush()


def write_warning(text: str) -> None:
    """Print a warning."""
    write_note(f"Warning: {text}")


def write_error(error: HarnessError, fmt: OutputFormat, *, connector: str = "") -> None:
    """
    Print an error: for a person with its hint, or as `{"error": {reason, message, hint}}`.

    `connector` names the script, which puts the text in the form of
    specification 002 §7.1.
    """
    message = error.message
    if isinstance(error, ScriptError) and error.traceback:
        message = f"{message}\n{error.traceback}"
    write_failure(error.reason, message, error.hint or "", fmt, connector=connector)


def write_failure(
    reason: str, message: str, hint: str, fmt: OutputFormat, *, connector: str = ""
) -> None:
    """Print a failure that is known by its words only, such as the error of a recorded run."""
    if fmt is OutputFormat.JSON:
        problem = {"reason": reason, "message": message, "hint": hint or None}
        sys.stderr.write(json.dumps({"error": problem}, ensure_ascii=False) + "\n")
        sys.stderr.flush()
        return
    write_note(f"Error: {failure_text(reason, message, connector) if connector else message}")
    if hint:
        write_note(f"Hint: {hint}")


def failure_text(reason: str, message: str, connector: str) -> str:
    """Word the failure of a script as specification 002 §7.1 and §7.4 do; `message` may hold its traceback."""
    lines = message.splitlines()
    if reason == "Timeout" and message.startswith("timed out"):
        head, *lines = lines
        return "\n".join([f"script connector '{connector}' {head}", *_indented(lines)])
    return "\n".join([f"script connector '{connector}' failed:", *_indented(lines)])


def visible(text: str) -> str:
    """Replace control characters but line breaks and tabs by their escapes, so that no text drives a terminal."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def count(number: int, noun: str) -> str:
    """Write a number with its noun: `1 item`, `1,200 items`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def document_of(fields: Mapping[str, object]) -> dict[str, object]:
    """Prepare fields for JSON: empty texts become null, as programs expect of what is not known."""
    return {name: None if value == "" else value for name, value in fields.items()}


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return format_instant(value)
    return str(value)


def _is_number(cell: str) -> bool:
    return cell.replace(",", "").replace(".", "").isdigit()
