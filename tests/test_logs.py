import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import structlog

from controller.logs import REDACTED, LogFormat, LogLevel, configure, logger, redactor

SECRET = "hunter2/hunter2?"


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(line) for line in captured.err.splitlines()]


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        f"Bearer {SECRET}.",
        b64encode(SECRET.encode()).decode(),
        quote(SECRET, safe=""),
    ],
)
def test_a_secret_is_in_no_line_in_no_form(capsys: pytest.CaptureFixture[str], form: str) -> None:
    configure(LogFormat.JSON, LogLevel.INFO, [SECRET])

    logger("sync").info(
        "run.started", plain=form, deep={form: [form, {"x": (form,)}]}, thing={form}
    )

    captured = capsys.readouterr().err
    assert form not in captured
    assert captured.count(REDACTED) == 5


def test_a_secret_is_in_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    configure(LogFormat.JSON, LogLevel.INFO, [SECRET])

    try:
        int(SECRET)
    except ValueError:
        logger("sync").exception("run.failed")

    [line] = lines(capsys)
    assert SECRET not in str(line["exception"])
    assert f"base 10: '{REDACTED}'" in str(line["exception"])


def test_a_secret_is_in_no_line_for_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    configure(LogFormat.CONSOLE, LogLevel.INFO, [SECRET])

    logger("sync").info("run.started", header=f"Bearer {SECRET}")

    captured = capsys.readouterr().err
    assert SECRET not in captured
    assert "run.started" in captured


def test_a_secret_that_begins_like_another_leaves_no_rest() -> None:
    redact = redactor(["token", "token-and-more"])

    event = redact(None, "info", {"event": "token-and-more token"})

    assert event == {"event": f"{REDACTED} {REDACTED}"}


def test_a_very_short_secret_does_not_blank_out_the_log() -> None:
    redact = redactor(["a", ""])

    assert redact(None, "info", {"event": "a banana"}) == {"event": "a banana"}


def test_a_line_carries_its_facts(capsys: pytest.CaptureFixture[str]) -> None:
    configure(LogFormat.JSON, LogLevel.INFO, ["unrelated"])

    logger("sync").info("run.finished", source="script:jira", written=3, full=True, none=None)

    [line] = lines(capsys)
    assert str(line.pop("timestamp")).endswith("Z")
    assert line == {
        "event": "run.finished",
        "level": "info",
        "room": "sync",
        "source": "script:jira",
        "written": 3,
        "full": True,
        "none": None,
    }


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        (LogLevel.DEBUG, ["debug", "info", "warning", "error"]),
        (LogLevel.WARNING, ["warning", "error"]),
        (LogLevel.ERROR, ["error"]),
    ],
)
def test_only_lines_of_the_level_and_above_are_written(
    capsys: pytest.CaptureFixture[str], level: LogLevel, shown: list[str]
) -> None:
    configure(LogFormat.JSON, level, ())
    log = logger("x")

    log.debug("a.happened")
    log.info("a.happened")
    log.warning("a.happened")
    log.error("a.happened")

    assert [line["level"] for line in lines(capsys)] == shown


def test_a_later_set_up_replaces_an_earlier_one(capsys: pytest.CaptureFixture[str]) -> None:
    log = logger("x")
    configure(LogFormat.JSON, LogLevel.INFO, ["first-secret"])
    configure(LogFormat.JSON, LogLevel.INFO, ["second-secret"])

    log.info("a.happened", value="second-secret")

    assert lines(capsys)[0]["value"] == REDACTED


def test_without_a_set_up_only_warnings_reach_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = logger("x")

    log.info("a.happened")
    log.warning("b.happened")

    captured = capsys.readouterr()
    assert captured.out == ""
    assert "a.happened" not in captured.err
    assert "b.happened" in captured.err


def test_importing_logs_does_not_import_structlog() -> None:
    probe = "import sys, controller.logs; print('structlog' in sys.modules, 'rich' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)

    assert done.stdout == "False False\n"
