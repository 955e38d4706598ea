from datetime import UTC, datetime, timedelta

import pytest

from controller.cli.sources import time_ago
from tests.cli.console import NOON, Console, item

SECTIONS = """
[connectors.script.jira]
path = "connectors/jira.lua"

[connectors.script.gone]
path = "connectors/gone.lua"
"""


def test_counting_without_a_database_says_how_to_get_one(console: Console) -> None:
    answer = console.run("stats")

    assert answer.code == 1
    assert "ctx init" in answer.err


def test_no_sources_is_an_answer(console: Console) -> None:
    answer = console.run("sources")

    assert (answer.code, answer.out) == (0, "No sources are configured.\n")


def test_sources_tell_whether_their_script_is_there(console: Console) -> None:
    console.write("ctx.toml", SECTIONS)
    console.write("connectors/jira.lua")

    answer = console.run("sources")

    assert answer.code == 0
    head, jira, gone = (line.split() for line in answer.out.splitlines())
    assert head == ["CONNECTOR", "STATUS", "HEALTHY", "NOTES"]
    assert jira == ["script:jira", "OK", "yes"]
    assert gone[:3] == ["script:gone", "MISSING", "no"]
    assert gone[-1] == str(console.directory / "connectors/gone.lua")


def test_a_source_that_is_only_stored_is_listed_with_its_owner(console: Console) -> None:
    console.write("ctx.toml", SECTIONS)
    console.store(item("A-1", "x", source="script:old"))
    console.store(item("A-1", "x"))

    answer = console.run("sources", "--output", "json")

    lines = {line["name"]: line for line in answer.json()["sources"]}
    assert set(lines) == {"script:jira", "script:gone", "script:old"}
    assert lines["script:old"] == {
        "name": "script:old",
        "configured": False,
        "healthy": True,
        "notes": "stored by ctx.toml, 1 document",
    }
    assert lines["script:jira"]["configured"]


def test_counts_are_shown_per_source_the_largest_first(console: Console) -> None:
    console.store(item("A-1", "x", source="script:small"))
    console.store(*(item(f"B-{n}", "x", source="script:large") for n in range(3)))

    answer = console.run("stats")

    lines = answer.out.splitlines()
    assert lines[0] == f"Database:  {console.directory}/.ctx/data/ctx.sqlite"
    assert lines[1].startswith("Size:      ")
    assert lines[2:4] == ["Documents: 4", "Chunks:    4"]
    assert [line.split()[:5] for line in lines[6:]] == [
        ["script:large", "3", "3", "0", "Succeeded"],
        ["script:small", "1", "1", "0", "Succeeded"],
    ]


def test_counts_are_json_for_a_program(console: Console) -> None:
    console.store(item("A-1", "x"))

    counts = console.run("stats", "--output", "json").json()

    assert (counts["documents"], counts["chunks"]) == (1, 1)
    [source] = counts["sources"]
    assert source["source"] == "script:jira"
    assert source["last_synced_at"] == "2026-02-20T12:00:00Z"


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 min ago"),
        (timedelta(minutes=59), "59 mins ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=23, minutes=59), "23 hours ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=29), "29 days ago"),
        (timedelta(days=40), "2026-01-11 12:00"),
    ],
)
def test_times_are_told_as_people_do(ago: timedelta, text: str) -> None:
    assert time_ago(NOON - ago, NOON) == text


def test_a_source_that_never_ended_well_was_never_synced() -> None:
    assert time_ago(None, datetime(2026, 1, 1, tzinfo=UTC)) == "never"
