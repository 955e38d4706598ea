import pytest

from tests.cli.console import Console, item


def test_a_search_without_a_database_says_how_to_get_one(console: Console) -> None:
    answer = console.run("search", "anything")

    assert answer.code == 1
    assert answer.out == ""
    assert answer.err.startswith("Error: ")
    assert "Hint: `ctx init`" in answer.err


def test_a_search_without_a_database_tells_a_program_in_json(console: Console) -> None:
    answer = console.run("search", "anything", "--output", "json")

    assert answer.code == 1
    assert answer.out == ""
    assert answer.error()["reason"] == "StoreUnavailable"
    assert answer.error()["hint"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["search"], "Missing argument 'QUERY...'"),
        (["search", " "], "the query is empty"),
        (["search", "x", "--limit", "0"], "the limit 0 is not between"),
        (["search", "x", "--limit", "many"], "'many' is not a valid integer"),
        (["search", "x", "--since", "soon"], "'soon' is no date"),
        (["search", "x", "--source", "no source"], "'no source' is no source"),
        (["search", "x", "--mode", "psychic"], "Unknown search mode: 'psychic'"),
        (["search", "x", "--output", "xml"], "'xml' is not one of"),
        (["get"], "Missing argument 'ID'"),
    ],
)
def test_a_question_that_cannot_be_asked_is_a_usage_error(
    console: Console, arguments: list[str], problem: str
) -> None:
    answer = console.run(*arguments)

    assert answer.code == 2
    assert problem in answer.err


@pytest.mark.parametrize("mode", ["semantic", "hybrid"])
def test_a_mode_that_needs_embeddings_says_so(console: Console, mode: str) -> None:
    answer = console.run("search", "x", "--mode", mode)

    assert answer.code == 1
    assert "embeddings" in answer.err


def test_a_document_that_is_not_there_is_named(console: Console) -> None:
    console.store(item("A-1", "text"))

    answer = console.run("get", "nope")

    assert answer.code == 1
    assert answer.err.startswith("Error: document not found: nope\n")


def test_a_database_that_is_no_database_is_left_alone(console: Console) -> None:
    file = console.write(".ctx/data/ctx.sqlite", "these are somebody's notes " * 50)
    before = file.read_bytes()

    answer = console.run("search", "notes", "--output", "json")

    assert answer.code == 1
    assert answer.error()["reason"] == "StoreCorrupt"
    assert file.read_bytes() == before


def test_nothing_found_says_so(console: Console) -> None:
    console.store(item("A-1", "text"))

    answer = console.run("search", "zebra")

    assert (answer.code, answer.out) == (0, "No results.\n")


def test_a_hit_is_shown_as_a_block(console: Console) -> None:
    document = item(
        "A-1",
        "the certificate expires tomorrow",
        title="Renew the\ncertificate",
        source_url="https://t.example/A-1",
    )
    console.store(document)

    answer = console.run("search", "certificate")

    lines = answer.out.splitlines()
    assert answer.code == 0
    assert lines[:4] == [
        "1. [1.00] script:jira / Renew the certificate",
        "    updated: 2026-02-20T12:00:00Z",
        "    source: script:jira",
        "    url: https://t.example/A-1",
    ]
    assert lines[4].startswith('    excerpt: "')
    assert ">>>certificate<<<" in lines[4]
    assert lines[5].startswith("    id: ")
    assert lines[6:] == [""]


def test_a_hit_without_title_and_url_shows_its_id(console: Console) -> None:
    console.store(item("A-1", "the certificate expires"))

    answer = console.run("search", "certificate")

    assert "1. [1.00] script:jira / A-1\n" in answer.out
    assert "url:" not in answer.out


def test_words_need_no_quotes(console: Console) -> None:
    console.store(item("A-1", "database failover"), item("A-2", "coffee"))

    answer = console.run("search", "database", "failover", "--output", "json")

    [hit] = answer.json()["results"]
    assert hit["source_id"] == "A-1"
    assert hit["title"] is None
    assert hit["updated_at"] == "2026-02-20T12:00:00Z"


def test_the_settings_bound_the_answer_and_the_option_wins(console: Console) -> None:
    console.write("ctx.toml", "[retrieval]\nfinal_limit = 2\n")
    console.store(*(item(f"A-{n}", f"word {n}") for n in range(5)))

    by_settings = console.run("search", "word").out
    by_option = console.run("search", "word", "--limit", "4").out

    assert by_settings.count("    id: ") == 2
    assert by_option.count("    id: ") == 4


def test_the_filters_reach_the_store(console: Console) -> None:
    console.store(item("A-1", "word"))
    console.store(item("B-1", "word", source="script:wiki"))

    by_source = console.run("search", "word", "--source", "script:wiki").out
    by_date = console.run("search", "word", "--since", "2026-02-21").out

    assert "script:wiki / B-1" in by_source
    assert "A-1" not in by_source
    assert by_date == "No results.\n"


def test_escapes_of_a_document_do_not_reach_the_terminal(console: Console) -> None:
    console.store(item("A-1", "word \x1b[31mred\x1b[0m", title="\x1b]0;owned\x07"))

    shown = console.run("search", "word").out + console.run("get", "script:jira/A-1").out

    assert "\x1b" not in shown
    assert "\x07" not in shown


def test_a_document_is_printed_with_its_parts(console: Console) -> None:
    console.store(
        item("A-1", "first line\nsecond line", title="T", author="Ana", metadata='{"p":1}')
    )

    answer = console.run("get", "script:jira/A-1")

    assert answer.code == 0
    assert "--- Document ---\nid:           " in answer.out
    assert "\nauthor:       Ana\n" in answer.out
    assert '\nmetadata:     {"p":1}\n' in answer.out
    assert "\n--- Body ---\nfirst line\nsecond line\n" in answer.out
    assert "\n--- Chunks (1) ---\n[0] first line second line\n" in answer.out
    assert "source_url" not in answer.out


def test_a_document_is_json_for_a_program(console: Console) -> None:
    console.store(item("A-1", "text", metadata='{"p": [1, 2]}'))
    [hit] = console.run("search", "text", "--output", "json").json()["results"]

    document = console.run("get", hit["id"], "--output", "json").json()

    assert document["body"] == "text"
    assert document["metadata"] == {"p": [1, 2]}
    assert document["chunks"] == [{"index": 0, "text": "text"}]
    assert document["title"] is None


def test_a_search_finds_the_database_of_a_parent_directory(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    console.store(item("A-1", "word"))
    below = console.directory / "deep" / "down"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)

    assert "A-1" in console.run("search", "word").out
