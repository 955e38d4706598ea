from hypothesis import given
from hypothesis import strategies as st

from controller.store.seen import SeenIds

IDS = st.lists(st.integers(1, 5000))


@given(st.lists(IDS))
def test_it_behaves_as_a_set_that_counts_what_comes_again(pages: list[list[int]]) -> None:
    seen, expected = SeenIds(), set[int]()

    for page in pages:
        again = seen.add(page)
        new = set(page) - expected
        assert again == len(page) - len(new)
        expected |= new

    assert {number for number in range(5001) if number in seen} == expected


def test_an_id_beyond_all_others_is_not_in() -> None:
    seen = SeenIds()
    seen.add([3])

    assert 10**9 not in seen
