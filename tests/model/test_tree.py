"""The digest of a directory."""

from hypothesis import given
from hypothesis import strategies as st

from controller.model.tree import tree_digest

FILES = st.dictionaries(
    st.text(min_size=1, max_size=5), st.binary(min_size=32, max_size=32), max_size=6
)


@given(FILES, st.randoms(use_true_random=False))
def test_the_order_of_a_listing_does_not_matter(files: dict[str, bytes], random: object) -> None:
    listing = list(files.items())
    shuffled = listing[:]
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert tree_digest(shuffled) == tree_digest(listing)


def test_a_moved_and_a_changed_file_change_the_digest() -> None:
    plain = tree_digest([("a", b"1" * 32), ("b", b"2" * 32)])

    assert tree_digest([("a", b"2" * 32), ("b", b"1" * 32)]) != plain
    assert tree_digest([("a", b"1" * 32)]) != plain
    assert plain.startswith("sha256:")
