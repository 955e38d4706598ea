"""The host's end of the zygote: forking, ending, and what a dead zygote leaves to say."""

import os
import select
import signal
from pathlib import Path

import pytest

from controller.errors import GuestCrashError
from controller.lua.launcher import Zygote


def test_a_guest_is_forked_and_ended() -> None:
    zygote = Zygote(None)

    guest = zygote.fork()
    status = zygote.end(guest)

    assert status == signal.SIGKILL
    assert not Path(f"/proc/{guest.pid}").exists()
    zygote.close()


def test_closing_leaves_no_process() -> None:
    zygote = Zygote(None)
    guest = zygote.fork()

    watched = os.pidfd_open(guest.pid)
    zygote.close()

    assert select.select([watched], [], [], 5)[0]
    assert not zygote.is_alive()
    assert zygote.end(guest) is None
    os.close(watched)


def test_a_zygote_that_cannot_start_tells_why(tmp_path: Path) -> None:
    broken = tmp_path / "probe.py"
    broken.write_text("raise RuntimeError('no such thing')")
    zygote = Zygote(broken)

    with pytest.raises(GuestCrashError) as caught:
        zygote.fork()

    assert caught.value.message == "the script engine's process does not run"
    assert caught.value.hint == "it last said: RuntimeError: no such thing"
    zygote.close()


def test_a_zygote_that_was_killed_is_known_to_be_dead() -> None:
    zygote = Zygote(None)
    guest = zygote.fork()

    os.kill(zygote.pid, signal.SIGKILL)
    status = zygote.end(guest)

    assert status is None
    with pytest.raises(GuestCrashError) as caught:
        zygote.fork()
    assert caught.value.hint == "it was killed, or never started"
    zygote.close()
