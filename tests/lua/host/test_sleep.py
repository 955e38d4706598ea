"""Waits are validated, bounded, cancellable, and not charged."""

import threading
import time

import pytest

from controller.errors import CapabilityError, ScriptCancelledError
from controller.lua.deadline import Deadline
from controller.lua.host.base import Value
from controller.lua.host.sleep import Waits


def a_deadline() -> Deadline:
    return Deadline(60.0, time.monotonic)


@pytest.mark.parametrize(
    "seconds",
    [
        None,
        True,
        b"soon",
        [],
        {},
        float("nan"),
        float("inf"),
        -float("inf"),
        b"nan",
        b"inf",
        -0.5,
        -1,
        10**400,
    ],
)
def test_what_is_no_time_is_refused(seconds: Value) -> None:
    with pytest.raises(CapabilityError, match="sleep: the time"):
        Waits(10, None).sleep([seconds], a_deadline())


def test_a_missing_argument_is_refused() -> None:
    with pytest.raises(CapabilityError, match="is nil"):
        Waits(10, None).sleep([], a_deadline())


@pytest.mark.parametrize("seconds", [0.05, b"0.05", "0.05"])
def test_it_really_waits(seconds: Value) -> None:
    began = time.monotonic()

    Waits(10, None).sleep([seconds], a_deadline())

    assert time.monotonic() - began >= 0.05


def test_the_wait_is_not_charged_to_the_script() -> None:
    deadline = a_deadline()
    before = deadline.remaining()

    Waits(10, lambda: False).sleep([0.25], deadline)

    assert before - deadline.remaining() < 0.2


def test_no_time_at_all_is_fine() -> None:
    assert Waits(0, None).sleep([0], a_deadline()) is None


def test_a_wait_beyond_the_budget_is_refused_without_waiting() -> None:
    began = time.monotonic()

    with pytest.raises(CapabilityError, match="1800 seconds"):
        Waits(1800, None).sleep([3600], a_deadline())
    assert time.monotonic() - began < 1


def test_the_budget_is_for_all_waits_together() -> None:
    waits = Waits(0.1, None)

    waits.sleep([0.06], a_deadline())

    with pytest.raises(CapabilityError, match="left"):
        waits.sleep([0.06], a_deadline())


def test_a_cancelled_run_does_not_start_to_wait() -> None:
    with pytest.raises(ScriptCancelledError):
        Waits(1800, lambda: True).sleep([1000], a_deadline())


def test_a_wait_ends_soon_after_the_run_is_cancelled() -> None:
    flag = threading.Event()
    timer = threading.Timer(0.05, flag.set)
    timer.start()
    began = time.monotonic()

    with pytest.raises(ScriptCancelledError):
        Waits(1800, flag.is_set).sleep([1000], a_deadline())

    assert time.monotonic() - began < 2
    timer.join()
