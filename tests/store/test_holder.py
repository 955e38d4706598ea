import subprocess
import sys

import pytest

from controller.store.holder import is_gone, this_process


@pytest.mark.parametrize(
    "holder", ["", "x", "somewhere 1", "somewhere x y", "elsewhere 999999999 5"]
)
def test_nothing_is_said_of_a_process_of_another_place(holder: str) -> None:
    assert not is_gone(holder)


def test_this_process_is_not_gone() -> None:
    assert not is_gone(this_process())


def test_a_process_that_has_ended_is_gone() -> None:
    code = "from controller.store.holder import this_process; print(this_process())"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert is_gone(ended.stdout.strip())


def test_a_younger_process_with_the_same_number_is_another_one() -> None:
    place_and_number = this_process().rpartition(" ")[0]

    assert is_gone(f"{place_and_number} 12345678901")
