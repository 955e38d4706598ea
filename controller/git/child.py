"""One worker process, seen from its parent: started, asked, and never left behind."""

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

import controller.errors
from controller.errors import FetchCancelledError, FetchError, FetchTimeoutError, HarnessError
from controller.git.address import without_userinfo
from controller.git.wire import Answer, Failure, Request

_LARGEST_ANSWER = 4 * 1024 * 1024
_PATIENCE = 1.0


class Child:
    """
    A worker with a private home, in a session of its own.

    Its environment is what is handed in, which is nothing but in tests; the
    login goes over a pipe and is on no command line.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._home = TemporaryDirectory(prefix="ctx-git-", ignore_cleanup_errors=True)
        self._cancelled = False
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-m", "controller.git.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(environment),
            cwd=self._home.name,
            bufsize=0,
            start_new_session=True,
        )

    @property
    def home(self) -> Path:
        """The worker's private directory; it goes when the worker goes."""
        return Path(self._home.name)

    def ask(self, request: Request, seconds: float) -> Answer:
        """
        Send a request and wait for its answer.

        Raises:
            FetchTimeoutError: No answer in time; the worker is dead then.
            FetchCancelledError: `cancel` was called.
            FetchError: The worker died, or what it raised.
        """
        shown = without_userinfo(request.url)
        line = self._exchange(msgspec.json.encode(request) + b"\n", seconds)
        if self._cancelled:
            raise FetchCancelledError(f"{shown}: the attempt was cancelled")
        if line is None:
            self.kill()
            raise FetchTimeoutError(
                f"{shown}: not done within {round(seconds, 1):g} seconds", hint="raise spec.timeout"
            )
        if not line.endswith(b"\n"):
            raise FetchError(f"{shown}: the git worker died{self._obituary()}")
        answer = msgspec.json.decode(line, type=Answer)
        if answer.failure is not None:
            raise _revived(answer.failure)
        return answer

    def is_alive(self) -> bool:
        """Say whether the worker can be asked again."""
        return self._process.poll() is None and not self._cancelled

    def cancel(self) -> None:
        """End the worker at once; safe in a signal handler and from another thread."""
        self._cancelled = True
        self._signal()

    def kill(self) -> None:
        """End the worker and wait until it is gone."""
        self._signal()
        self._process.wait()

    def close(self) -> None:
        """Let an idle worker end by itself, a busy one by force; remove its home."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._home.cleanup()

    def _exchange(self, line: bytes, seconds: float) -> bytes | None:
        """Give the answer's line; None at the deadline, no line end when the worker died."""
        if self._process.stdin is None or self._process.stdout is None:
            return b""
        end = time.monotonic() + seconds
        try:
            self._process.stdin.write(line)
        except BrokenPipeError:
            return b""
        received = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while not received.endswith(b"\n"):
                left = end - time.monotonic()
                if left <= 0 or len(received) > _LARGEST_ANSWER:
                    return None
                if selector.select(left):
                    chunk = os.read(self._process.stdout.fileno(), 65536)
                    if not chunk:
                        break
                    received += chunk
        return bytes(received)

    def _signal(self) -> None:
        # Asking first keeps us from another process that got the same id.
        if self._process.poll() is None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return

    def _obituary(self) -> str:
        code = self._process.wait()
        return f" of {signal.Signals(-code).name}" if code < 0 else f" with exit code {code}"


def _revived(failure: Failure) -> HarnessError:
    kind = getattr(controller.errors, failure.error, FetchError)
    return kind(failure.message, hint=failure.hint)
