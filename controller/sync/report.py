"""
What came of a run, as the JSON that `--report FILE` receives.

In a pod the file is the termination message, which Kubernetes cuts at 4 KiB
and whose tail would be lost; so the report is made to fit into 3 KiB.
"""

from dataclasses import replace

import msgspec

from controller.errors import InvalidSpecError
from controller.model.sync import SyncOutcome

LIMIT_BYTES = 3 * 1024


def encode_report(outcome: SyncOutcome) -> bytes:
    """Write a report of at most 3 KiB: warnings go first, then the end of a long message."""
    report = msgspec.json.encode(outcome)
    while len(report) > LIMIT_BYTES and outcome.warnings:
        outcome = replace(outcome, warnings=outcome.warnings[: len(outcome.warnings) // 2])
        report = msgspec.json.encode(outcome)
    error = outcome.error
    while len(report) > LIMIT_BYTES and error is not None and len(error.message + error.hint) > 80:
        error = replace(error, message=_halve(error.message), hint=_halve(error.hint))
        report = msgspec.json.encode(replace(outcome, error=error))
    return report


def decode_report(report: bytes) -> SyncOutcome:
    """
    Read a report.

    Raises:
        InvalidSpecError: It is none: cut short, or written by something else.
    """
    try:
        return msgspec.json.decode(report, type=SyncOutcome)
    except msgspec.MsgspecError as error:
        raise InvalidSpecError(f"the report of a run cannot be read: {error}") from error


def _halve(text: str) -> str:
    return text if len(text) <= 40 else text[: len(text) // 2] + "…"
