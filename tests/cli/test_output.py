import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.cli.output import (
    OutputFormat,
    document_of,
    failure_text,
    visible,
    write_error,
    write_json,
    write_line,
    write_table,
    write_warning,
)
from controller.errors import ConfigError, ScriptError, ScriptTimeoutError

Captured = pytest.CaptureFixture[str]

TRACEBACK = "stack traceback:\n  connectors/jira.lua:42: in function 'scan'"


def test_a_script_error_has_the_form_of_the_specification(capsys: Captured) -> None:
    error = ScriptError(
        "connectors/jira.lua:42: attempt to index a nil value (field 'fields')",
        traceback=TRACEBACK,
    )

    write_error(error, OutputFormat.TEXT, connector="jira")

    assert capsys.readouterr().err == (
        "Error: script connector 'jira' failed:\n"
        "  connectors/jira.lua:42: attempt to index a nil value (field 'fields')\n"
        "  stack traceback:\n"
        "    connectors/jira.lua:42: in function 'scan'\n"
    )


def test_a_timeout_has_the_form_of_the_specification(capsys: Captured) -> None:
    error = ScriptTimeoutError("timed out after 300 seconds")

    write_error(error, OutputFormat.TEXT, connector="jira")

    assert capsys.readouterr().err == (
        "Error: script connector 'jira' timed out after 300 seconds\n"
    )


def test_a_timeout_of_something_else_is_an_ordinary_failure() -> None:
    text = failure_text("Timeout", "the run took longer than its deadline", "jira")

    assert text == ("script connector 'jira' failed:\n  the run took longer than its deadline")


def test_an_error_brings_its_hint(capsys: Captured) -> None:
    write_error(ConfigError("ctx.toml is odd", hint="straighten it"), OutputFormat.TEXT)

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "Error: ctx.toml is odd\nHint: straighten it\n"


def test_an_error_for_a_program_is_one_line_of_json(capsys: Captured) -> None:
    write_error(ScriptError("broken", traceback=TRACEBACK), OutputFormat.JSON, connector="jira")

    captured = capsys.readouterr()
    assert captured.out == ""
    assert json.loads(captured.err) == {
        "error": {"reason": "ScriptError", "message": f"broken\n{TRACEBACK}", "hint": None}
    }


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\rb", "a\\x0db"),
        ("bell\x07", "bell\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("ab\u202ecd", "ab\\x202ecd"),
        ("line\n\ttab é ✓", "line\n\ttab é ✓"),
    ],
)
def test_foreign_text_does_not_drive_the_terminal(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_everything_printed_for_a_person_is_made_visible(capsys: Captured) -> None:
    write_line("\x1b[2J")
    write_table(("A\x07",), [("x\ny\x1b",)])
    write_warning("\x1b]0;title")

    captured = capsys.readouterr()
    assert "\x1b" not in captured.out + captured.err
    assert "x y\\x1b" in captured.out


def test_a_table_aligns_text_left_and_numbers_right(capsys: Captured) -> None:
    write_table(("SOURCE", "DOCS"), [("script:a", "1,200"), ("script:longer", "7")])

    assert capsys.readouterr().out == (
        "SOURCE          DOCS\nscript:a       1,200\nscript:longer      7\n"
    )


def test_json_keeps_letters_and_writes_times_and_paths_as_text(capsys: Captured) -> None:
    write_json({"name": "café", "at": datetime(2026, 2, 20, tzinfo=UTC), "path": Path("/x")})

    out = capsys.readouterr().out
    assert "café" in out
    assert json.loads(out) == {"name": "café", "at": "2026-02-20T00:00:00Z", "path": "/x"}


def test_what_is_not_known_is_null_for_a_program() -> None:
    assert document_of({"title": "", "score": 0, "ok": False}) == {
        "title": None,
        "score": 0,
        "ok": False,
    }
