from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.store.identity import NAMESPACE, document_uid, format_uid, parse_uid


@pytest.mark.parametrize(
    "text", ["", "x", "8fb5e47a89d257019c83a9f8fcfb324f", "script:jira/a", "ab-" * 9]
)
def test_a_text_that_is_no_uuid_is_none(text: str) -> None:
    assert parse_uid(text) is None


@given(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.text(st.characters(exclude_categories=["Cs"])),
)
def test_ids_are_version_5_uuids(source: str, source_id: str) -> None:
    uid = document_uid(source, source_id)

    assert UUID(bytes=uid) == uuid5(UUID(bytes=NAMESPACE), f"{source}\0{source_id}")
    assert format_uid(uid) == str(UUID(bytes=uid))
    assert parse_uid(format_uid(uid).upper()) == uid


def test_the_border_between_source_and_id_counts() -> None:
    assert document_uid("a/b", "c") != document_uid("a", "b/c")
