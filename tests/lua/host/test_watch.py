"""The time of one request."""

import pytest

from controller.errors import ScriptCancelledError
from controller.lua.host.watch import SLICE, Watch


def test_a_watch_that_cannot_be_cancelled_waits_in_one_go() -> None:
    watch = Watch(None)
    watch.start(60)

    assert 59 < watch.slice() <= 60


def test_a_watch_that_can_be_cancelled_waits_in_slices() -> None:
    watch = Watch(lambda: False)
    watch.start(60)

    assert watch.slice() == SLICE


def test_a_watch_that_is_over_says_so() -> None:
    watch = Watch(None)
    watch.start(0)

    assert watch.left() <= 0
    with pytest.raises(TimeoutError):
        watch.slice()


def test_a_watch_of_a_cancelled_run_says_so() -> None:
    watch = Watch(lambda: True)
    watch.start(60)

    with pytest.raises(ScriptCancelledError):
        watch.slice()


def test_a_watch_can_be_started_again() -> None:
    watch = Watch(None)
    watch.start(-1)
    watch.start(60)

    assert watch.left() > 59
