import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.model.query import WORDS_LIMIT, query_words


@given(st.text())
def test_a_word_holds_nothing_that_a_query_language_knows(text: str) -> None:
    words = query_words(text)

    assert len(words) <= WORDS_LIMIT
    assert not any(set('"*^:(){}+- \0') & set(word) for word in words)


@pytest.mark.parametrize("text", ["", " \n", "?!", '"" AND'[:2]])
def test_a_text_without_words_has_none(text: str) -> None:
    assert query_words(text) == ()


def test_stop_words_are_dropped_unless_nothing_is_left() -> None:
    assert query_words("How do I renew THE certificate?") == ("renew", "certificate")
    assert query_words("to be or not to be") == ("to", "be", "or", "not")


def test_a_word_counts_once_whatever_its_case() -> None:
    assert query_words("Error error ERROR code") == ("ERROR", "code")


def test_an_accent_written_apart_stays_with_its_letter() -> None:
    assert query_words("re\u0301sume\u0301 2026") == ("re\u0301sume\u0301", "2026")


def test_an_identifier_is_split_where_the_index_splits_it() -> None:
    assert query_words("svc-6348/foo_bar") == ("svc", "6348", "foo_bar")
