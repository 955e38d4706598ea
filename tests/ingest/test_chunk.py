from time import process_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from controller.ingest.chunk import chunk_body

TEXT = st.characters(exclude_categories=["Cs"])
BODIES = st.one_of(
    st.text(TEXT),
    st.text(st.sampled_from("ab .!?\n\r\t\0é漢。\u00a0\u3000\u2028\x1c😀"), max_size=300),
    st.lists(
        st.sampled_from(["word", "\n\n", "\r\n\r\n", "\n", ". ", " ", "é" * 9]), max_size=80
    ).map("".join),
)


def cut(body: str, limit: int) -> list[str]:
    encoded = body.encode()
    return [
        encoded[chunk.start : chunk.start + chunk.length].decode()
        for chunk in chunk_body(body, limit)
    ]


@pytest.mark.parametrize("limit", [-1, 0, 3])
def test_a_limit_that_cannot_hold_a_character_is_refused(limit: int) -> None:
    with pytest.raises(ValueError, match=f"a chunk of {limit} bytes"):
        chunk_body("text", limit)


@given(body=BODIES, limit=st.integers(4, 60))
@example(body="", limit=4)
@example(body="\u3000" * 50, limit=4)
@example(body="😀" * 20, limit=5)
@example(body="a" * 8 + "\r\n\r\n" + "b" * 8, limit=8)
@example(body="a" * 8 + " " * 50 + "\n\n" + "b" * 8, limit=8)
def test_chunks_cover_the_body_in_order_without_overlap_or_blank_ends(
    body: str, limit: int
) -> None:
    encoded = body.encode()

    chunks = chunk_body(body, limit)

    position = 0
    for number, chunk in enumerate(chunks):
        piece = encoded[chunk.start : chunk.start + chunk.length].decode()
        skipped = encoded[position : chunk.start].decode()
        assert chunk.index == number
        assert chunk.start >= position
        assert chunk.length <= limit
        assert piece == piece.strip()
        assert skipped.strip() == ""
        position = chunk.start + chunk.length
    assert encoded[position:].decode().strip() == ""
    assert all(chunk.length for chunk in chunks) or not body.strip()


@pytest.mark.parametrize("body", ["", " ", "\r\n\r\n", "\u00a0\u2003"])
def test_a_blank_body_is_one_empty_chunk(body: str) -> None:
    assert cut(body, 100) == [""]


def test_a_short_body_is_one_chunk_without_its_blank_ends() -> None:
    assert cut("\n\n  One.\n\nTwo. \n", 100) == ["One.\n\nTwo."]


@pytest.mark.parametrize("gap", ["\n\n", "\r\n\r\n", "\n\r\n", "\n\n\n\n"])
def test_whole_paragraphs_are_packed_while_they_fit(gap: str) -> None:
    paragraphs = ["a" * 10, "b" * 10, "c" * 10, "d" * 10]

    pieces = cut(gap.join(paragraphs), 20 + len(gap))

    assert pieces == [gap.join(paragraphs[:2]), gap.join(paragraphs[2:])]


def test_a_paragraph_of_just_the_limit_stands_alone() -> None:
    assert cut("a" * 8 + "\n\n" + "b" * 8 + "\n\n" + "c", 8) == ["a" * 8, "b" * 8, "c"]


def test_a_long_paragraph_is_cut_at_the_last_newline_in_reach() -> None:
    assert cut("one two.\nthree. four\nfive six seven", 22) == [
        "one two.\nthree. four",
        "five six seven",
    ]


@pytest.mark.parametrize(
    ("body", "pieces"),
    [
        ("One two. Three four five", ["One two.", "Three four five"]),
        ("One two! Three four five", ["One two!", "Three four five"]),
        ("Is it so? Then four five", ["Is it so?", "Then four five"]),
        ("第一。第二句子很长", ["第一。", "第二句子很", "长"]),
    ],
)
def test_without_a_newline_it_is_cut_after_a_sentence(body: str, pieces: list[str]) -> None:
    assert cut(body, 17) == pieces


def test_without_a_sentence_it_is_cut_at_a_blank_and_else_anywhere() -> None:
    assert cut("one two three", 9) == ["one two", "three"]
    assert cut("onetwothree", 4) == ["onet", "woth", "ree"]
    assert cut("ééé", 5) == ["éé", "é"]


def test_the_rest_of_a_long_paragraph_does_not_join_the_next_one() -> None:
    assert cut("aaaa bbbb cc\n\ndd\n\nee", 9) == ["aaaa bbbb", "cc", "dd\n\nee"]


@pytest.mark.parametrize(
    "body",
    [
        "x" * 4_000_000,
        " " * 4_000_000 + "x",
        "x\n" + "\n" * 4_000_000,
        "word " * 800_000,
        ("word " * 700 + "\r\n\r\n") * 1100,
        "\u00a0x" * 1_000_000,
    ],
    ids=["one word", "blanks", "newlines", "one paragraph", "long paragraphs", "wide blanks"],
)
def test_no_body_takes_quadratic_time(body: str) -> None:
    began = process_time()

    chunk_body(body, 2800)

    # Linear: some 0.05 s.  Looking at the rest of the body at every cut: minutes.
    assert process_time() - began < 3
