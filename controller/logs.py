"""
Logs: structlog on stderr, for a console or as JSON lines, secrets taken out.

structlog costs a tenth of a second to import, so it is imported when the first
log line is wanted; a search or `ctx --version` wants none.
"""

import sys
from base64 import b64encode
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger, Processor

REDACTED = "[redacted]"
SHORTEST_SECRET = 4
"""Shorter values are not looked for: they would blank out half of every line."""

_Event = MutableMapping[str, object]


class LogFormat(StrEnum):
    """For a person, or one JSON object a line."""

    CONSOLE = "console"
    JSON = "json"


class LogLevel(StrEnum):
    """The least severe lines that are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


_NUMBERS = {LogLevel.DEBUG: 10, LogLevel.INFO: 20, LogLevel.WARNING: 30, LogLevel.ERROR: 40}


def configure(fmt: LogFormat, level: LogLevel, secrets: Sequence[str]) -> None:
    """
    Set up logging for this process; a later call replaces an earlier one.

    `secrets` never appear in a line, neither as they are nor in base64 or
    URL-encoded, wherever in a field they stand.
    """
    import structlog

    renderers: list[Processor] = (
        [
            structlog.processors.format_exc_info,
            redactor(secrets),
            structlog.processors.JSONRenderer(),
        ]
        if fmt is LogFormat.JSON
        else [
            structlog.processors.format_exc_info,
            redactor(secrets),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *renderers,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_NUMBERS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def logger(name: str) -> "FilteringBoundLogger":
    """Get a logger whose lines carry `room=name`; before `configure`, only warnings are shown."""
    import structlog

    if not structlog.is_configured():
        configure(LogFormat.CONSOLE, LogLevel.WARNING, ())
    bound: FilteringBoundLogger = structlog.get_logger(room=name)
    return bound


def redactor(secrets: Sequence[str]) -> Callable[[object, str, _Event], _Event]:
    """Make the step that takes secrets out of every field of a line, nested ones too."""
    forms = _forms(secrets)

    def redact(_logger: object, _method: str, event: _Event) -> _Event:
        if not forms:
            return event
        return {_clean_text(str(key), forms): _clean(value, forms) for key, value in event.items()}

    return redact


def _forms(secrets: Sequence[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            encoded = b64encode(secret.encode("utf-8", "surrogatepass")).decode("ascii")
            # Padding depends on what follows, so only the part before it is looked for.
            found.update(
                dict.fromkeys(
                    (secret, encoded.rstrip("="), quote(secret, safe="", errors="replace"))
                )
            )
    # Longest first: a secret may be the beginning of another one.
    return tuple(sorted(found, key=len, reverse=True))


def _clean(value: object, forms: tuple[str, ...]) -> object:
    if isinstance(value, str):
        return _clean_text(value, forms)
    if isinstance(value, Mapping):
        return {_clean_text(str(key), forms): _clean(inner, forms) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(inner, forms) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return _clean_text(str(value), forms)


def _clean_text(text: str, forms: tuple[str, ...]) -> str:
    for form in forms:
        text = text.replace(form, REDACTED)
    return text
