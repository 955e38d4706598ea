"""The host's end of the zygote: start it, have guests forked, have them reaped."""

import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from controller.errors import GuestCrashError

ORDER = struct.Struct("=ci")
REPLY = struct.Struct("=ii")
"""Both as in zygote.py, which this side never imports: it would load a Lua runtime."""

ANSWER_WITHIN = 10.0
"""Seconds; the zygote only forks and reaps, so a silent one is a dead one."""


@dataclass(slots=True)
class GuestProcess:
    """A guest that was forked and not yet reaped."""

    pid: int
    pidfd: int | None
    sock: socket.socket


class Zygote:
    """One warm process; `close` leaves neither it nor any of its guests."""

    def __init__(self, probe: Path | None) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._control.settimeout(ANSWER_WITHIN)
        with theirs:
            self._process = subprocess.Popen(
                _command(theirs.fileno(), probe),
                env={},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The zygote's process id."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def fork(self) -> GuestProcess:
        """
        Have a guest forked.

        Raises:
            GuestCrashError: The zygote is dead, or there is no room for a process.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            try:
                socket.send_fds(self._control, [ORDER.pack(b"F", 0)], [theirs.fileno()])
                pid, _ = self._reply()
            except OSError as error:
                ours.close()
                raise self._dead() from error
        if pid < 0:
            ours.close()
            raise GuestCrashError(f"no process for the script: {os.strerror(-pid)}")
        return GuestProcess(pid, _open_pidfd(pid), ours)

    def end(self, guest: GuestProcess) -> int | None:
        """
        Kill a guest, if it has not ended, and reap it.

        Gives its wait status; None where the zygote died with it.
        """
        guest.sock.close()
        try:
            if guest.pidfd is not None:
                signal.pidfd_send_signal(guest.pidfd, signal.SIGKILL)
            elif self.is_alive():
                os.kill(guest.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        finally:
            if guest.pidfd is not None:
                os.close(guest.pidfd)
        try:
            self._control.sendall(ORDER.pack(b"R", guest.pid))
            return self._reply()[1]
        except OSError:
            return None

    def close(self) -> None:
        """End the zygote and, with it, what it forked."""
        self._control.close()
        try:
            self._process.wait(ANSWER_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()

    def _reply(self) -> tuple[int, int]:
        data = self._control.recv(REPLY.size, socket.MSG_WAITALL)
        if len(data) < REPLY.size:
            raise ConnectionResetError("the zygote closed its socket")
        pid, status = REPLY.unpack(data)
        return int(pid), int(status)

    def _dead(self) -> GuestCrashError:
        self._process.kill()
        self._process.wait()
        said = self._process.stderr.read() if self._process.stderr is not None else b""
        lines = said.decode(errors="replace").strip().splitlines()
        return GuestCrashError(
            "the script engine's process does not run",
            hint=f"it last said: {lines[-1]}" if lines else "it was killed, or never started",
        )


def _command(descriptor: int, probe: Path | None) -> list[str]:
    command = [sys.executable, "-I", "-m", "controller.lua.zygote", str(descriptor)]
    if threading.current_thread() is threading.main_thread():
        command.append("--with-thread")
    if probe is not None:
        command += ["--probe", str(probe)]
    return command


def _open_pidfd(pid: int) -> int | None:
    """Hold on to the process itself, not its number, where the kernel can (Linux 5.3)."""
    if sys.platform != "linux":
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None
