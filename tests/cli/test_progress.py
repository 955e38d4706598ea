"""Lines of a script, and the count below them."""

from io import StringIO

from controller.cli.progress import RunReporter
from controller.sync.parts import Progress


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_names_its_source_and_level() -> None:
    stream = StringIO()
    reporter = RunReporter("script:jira", stream, verbose=False, progress=True)

    reporter.log("info", "Fetching page 3")
    reporter.log("warn", "Rate limited")
    reporter.log("debug", "Raw response")

    assert stream.getvalue() == (
        "[script:jira] INFO: Fetching page 3\n[script:jira] WARN: Rate limited\n"
    )


def test_debug_lines_come_when_asked_for() -> None:
    stream = StringIO()

    RunReporter("script:jira", stream, verbose=True, progress=False).log("debug", "Raw")

    assert stream.getvalue() == "[script:jira] DEBUG: Raw\n"


def test_a_terminal_gets_a_count_that_makes_way_for_lines() -> None:
    stream = Terminal()
    reporter = RunReporter("script:jira", stream, verbose=False, progress=True)

    reporter.progress(Progress(scanned=1500, written=20))
    reporter.progress(Progress(scanned=1600, written=21))
    reporter.log("info", "page 2")

    text = stream.getvalue()
    assert "script:jira: 1,500 items, 20 written" in text
    assert "1,600" not in text
    assert text.endswith("\r\033[2K[script:jira] INFO: page 2\n")


def test_a_pipe_gets_no_count() -> None:
    stream = StringIO()
    reporter = RunReporter("script:jira", stream, verbose=False, progress=True)

    reporter.progress(Progress(scanned=1, written=1))
    reporter.clear()

    assert stream.getvalue() == ""
