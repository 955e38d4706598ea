"""
A run handed over as one document: what `--run FILE` holds.

The shell writes it, `ctx sync` reads it; the format is JSON, durations are
ISO 8601.  It never holds a secret.
"""

import msgspec

from controller.errors import InvalidSpecError
from controller.model.sync import RunRequest

LIMIT_BYTES = 128 * 1024
"""An annotation of a pod carries the document in a cluster, so it is bounded everywhere."""


def encode_request(request: RunRequest) -> bytes:
    """
    Write a run document.

    Raises:
        InvalidSpecError: It is larger than 128 KiB; `spec.config` is what grows.
    """
    document = msgspec.json.encode(request)
    if len(document) > LIMIT_BYTES:
        raise InvalidSpecError(
            f"the run of {request.source} takes {len(document)} bytes, more than {LIMIT_BYTES}",
            hint="make spec.config smaller, or read it from a file of the connector's directory",
        )
    return document


def decode_request(document: bytes) -> RunRequest:
    """
    Read a run document.

    Raises:
        InvalidSpecError: It is none; the message names the field.
    """
    try:
        return msgspec.json.decode(document, type=RunRequest)
    except msgspec.MsgspecError as error:
        raise InvalidSpecError(f"the run document cannot be read: {error}") from error
