from datetime import UTC, datetime

import pytest

from controller.errors import UsageError
from controller.search.query import parse_query


@pytest.mark.parametrize("text", ["", "  \n"])
def test_a_blank_query_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="the query is empty"):
        parse_query(text)


@pytest.mark.parametrize("limit", [-1, 0, 1001])
def test_a_limit_out_of_bounds_is_refused(limit: int) -> None:
    with pytest.raises(UsageError, match=f"the limit {limit} is not between 1 and 1000"):
        parse_query("fox", limit=limit)


def test_a_date_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(UsageError, match="'last week' is no date"):
        parse_query("fox", since="last week")


def test_a_source_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="'script:' is no source"):
        parse_query("fox", source="script:")


def test_filters_are_read() -> None:
    request = parse_query("red fox", source="script", since="2026-02-20", limit=3)

    assert (request.text, request.source, request.limit) == ("red fox", "script", 3)
    assert request.since == datetime(2026, 2, 20, tzinfo=UTC)


def test_without_filters_everything_is_searched() -> None:
    request = parse_query("red fox")

    assert (request.source, request.since, request.limit) == (None, None, 12)
