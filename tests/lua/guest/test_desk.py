"""Answers to Lua: a code and a scalar, and never an exception."""

from dataclasses import dataclass
from typing import Any

import pytest

from controller.errors import CapabilityError
from controller.lua.guest.desk import DOOMED, GIVEN, REFUSED, SPARE, TOO_LARGE, Desk, Doom


@dataclass
class Room:
    """A VM's memory, as numbers."""

    taken: int
    most: int

    def used(self) -> int:
        return self.taken

    def limit(self) -> int:
        return self.most


def raising(error: BaseException) -> Any:
    def operation() -> None:
        raise error

    return operation


@pytest.mark.parametrize(
    ("operation", "answer"),
    [
        (lambda: None, (GIVEN, None)),
        (lambda: 7, (GIVEN, 7)),
        (lambda: b"x", (GIVEN, b"x")),
        (lambda: Doom("items"), (DOOMED, b"items")),
        (raising(CapabilityError("no")), (REFUSED, b"no")),
        (raising(MemoryError()), (DOOMED, b"memory")),
        (raising(EOFError()), (DOOMED, b"gone")),
        (raising(KeyError("x")), (DOOMED, b"defect")),
    ],
)
def test_whatever_happens_there_is_an_answer(operation: Any, answer: object) -> None:
    desk = Desk({b"do": operation}, lambda: False)

    assert desk.answer(b"do") == answer


def test_an_unknown_operation_is_a_defect_and_named() -> None:
    desk = Desk({}, lambda: False)

    assert desk.answer(b"what") == (DOOMED, b"defect")
    assert desk.defect == "KeyError: b'what'"


def test_after_the_end_nothing_is_done() -> None:
    desk = Desk({b"do": raising(AssertionError())}, lambda: True)

    assert desk.answer(b"do") == (DOOMED, b"timeout")


def test_an_answer_that_does_not_fit_waits_until_there_is_room() -> None:
    room = Room(taken=100, most=100 + SPARE)
    desk = Desk({b"do": lambda: b"xyz"}, lambda: False)
    desk.watch(room)

    assert desk.answer(b"do") == (TOO_LARGE, None)
    room.taken = 0
    assert desk.answer(b"take") == (GIVEN, b"xyz")


def test_an_answer_for_which_there_is_never_room_is_a_memory_error() -> None:
    desk = Desk({b"do": lambda: b"xyz"}, lambda: False)
    desk.watch(Room(taken=100, most=100))

    assert desk.answer(b"do") == (TOO_LARGE, None)
    assert desk.answer(b"take") == (DOOMED, b"memory")


def test_a_refusal_for_which_there_is_no_room_is_a_memory_error() -> None:
    desk = Desk({b"do": raising(CapabilityError("no"))}, lambda: False)
    desk.watch(Room(taken=100, most=100))

    assert desk.answer(b"do") == (DOOMED, b"memory")
