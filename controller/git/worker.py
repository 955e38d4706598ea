"""
The program that visits remotes: `python -I -m controller.git.worker`.

It reads one request a line and answers each with one line, until its input
ends.  The first request decides whom this process trusts, for good; so a parent
sends requests of one trust only.  When the parent dies, the input ends, and
whatever is going on here ends with it, the private home included.
"""

import os
import shutil
import sys
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from time import sleep

import msgspec

from controller.errors import FetchError, HarnessError
from controller.git.address import parse_address, scrub_addresses
from controller.git.mirror import fetch, look
from controller.git.trust import apply_timeouts, apply_trust
from controller.git.wire import Answer, Failure, Request

_GRACE = 0.5


def respond(request: Request) -> Answer:
    """Carry a request out; every failure becomes an answer without secrets."""
    try:
        apply_timeouts(request.timeout)
        address = parse_address(request.url, insecure=request.insecure)
        if request.action == "look":
            return Answer(head=look(request, address))
        return Answer(checkout=fetch(request, address))
    except HarnessError as error:
        return Answer(failure=_failure(error, request))
    except Exception as error:  # noqa: BLE001  the edge of this program
        told = FetchError(f"the git worker failed: {type(error).__name__}: {error}")
        return Answer(failure=_failure(told, request))


def main() -> None:
    """Serve requests from standard input until it ends."""
    output = os.dup(1)
    # Whatever a library prints must not be taken for an answer.
    os.dup2(2, 1)
    lines: SimpleQueue[bytes] = SimpleQueue()
    homes: set[str] = set()
    Thread(target=_read, args=(lines, homes), daemon=True).start()
    trusted = False
    while line := lines.get():
        request = msgspec.json.decode(line, type=Request)
        homes.add(request.home)
        answer = Answer()
        if not trusted:
            answer = _trust(request)
            trusted = answer.failure is None
        if trusted:
            answer = respond(request)
        with os.fdopen(os.dup(output), "wb") as stream:
            stream.write(msgspec.json.encode(answer) + b"\n")
    _remove(homes)


def _trust(request: Request) -> Answer:
    try:
        apply_trust(Path(request.home), request.credentials)
    except HarnessError as error:
        return Answer(failure=_failure(error, request))
    return Answer()


def _read(lines: "SimpleQueue[bytes]", homes: set[str]) -> None:
    for line in sys.stdin.buffer:
        lines.put(line)
    lines.put(b"")
    # An idle main thread ends the program now; a busy one gets no further.
    sleep(_GRACE)
    _remove(homes)
    os._exit(1)


def _remove(homes: set[str]) -> None:
    """Remove what the parent removes too, unless it was killed."""
    for home in tuple(homes):
        shutil.rmtree(home, ignore_errors=True)


def _failure(error: HarnessError, request: Request) -> Failure:
    message = request.credentials.scrub(scrub_addresses(error.message))
    return Failure(type(error).__name__, message, error.hint)


if __name__ == "__main__":
    main()
