"""The digest that decides whether a document is written again."""

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from controller.model.document import SourceItem
from controller.model.names import SourceName

ITEM = SourceItem(
    source=SourceName("script:x"),
    source_id="1",
    body="body",
    title="title",
    author="author",
    source_url="https://example.com",
    updated_at=datetime(2026, 1, 1, tzinfo=UTC),
)


@pytest.mark.parametrize(
    "changed",
    [
        replace(ITEM, body="other"),
        replace(ITEM, title="other"),
        replace(ITEM, author="other"),
        replace(ITEM, source_url="other"),
        replace(ITEM, content_type="text/markdown"),
        replace(ITEM, metadata='{"a":1}'),
        replace(ITEM, updated_at=None),
        replace(ITEM, created_at=datetime(2026, 1, 1, tzinfo=UTC)),
        replace(ITEM, title="titleb", body="ody"),
    ],
)
def test_whatever_a_reader_would_see_changes_the_digest(changed: SourceItem) -> None:
    assert changed.digest() != ITEM.digest()


def test_the_same_item_has_the_same_digest_wherever_it_is_filed() -> None:
    assert replace(ITEM, source_id="2").digest() == ITEM.digest()


@given(st.text(st.characters(codec=None)), st.text())
@example("plain", "words")
@example("é", "a")
@example("\ud800", "a surrogate, which no file holds and Python does")
def test_the_digest_frames_each_part_by_its_bytes(title: str, body: str) -> None:
    item = SourceItem(SourceName("script:x"), "1", body, title)

    digest = item.digest()

    parts = [title, body, "text/plain", "", "", "", "", "{}"]
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    assert digest == sha256(b"".join(b"%d:%b" % (len(part), part) for part in encoded)).digest()
