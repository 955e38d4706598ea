"""Conditions as a whole: what is said now, with the transition times of what was said before."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from controller.model.condition import (
    Condition,
    Conditions,
    ConditionStatus,
    ConditionType,
    Reason,
    set_condition,
)

LONGEST_MESSAGE = 1024
_COMMIT = re.compile(r"(sha\d+:[0-9a-f]{12})[0-9a-f]+")


class Said(NamedTuple):
    """One condition as it is now; where one is not said at all, it is taken away."""

    type: ConditionType
    status: ConditionStatus
    reason: Reason
    message: str


def true(kind: ConditionType, reason: Reason, message: str) -> Said:
    """Say that something holds."""
    return Said(kind, ConditionStatus.TRUE, reason, message)


def false(kind: ConditionType, reason: Reason, message: str) -> Said:
    """Say that something does not hold."""
    return Said(kind, ConditionStatus.FALSE, reason, message)


def unknown(kind: ConditionType, reason: Reason, message: str) -> Said:
    """Say that nobody knows yet."""
    return Said(kind, ConditionStatus.UNKNOWN, reason, message)


def settle(
    before: Conditions, said: Iterable[Said | None], generation: int, now: datetime
) -> dict[ConditionType, Condition]:
    """Make the new set: each transition time moves only when its status does."""
    after: dict[ConditionType, Condition] = {}
    for each in said:
        if each is None:
            continue
        fresh = Condition(each.type, each.status, each.reason, clip(each.message), now, generation)
        after[each.type] = set_condition(before, fresh)[each.type]
    return after


def is_true(conditions: Conditions, kind: ConditionType) -> bool:
    """Say whether a condition is there and holds."""
    condition = conditions.get(kind)
    return condition is not None and condition.status is ConditionStatus.TRUE


def clip(text: str, limit: int = LONGEST_MESSAGE) -> str:
    """Shorten a text to what the CRD takes, and show that it was."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def short(revision: str) -> str:
    """Write a revision as people read it: twelve digits of the commit."""
    return _COMMIT.sub(r"\1", revision)


def several(number: int, noun: str) -> str:
    """Write a count with its noun: `1 tool`, `1,204 documents`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
