"""Errors as people read them, made of what a script or its dead process left."""

import signal

import pytest

from controller.errors import (
    ContractError,
    GuestCrashError,
    ItemLimitError,
    JailError,
    MemoryLimitError,
    ScriptError,
    ScriptSyntaxError,
    ScriptTimeoutError,
)
from controller.lua.limits import GuestLimits
from controller.lua.outcome import error_for, error_for_status, printable, timed_out
from controller.lua.wire import Failed

LIMITS = GuestLimits()


@pytest.mark.parametrize(
    ("cause", "kind", "message"),
    [
        ("runtime", ScriptError, "x.lua:1: bad"),
        ("syntax", ScriptSyntaxError, "x.lua:1: bad"),
        ("contract", ContractError, "x.lua: x.lua:1: bad"),
        ("timeout", ScriptTimeoutError, "timed out after 300 seconds"),
        ("memory", MemoryLimitError, "needs more than its memory_limit of 256 MiB"),
        ("items", ItemLimitError, "returned more than 1000000 items"),
        ("item_bytes", ItemLimitError, "returned an item larger than 10 MiB"),
        (
            "jail",
            JailError,
            "the script was not run: this system cannot confine its process with seccomp",
        ),
        ("defect", GuestCrashError, "the script's process failed: x.lua:1: bad"),
        ("what?", GuestCrashError, "the script's process failed: x.lua:1: bad"),
    ],
)
def test_each_cause_has_its_error(cause: str, kind: type[ScriptError], message: str) -> None:
    error = error_for(Failed(cause, b"x.lua:1: bad", b""), "x.lua", LIMITS)

    assert type(error) is kind
    assert error.message == message


@pytest.mark.parametrize(
    ("seconds", "said"), [(300.0, "300 seconds"), (0.5, "0.5 seconds"), (1.0, "1 second")]
)
def test_a_timeout_is_named_as_specified(seconds: float, said: str) -> None:
    assert timed_out(GuestLimits(timeout=seconds)).message == f"timed out after {said}"


def test_a_limit_that_is_no_whole_number_of_mebibytes_is_named_in_bytes() -> None:
    error = error_for(Failed("memory", b"", b""), "x.lua", GuestLimits(memory=1_000_000))

    assert error.message == "needs more than its memory_limit of 1000000 bytes"


@pytest.mark.parametrize(
    ("status", "over", "kind", "message"),
    [
        (signal.SIGSEGV, False, GuestCrashError, "the script's process died of SIGSEGV"),
        (signal.SIGSEGV | 0x80, True, GuestCrashError, "the script's process died of SIGSEGV"),
        (signal.SIGALRM, True, ScriptTimeoutError, "timed out after 300 seconds"),
        (signal.SIGALRM, False, GuestCrashError, "the script's process died of SIGALRM"),
        (33, False, GuestCrashError, "the script's process died of signal 33"),
        (
            3 << 8,
            False,
            GuestCrashError,
            "the script's process ended with status 3 before it was done",
        ),
        (
            None,
            False,
            GuestCrashError,
            "the script's process died with the engine that started it",
        ),
    ],
)
def test_a_process_that_ended_silently_is_named_for_how(
    status: int | None, over: bool, kind: type[ScriptError], message: str
) -> None:
    error = error_for_status(status, LIMITS, over=over)

    assert type(error) is kind
    assert error.message == message


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"plain", "plain"),
        (b"caf\xc3\xa9 \xe2\x9c\x93", "café ✓"),
        (b"\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        (b"a\r\nb\tc", "a\\r\\nb\\tc"),
        (b"\xc2\x9b31m", "\\x9b31m"),
        ("\u202e\u2066\u200b".encode(), "\\u202e\\u2066\\u200b"),
        ("\U000e0001".encode(), "\\U000e0001"),
        (b"\xff", "\ufffd"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(raw: bytes, shown: str) -> None:
    assert printable(raw, 100) == shown


def test_long_texts_are_cut() -> None:
    assert printable(b"x" * 50, 10) == "x" * 10 + "…"


def test_lines_of_a_traceback_stay_lines() -> None:
    error = error_for(Failed("runtime", b"m", b"stack traceback:\n  a\x1b\n  b"), "x.lua", LIMITS)

    assert error.traceback == "stack traceback:\n  a\\x1b\n  b"


@pytest.mark.parametrize(
    ("name", "said"), [("os", "env.get"), ("io", "fs.read"), ("require", "one file")]
)
def test_a_missing_library_has_a_hint(name: str, said: str) -> None:
    message = f"x.lua:1: attempt to index a nil value (global '{name}')".encode()

    error = error_for(Failed("runtime", message, b""), "x.lua", LIMITS)

    assert said in (error.hint or "")


def test_a_script_that_is_half_written_gets_a_way_out_and_a_wrong_value_does_not() -> None:
    unwritten = error_for(
        Failed("contract", b"'connector.scan' must be a function", b""), "x", LIMITS
    )
    wrong = error_for(Failed("contract", b"the checkpoint contains itself", b""), "x", LIMITS)

    assert "ctx connector init" in (unwritten.hint or "")
    assert wrong.hint is None


def test_a_body_that_was_no_json_is_suspected_where_its_value_is_missing() -> None:
    message = b"x.lua:3: attempt to index a nil value (field 'json')"

    error = error_for(Failed("runtime", message, b""), "x.lua", LIMITS)

    assert "resp.status" in (error.hint or "")


def test_a_traceback_without_a_line_is_left_out() -> None:
    error = error_for(Failed("item_bytes", b"", b"stack traceback:"), "x.lua", LIMITS)

    assert error.traceback == ""
