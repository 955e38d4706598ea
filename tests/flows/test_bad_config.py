"""Mistakes in ctx.toml, as the person who made them is told."""

import pytest

from tests.flows.place import Place

NOTES = """
connector = { name = "notes" }
function connector.scan(config)
  return { { source_id = "a", body = "otter" } }
end
"""


@pytest.fixture
def synced(place: Place) -> Place:
    """A source with one document, whose config is about to break."""
    place.connector("notes", NOTES)
    assert place.ctx("sync", "script:notes").code == 0
    return place


@pytest.mark.parametrize(
    ("broken", "line", "column", "key"),
    [
        ('token = "abc', 4, 13, "token"),
        ("token = abc", 4, 9, "token"),
        ('path = "other.lua"', 4, 19, "path"),
        ("token", 4, 6, None),
        ("token = [1, 2", 5, 1, None),
    ],
    ids=["open-text", "no-quotes", "twice", "no-value", "open-list"],
)
def test_broken_toml_is_named_by_file_line_column_and_key(
    synced: Place, broken: str, line: int, column: int, key: str | None
) -> None:
    config = synced.write(
        "ctx.toml", f'# mine\n[connectors.script.notes]\npath = "notes.lua"\n{broken}\n'
    )

    told = synced.ctx("sync", "script:notes")

    assert told.code == 1
    assert told.out == ""
    [error, hint] = told.err.splitlines()
    assert error.startswith(f"Error: {config}:{line}:{column}: ")
    assert (f"(key {key})" in error) == (key is not None)
    assert hint.startswith("Hint: ")
    config.unlink()
    assert synced.found("otter") == ["a"]


def test_a_file_that_is_no_text_is_told_with_its_line(place: Place) -> None:
    config = place.directory / "ctx.toml"
    config.write_bytes(b"[db]\npath = 'x'\n# caf\xe9\n")

    told = place.ctx("stats")

    assert told.code == 1
    assert told.err.splitlines()[0] == f"Error: {config}:3: the file is not UTF-8"


def test_unknown_keys_are_warnings_with_the_nearest_known_name(place: Place) -> None:
    place.connector("notes", NOTES)
    config = place.write(
        "ctx.toml",
        '[retreival]\n[db]\npaht = "x"\n[chunking]\nmax_token = 5\n'
        '[connectors.scripts.a]\npath = "a.lua"\n'
        '[connectors.script.notes]\npath = "notes.lua"\n',
    )

    told = place.ctx("sync", "script:notes")

    assert told.code == 0
    assert told.err.splitlines() == [
        f"Warning: {config}: db.paht is unknown; did you mean 'path'?",
        f"Warning: {config}: chunking.max_token is unknown; did you mean 'max_tokens'?",
        f"Warning: {config}: connectors.scripts is unknown; did you mean 'script'?",
        f"Warning: {config}: retreival is unknown; did you mean 'retrieval'?",
    ]
    assert place.found("otter") == ["a"]


def test_an_unset_variable_is_named_with_key_and_file_and_nothing_is_lost(synced: Place) -> None:
    synced.connector("notes", NOTES, api_token="${NOTES_TOKEN}")

    told = synced.ctx("sync", "script:notes")

    assert told.code == 1
    assert told.out.splitlines() == [
        "sync script:notes",
        "  documents of the source: 1",
        "failed",
    ]
    assert told.err.splitlines() == [
        (
            f"Error: {synced.directory / 'ctx.toml'} [connectors.script.notes]:"
            " api_token uses ${NOTES_TOKEN}, and NOTES_TOKEN is not set"
        ),
        "Hint: set the variable NOTES_TOKEN, or write $${NOTES_TOKEN} for the text itself",
    ]
    assert synced.found("otter") == ["a"]

    synced.variables["NOTES_TOKEN"] = "s3cret"
    assert synced.ctx("sync", "script:notes").code == 0


def test_an_unset_variable_deep_inside_a_table_is_found(place: Place) -> None:
    place.connector("notes", NOTES)
    place.write(
        "ctx.toml",
        '[connectors.script.notes]\npath = "notes.lua"\nheaders = {auth = ["x", "Bearer ${DEEP}"]}\n',
    )

    told = place.ctx("sync", "script:notes", "--output", "json")

    assert told.code == 1
    [outcome] = told.json()
    assert outcome["error"]["reason"] == "UndefinedVariable"
    assert "headers.auth[1] uses ${DEEP}" in outcome["error"]["message"]


def test_a_database_in_a_place_of_an_unset_variable_is_not_guessed(place: Place) -> None:
    config = place.write("ctx.toml", '[db]\npath = "${NOWHERE}/ctx.sqlite"\n')

    told = place.ctx("init")

    assert told.code == 1
    assert f"Error: {config}: db.path uses ${{NOWHERE}}, and NOWHERE is not set" in told.err
    assert [path.name for path in place.directory.iterdir()] == ["ctx.toml"]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ('timeout = "soon"', "timeout must be"),
        ("timeout = 0", "timeout must be"),
        ('memory_limit = "lots"', "memory_limit must be"),
        ("path = 3", "path must be a path, found the number 3"),
    ],
)
def test_a_setting_of_the_wrong_kind_names_file_and_key(
    place: Place, setting: str, said: str
) -> None:
    path = "" if setting.startswith("path") else 'path = "notes.lua"\n'
    config = place.write("ctx.toml", f"[connectors.script.notes]\n{path}{setting}\n")

    told = place.ctx("sync", "script:notes")

    assert told.code == 1
    assert told.err.startswith(f"Error: {config}: connectors.script.notes.{said}")
    assert not place.database.exists()


def test_a_section_without_its_script_says_where_it_was_looked_for(place: Place) -> None:
    place.write("ctx.toml", '[connectors.script.notes]\npath = "connectors/notes.lua"\n')

    told = place.ctx("sync", "script:notes")
    listed = place.ctx("sources")

    assert told.code == 1
    assert "the script connectors/notes.lua cannot be read" in told.err
    assert str(place.directory / "connectors/notes.lua") in told.err
    assert "script:notes" in listed.out
    assert " no " in listed.out
