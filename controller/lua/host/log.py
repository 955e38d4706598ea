"""
`log.*` of a script: counted, cut, made harmless, and then handed on.

A line that leaves here is one line of plain text without secrets, whatever the
script put in it: nobody's terminal or log reader runs what a wiki page says.
"""

import re
from collections.abc import Callable, Sequence

from controller.errors import CapabilityError
from controller.lua.deadline import Deadline
from controller.lua.host.arguments import argument, as_bytes, as_text
from controller.lua.host.base import Value
from controller.lua.host.redaction import Redactor
from controller.lua.limits import GuestLimits

LEVELS = ("debug", "info", "warn", "error")
_CUT = " … (cut)"

# Controls except the tab, what terminals read as the start of a command, line
# separators, and marks that turn the direction of writing.
_HARMFUL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class ScriptLog:
    """The log of one guest; `write` is the host function, `note` is for the host's own lines."""

    def __init__(
        self, sink: Callable[[str, str], None], redactor: Redactor, limits: GuestLimits
    ) -> None:
        self._sink = sink
        self._redactor = redactor
        self._lines = limits.log_lines
        self._bytes = limits.log_bytes
        self.written = 0
        """Lines the script wrote, those beyond the limit included."""

    def write(self, arguments: Sequence[Value], _deadline: Deadline) -> Value:
        """Serve `log.write(level, message)`; beyond the limit lines are counted and dropped."""
        level = as_text(argument(arguments, 0), "log: the level")
        if level not in LEVELS:
            raise CapabilityError(f"log: '{level[:20]}' is none of {', '.join(LEVELS)}")
        message = as_bytes(argument(arguments, 1), "log: the message")
        self.written += 1
        if self.written <= self._lines:
            self._sink(level, self.clean(message))
        elif self.written == self._lines + 1:
            self._sink("warn", f"the script wrote {self._lines} lines; the rest is dropped")
        return None

    def note(self, level: str, message: str) -> None:
        """Write a line of the host about the script; not counted."""
        self._sink(level, self.clean(message.encode(errors="replace")))

    def clean(self, message: bytes) -> str:
        """Redact, escape and cut one line."""
        # Only what can reach the line is looked at: a script may log 50 MB.
        window = self._bytes + 4 * self._redactor.longest
        text = self._redactor(message[:window].decode(errors="replace"))
        if len(message) > window:
            # Marks are shorter than secrets, so the end of the window can move
            # into sight with the first half of a secret on it.
            text = text[: len(text) - self._redactor.longest]
        return self._shorten(_HARMFUL.sub(_escape, text), cut=len(message) > window)

    def _shorten(self, text: str, *, cut: bool) -> str:
        encoded = text.encode()
        if len(encoded) <= self._bytes and not cut:
            return text
        return encoded[: self._bytes].decode(errors="ignore") + _CUT


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    if character in "\n\r":
        return "\\n" if character == "\n" else "\\r"
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
