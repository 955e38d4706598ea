"""How a guest ended, as an error that a person can act on."""

import signal

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
from controller.lua.limits import MEBIBYTE, GuestLimits
from controller.lua.wire import Failed

MESSAGE_CHARACTERS = 4000
TRACEBACK_CHARACTERS = 16000


def error_for(failed: Failed, chunk_name: str, limits: GuestLimits) -> ScriptError:
    """Build the error for what the guest reported of itself."""
    message = printable(failed.message, MESSAGE_CHARACTERS)
    traceback = _traceback(failed.traceback)
    match failed.cause:
        case "runtime":
            return ScriptError(message, hint=_hint_for(message), traceback=traceback)
        case "syntax":
            return ScriptSyntaxError(message)
        case "contract":
            return ContractError(f"{chunk_name}: {message}", hint=_hint_for_contract(message))
        case "timeout":
            return timed_out(limits, traceback)
        case "memory":
            return MemoryLimitError(
                f"needs more than its memory_limit of {_size(limits.memory)}",
                hint="raise memory_limit, or hand items over with emit(item) as they come",
                traceback=traceback,
            )
        case "items":
            return ItemLimitError(
                f"returned more than {limits.items} items",
                hint="narrow what is scanned, or split it into several sources",
                traceback=traceback,
            )
        case "item_bytes":
            return ItemLimitError(
                f"returned an item larger than {_size(limits.item_bytes)}",
                hint="split the item",
                traceback=traceback,
            )
        case "jail":
            return JailError(
                "the script was not run: this system cannot confine its process with seccomp",
                hint="Linux on x86-64 or aarch64 with seccomp is needed",
            )
        case _:
            return GuestCrashError(f"the script's process failed: {message or failed.cause}")


def timed_out(limits: GuestLimits, traceback: str = "") -> ScriptTimeoutError:
    """Build the error of specification 002 §7.4."""
    return ScriptTimeoutError(
        f"timed out after {limits.timeout:g} second{'' if limits.timeout == 1 else 's'}",
        hint="raise timeout, or hand items over with emit(item) and return a checkpoint",
        traceback=traceback,
    )


def error_for_status(status: int | None, limits: GuestLimits, *, over: bool) -> ScriptError:
    """
    Build the error for a guest that ended without a word.

    `status` is what wait gave, None where nobody can tell any more.  `over` says
    that its time was up: then SIGALRM is the guest's own alarm.
    """
    if status is None:
        return GuestCrashError(
            "the script's process died with the engine that started it",
            hint="the next run starts a new engine",
        )
    number = status & 0x7F
    if over and number == signal.SIGALRM:
        return timed_out(limits)
    if number == 0:
        return GuestCrashError(
            f"the script's process ended with status {status >> 8} before it was done"
        )
    hint = "the kernel kills a process when memory runs out" if number == signal.SIGKILL else None
    return GuestCrashError(f"the script's process died of {_signal_name(number)}", hint=hint)


def printable(text: bytes, most: int) -> str:
    """
    Make bytes of a script fit for a terminal and a log line.

    Broken UTF-8 is replaced; control, format and other unseen characters are
    escaped; the rest after `most` characters is cut.
    """
    decoded = text.decode(errors="replace")
    cut = decoded if len(decoded) <= most else decoded[:most] + "…"
    if cut.isprintable():
        return cut
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in cut
    )


def _traceback(text: bytes) -> str:
    lines = text[: TRACEBACK_CHARACTERS * 4].split(b"\n")
    if len(lines) < 2:
        # A head without a line below: the script had returned when it was refused.
        return ""
    return "\n".join(printable(line, 500) for line in lines)[:TRACEBACK_CHARACTERS]


def _hint_for(message: str) -> str | None:
    for name in ("os", "io"):
        if f"(global '{name}')" in message:
            return f"scripts have no `{name}`; env.get, fs.read and fs.list take its place"
    for name in ("require", "dofile", "loadfile"):
        if f"(global '{name}')" in message:
            return "a script is one file; it cannot load others"
    if message.endswith("(field 'json')"):
        return "resp.json is nil when a body is no JSON; look at resp.status and resp.body first"
    return None


def _hint_for_contract(message: str) -> str | None:
    # Only a script that is not written yet is helped by one to fill in.
    if "'connector" in message:
        return "`ctx connector init NAME` writes a script that can be filled in"
    return None


def _size(count: int) -> str:
    if count % MEBIBYTE == 0:
        return f"{count // MEBIBYTE} MiB"
    return f"{count} bytes"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
