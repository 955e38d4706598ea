"""What becomes of an item, field by field."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.connectors.items import Checked, check_item
from controller.model.document import RawItem, Refusal, Scalar
from controller.model.names import SourceName

JIRA = SourceName("script:jira")


def item(**fields: Scalar) -> RawItem:
    defaults: dict[str, Scalar] = {"source_id": b"ENG-1", "body": b"text"}
    return RawItem(position=5, **{**defaults, **fields})


def checked(raw: RawItem) -> Checked:
    result = check_item(raw, JIRA)
    assert isinstance(result, Checked)
    return result


def refused(raw: RawItem) -> str:
    result = check_item(raw, JIRA)
    assert isinstance(result, Refusal)
    assert result.position == 5
    return result.problem


def test_an_item_with_the_two_required_fields_is_kept_with_defaults() -> None:
    result = checked(item())

    assert result.warnings == ()
    assert result.item.source == "script:jira"
    assert (result.item.source_id, result.item.body) == ("ENG-1", "text")
    assert result.item.content_type == "text/plain"
    assert result.item.metadata == "{}"
    assert result.item.updated_at is None


def test_every_field_arrives() -> None:
    raw = item(
        title=b"Title",
        content_type=b"text/markdown",
        source_url=b"https://example.com/1",
        author=b"Jane",
        created_at=b"2026-02-20T14:30:00.000+0000",
        updated_at=1708531200,
        metadata=b'{"b":1,"a":[true]}',
    )

    found = checked(raw).item

    assert found.title == "Title"
    assert found.content_type == "text/markdown"
    assert found.source_url == "https://example.com/1"
    assert found.author == "Jane"
    assert found.created_at == datetime(2026, 2, 20, 14, 30, tzinfo=UTC)
    assert found.updated_at == datetime(2024, 2, 21, 16, 0, tzinfo=UTC)
    assert found.metadata == '{"a":[true],"b":1}'


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (item(source_id=None), "missing required field 'source_id'"),
        (item(source_id=b""), "'source_id' is empty"),
        (item(source_id=True), "'source_id' is no string"),
        (item(source_id=float("nan")), "'source_id' is not a finite number"),
        (item(source_id=b"\xff"), "'source_id' is not UTF-8"),
        (item(source_id=None, odd=b"source_id"), "'source_id' is no string"),
        (item(body=None), "missing required field 'body'"),
        (item(body=b""), "'body' is empty"),
        (item(body=None, odd=b"body metadata"), "'body' is no string"),
        (RawItem(position=5, odd=b"item"), "the item is no table"),
        (item(source_id=b"x" * 1025), "'source_id' is longer than 1024 characters"),
        (
            item(source=b"S" * 5000),
            f"'source' is '{'S' * 128}…', which is not script:jira or below it",
        ),
        (
            item(source=b"git:platform"),
            "'source' is 'git:platform', which is not script:jira or below it",
        ),
        (
            item(source=b"script:jirafoo"),
            "'source' is 'script:jirafoo', which is not script:jira or below it",
        ),
        (item(odd=b"source"), "'source' is '', which is not script:jira or below it"),
    ],
)
def test_an_item_that_cannot_be_kept_says_why(raw: RawItem, problem: str) -> None:
    assert refused(raw) == problem


@pytest.mark.parametrize(
    ("value", "text"), [(7, "7"), (3.0, "3.0"), (2.5, "2.5"), (1e300, "1e+300")]
)
def test_a_number_names_an_item_as_lua_would_spell_it(value: Scalar, text: str) -> None:
    assert checked(item(source_id=value)).item.source_id == text


def test_a_body_that_is_not_utf8_is_repaired_and_said() -> None:
    result = checked(item(body=b"caf\xe9"))

    assert result.item.body == "caf\ufffd"
    assert result.warnings == ("'body' is not UTF-8; broken bytes were replaced",)


def test_an_item_may_file_itself_below_its_source() -> None:
    assert checked(item(source=b"script:jira/ENG")).item.source == "script:jira/ENG"


def test_old_names_of_fields_are_understood_with_a_warning() -> None:
    result = checked(item(source_id=None, id=b"1", url=b"https://example.com"))

    assert result.item.source_id == "1"
    assert result.item.source_url == "https://example.com"
    assert result.warnings == (
        "'id' is an old name of 'source_id'",
        "'url' is an old name of 'source_url'",
    )


@pytest.mark.parametrize(
    ("fields", "warning"),
    [
        ({"title": True}, "'title' is no string and was left out"),
        ({"odd": b"author"}, "'author' is no string and was left out"),
        ({"title": b"\xff"}, "'title' is not UTF-8; broken bytes were replaced"),
        ({"updated_at": b"soon"}, "'updated_at' is no time that can be read and was left out"),
        ({"odd": b"created_at"}, "'created_at' is no time that can be read and was left out"),
        ({"metadata_json": b"[1]"}, "'metadata_json' is no JSON object and was left out"),
        ({"metadata": b"{"}, "'metadata' is no JSON object and was left out"),
        ({"odd": b"metadata"}, "'metadata' is no JSON object and was left out"),
    ],
)
def test_a_field_that_can_be_done_without_is_dropped_with_a_warning(
    fields: dict[str, Scalar], warning: str
) -> None:
    assert checked(item(**fields)).warnings == (warning,)


def test_a_metadata_table_wins_over_the_string_and_the_string_over_a_broken_table() -> None:
    both = checked(item(metadata=b'{"a":1}', metadata_json=b'{"b":2}'))
    broken = checked(item(metadata=b"[1]", metadata_json=b'{"b":2}'))

    assert both.item.metadata == '{"a":1}'
    assert broken.item.metadata == '{"b":2}'


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.binary(max_size=20),
)


@given(st.lists(SCALARS, min_size=len(RawItem._fields) - 1, max_size=len(RawItem._fields) - 1))
def test_no_item_whatever_it_holds_raises(values: list[Scalar]) -> None:
    result = check_item(RawItem(1, *values), JIRA)

    if isinstance(result, Checked):
        assert result.item.source_id
        assert result.item.body
        assert len(result.item.digest()) == 32
