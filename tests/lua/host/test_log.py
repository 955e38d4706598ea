"""What a script writes into the log, and what of it arrives."""

from dataclasses import replace

import pytest

from controller.errors import CapabilityError
from controller.lua.host.base import Value
from controller.lua.host.log import ScriptLog
from controller.lua.host.redaction import Redactor
from controller.lua.limits import GuestLimits
from tests.lua.host.world import deadline

SECRET = "hunter2-hunter2"


class Log:
    """A log with its lines in reach."""

    def __init__(self, limits: GuestLimits | None = None, secrets: tuple[str, ...] = ()) -> None:
        self.lines: list[tuple[str, str]] = []
        self.log = ScriptLog(
            lambda level, text: self.lines.append((level, text)),
            Redactor(secrets),
            limits or GuestLimits(),
        )

    def write(self, level: Value, message: Value) -> str:
        assert self.log.write([level, message], deadline()) is None
        return self.lines[-1][1]


@pytest.mark.parametrize("level", [b"debug", b"info", b"warn", b"error", "info"])
def test_a_line_arrives_with_its_level(level: Value) -> None:
    log = Log()

    log.write(level, b"fetched 3 pages")

    [(arrived, text)] = log.lines
    assert (arrived, text) == (level.decode() if isinstance(level, bytes) else level, text)
    assert text == "fetched 3 pages"


@pytest.mark.parametrize("level", [b"fatal", b"", None, True, b"\xff", []])
def test_another_level_is_refused(level: Value) -> None:
    with pytest.raises(CapabilityError, match="log: "):
        Log().write(level, b"x")


@pytest.mark.parametrize("message", [None, True, [], {}])
def test_a_message_that_is_no_text_is_refused(message: Value) -> None:
    with pytest.raises(CapabilityError, match="log: the message must be a string"):
        Log().write(b"info", message)


def test_a_number_is_written_as_lua_writes_it() -> None:
    assert Log().write(b"info", 3.0) == "3.0"


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (b"a\nINFO forged", "a\\nINFO forged"),
        (b"a\r\nb", "a\\r\\nb"),
        (b"\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("\x9b31m".encode(), "\\x9b31m"),
        (b"nul\x00del\x7f", "nul\\x00del\\x7f"),
        (b"tab\tstays", "tab\tstays"),
        ("abc\u202edef".encode(), "abc\\u202edef"),
        ("a\u2028b".encode(), "a\\u2028b"),
        (b"caf\xe9", "caf\ufffd"),
        ("Grüße 🎉".encode(), "Grüße 🎉"),
    ],
)
def test_what_could_harm_a_terminal_or_forge_a_line_is_escaped(message: bytes, line: str) -> None:
    assert Log().write(b"info", message) == line


def test_secrets_are_redacted_before_anything_leaves() -> None:
    assert Log(secrets=(SECRET,)).write(b"info", f"pw={SECRET}!".encode()) == "pw=[redacted]!"


def test_a_long_line_is_cut() -> None:
    line = Log(replace(GuestLimits(), log_bytes=10)).write(b"info", b"x" * 50_000_000)

    assert line == "xxxxxxxxxx … (cut)"


def test_a_line_is_never_cut_within_a_character() -> None:
    line = Log(replace(GuestLimits(), log_bytes=3)).write(b"info", "äää".encode())

    assert line == "ä … (cut)"


@pytest.mark.parametrize("offset", range(0, 60, 7))
def test_no_half_of_a_secret_survives_a_cut(offset: int) -> None:
    log = Log(replace(GuestLimits(), log_bytes=64), (SECRET,))
    # Redaction shortens the text, which moves what stood behind the cut into sight.
    message = "-" * offset + f"{SECRET} " * 40

    line = log.write(b"info", message.encode())

    assert "hunter" not in line


def test_lines_beyond_the_limit_are_counted_and_told_once() -> None:
    log = Log(replace(GuestLimits(), log_lines=2))

    for number in range(5):
        log.log.write([b"info", number], deadline())

    assert log.lines == [
        ("info", "0"),
        ("info", "1"),
        ("warn", "the script wrote 2 lines; the rest is dropped"),
    ]
    assert log.log.written == 5


def test_lines_of_the_host_are_cleaned_but_not_counted() -> None:
    log = Log(replace(GuestLimits(), log_lines=0), (SECRET,))

    log.log.note("warn", f"{SECRET}\x1b\udc80")

    assert log.lines == [("warn", "[redacted]\\x1b?")]
    assert log.log.written == 0
