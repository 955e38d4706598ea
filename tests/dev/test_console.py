"""How times read, and what the live table shows."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from rich.console import Console as Terminal

from controller.dev.console import Row, since, until
from controller.dev.table import LiveTable

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s ago"), (59, "59s ago"), (60, "1m ago"), (7200, "2h ago"), (1e6, "11d ago")],
)
def test_the_past_is_told_in_one_unit(seconds: float, text: str) -> None:
    assert since(NOON - timedelta(seconds=seconds), NOON) == text


def test_what_never_was_and_what_is_due() -> None:
    assert since(None, NOON) == ""
    assert until(None, NOON) == ""
    assert until(NOON, NOON) == "now"
    assert until(NOON + timedelta(minutes=5), NOON) == "in 5m"


def test_the_table_shows_resources_above_and_events_below() -> None:
    screen = StringIO()
    terminal = Terminal(file=screen, width=160, height=40, force_terminal=True)
    table = LiveTable("ctx dev", terminal)
    row = Row(
        "ConnectorSync", "tickets", "True", "Succeeded", "520 documents", 520, False, NOON, None
    )

    table.show([row], NOON)
    table.event("warning", "run.failed", sync="default/x", error="line one\nline two")
    table.close()

    text = screen.getvalue()
    assert "tickets" in text
    assert "520" in text
    assert "run.failed" in text
    assert "line two" not in text


def test_what_a_script_says_is_no_markup() -> None:
    screen = StringIO()
    table = LiveTable("ctx dev", Terminal(file=screen, width=160, height=40, force_terminal=True))
    message = "[/boom] [link=https://evil.example]docs[/link]"
    row = Row("ConnectorSync", "x", "False", "ScriptError", message, 0, False, None, None)

    table.show([row], NOON)
    table.event("error", "run.failed", error=message)
    table.close()

    assert "[/boom]" in screen.getvalue()
    assert "\x1b]8;" not in screen.getvalue()
