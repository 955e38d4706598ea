from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from controller.reconcile.backoff import delay, fraction

BASE = timedelta(seconds=30)
CAP = timedelta(minutes=15)


@given(st.integers(0, 10_000), st.text())
def test_a_wait_is_never_longer_than_the_cap(failures: int, uid: str) -> None:
    assert timedelta(0) < delay(failures, base=BASE, cap=CAP, uid=uid) <= CAP


@given(st.integers(1, 5), st.text())
def test_a_wait_doubles_within_a_fifth_either_way(failures: int, uid: str) -> None:
    wanted = BASE * 2 ** (failures - 1)

    waited = delay(failures, base=BASE, cap=CAP, uid=uid)

    assert 0.79 * wanted <= waited <= 1.21 * wanted


def test_the_same_failure_waits_the_same_time_after_a_restart() -> None:
    assert delay(3, base=BASE, cap=CAP, uid="a") == delay(3, base=BASE, cap=CAP, uid="a")


def test_two_resources_that_fail_together_are_spread() -> None:
    waits = {delay(3, base=BASE, cap=CAP, uid=str(number)) for number in range(50)}

    assert len(waits) == 50


@given(st.text())
def test_a_fraction_lies_below_one(seed: str) -> None:
    assert 0 <= fraction(seed) < 1
