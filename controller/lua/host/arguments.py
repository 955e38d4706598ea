"""
What scripts hand over, as Python values; the same words for every refusal.

Scripts of other hosts rely on Lua's own habit: where text is wanted a number
will do, and where a number is wanted so will a numeral.
"""

import math
from collections.abc import Mapping, Sequence

from controller.errors import CapabilityError
from controller.lua.host.base import Value
from controller.lua.limits import MEBIBYTE


def argument(arguments: Sequence[Value], position: int) -> Value:
    """Take one argument; those that the script left out are nil."""
    return arguments[position] if position < len(arguments) else None


def as_bytes(value: Value, what: str) -> bytes:
    """Take text or a number as bytes; `what` names it in the refusal."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return spell(value).encode()
    raise CapabilityError(f"{what} must be a string, and is {_kind(value)}")


def as_text(value: Value, what: str) -> str:
    """Take text that must be UTF-8, or a number."""
    taken = as_bytes(value, what)
    try:
        return taken.decode()
    except UnicodeDecodeError as error:
        raise CapabilityError(f"{what} is not UTF-8") from error


def as_number(value: Value, what: str) -> float:
    """Take a finite number, or the numeral of one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | bytes):
        raise CapabilityError(f"{what} must be a number, and is {_kind(value)}")
    try:
        number = float(value)
    except (ValueError, OverflowError) as error:
        raise CapabilityError(f"{what} must be a number") from error
    if not math.isfinite(number):
        raise CapabilityError(f"{what} must be a finite number, and is {number}")
    return number


def as_map(value: Value, what: str) -> Mapping[str, Value]:
    """Take a table with names; nil and the empty array (Lua knows no difference) are empty."""
    if value is None or value == []:
        return {}
    if not isinstance(value, dict):
        raise CapabilityError(f"{what} must be a table with names, and is {_kind(value)}")
    return {as_text(key, f"a key of {what}"): entry for key, entry in value.items()}


def as_list(value: Value, what: str) -> Sequence[Value]:
    """Take an array; nil and the empty table are empty."""
    if value is None or value == {}:
        return ()
    if not isinstance(value, list):
        raise CapabilityError(f"{what} must be an array, and is {_kind(value)}")
    return value


def spell(number: float) -> str:
    """Write a number as Lua's tostring does: `3`, `3.0`, `0.1`."""
    if isinstance(number, int):
        return str(number)
    text = f"{number:.14g}"
    return f"{text}.0" if text.lstrip("-").isdigit() else text


def spell_size(size: int) -> str:
    """Write a limit as people set it: whole mebibytes, or bytes."""
    return f"{size // MEBIBYTE} MiB" if size % MEBIBYTE == 0 else f"{size} bytes"


def _kind(value: Value) -> str:
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    return "a string" if isinstance(value, str | bytes) else "a table"
