from collections import Counter
from datetime import datetime

import pytest

from examples.quickstart.tickets import LAST_DAY, Ticket, as_json, compose, load_situations

TICKETS = compose()


def text_of(ticket: Ticket) -> str:
    return "\n".join(
        (ticket.title, ticket.description, *(comment.body for comment in ticket.comments))
    )


def test_the_same_tickets_are_composed_every_time() -> None:
    assert compose() == TICKETS


def test_there_are_520_with_distinct_keys() -> None:
    assert [ticket.key for ticket in TICKETS] == [f"OPS-{n}" for n in range(1, 521)]


def test_hardly_two_read_alike() -> None:
    assert len({text_of(ticket) for ticket in TICKETS}) >= 500


def test_no_slot_is_left_open() -> None:
    unfilled = [ticket.key for ticket in TICKETS if set("{}") & set(text_of(ticket))]

    assert unfilled == []


def test_comments_come_in_order_and_none_to_six() -> None:
    for ticket in TICKETS:
        times = [ticket.created_at, *(comment.created_at for comment in ticket.comments)]
        assert times == sorted(times)
        assert ticket.updated_at == times[-1]

    assert set(Counter(len(ticket.comments) for ticket in TICKETS)) == set(range(7))


def test_nothing_is_later_than_the_last_day() -> None:
    assert max(datetime.fromisoformat(ticket.updated_at) for ticket in TICKETS) <= LAST_DAY


@pytest.mark.parametrize("phrase", ["certificate renewal", "database failover", "rate limit"])
def test_the_searches_of_the_quickstart_have_something_to_find(phrase: str) -> None:
    found = [ticket.key for ticket in TICKETS if phrase in text_of(ticket).lower()]

    assert 5 <= len(found) <= 60


def test_every_situation_offers_each_phrase_for_each_variant() -> None:
    for situation in load_situations():
        variants = {
            len(phrases) for phrases in (situation.titles, situation.opening, situation.detail)
        }
        assert len(variants) == 1, situation.titles


def test_the_api_gets_plain_values() -> None:
    [ticket] = as_json(TICKETS[:1])

    assert ticket["key"] == "OPS-1"
    assert all(isinstance(comment, dict) for comment in ticket["comments"])  # type: ignore[attr-defined]
