"""The process that guests come from: how it starts, what it loads, and that it never lingers."""

import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from controller.lua.host.base import Capabilities
from controller.lua.supervisor import Engine
from controller.lua.zygote import ORDER, REPLY, serve
from tests.lua.worlds import LIMITS, connector

ALLOWED_ROOTS = {"lupa", "msgspec", "controller", "typing_extensions"}
"""msgspec takes the last where it is installed."""
ALLOWED_OURS = {
    "controller",
    "controller.errors",
    "controller.instants",
    "controller.lua",
    "controller.lua.limits",
    "controller.lua.table",
    "controller.lua.wire",
}
EVERY_GUEST_MODULE = """
import sys
before = set(sys.modules)
import importlib, pathlib, controller.lua.guest
for path in pathlib.Path(controller.lua.guest.__path__[0]).glob("*.py"):
    importlib.import_module("controller.lua.guest." + path.stem)
print("\\n".join(set(sys.modules) - before))
"""


def modules_after(code: str) -> set[str]:
    """Run code in a fresh interpreter with an empty environment, as a zygote has it."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, env={}
    )
    return set(done.stdout.split())


def test_guest_modules_load_only_what_they_may() -> None:
    loaded = modules_after(EVERY_GUEST_MODULE)

    ours = {name for name in loaded if name.split(".")[0] == "controller"}
    roots = {name.split(".")[0] for name in loaded}
    assert {name for name in ours if not name.startswith("controller.lua.guest")} <= ALLOWED_OURS
    foreign = roots - set(sys.stdlib_module_names) - ALLOWED_ROOTS
    assert {name for name in foreign if not name.startswith(("_cython", "cython"))} == set()


def test_the_zygote_loads_nothing_slow() -> None:
    loaded = modules_after("import controller.lua.zygote, sys; print('\\n'.join(sys.modules))")

    slow = {"dataclasses", "asyncio", "subprocess", "logging", "httpx", "ssl", "email", "structlog"}
    assert slow & loaded == set()


def test_a_guest_answers_to_no_one_after_its_host_closed_its_socket() -> None:
    host, theirs = socket.socketpair()
    ours, guest_end = socket.socketpair()
    with theirs, ours, host:
        socket.send_fds(host, [ORDER.pack(b"F", 0)], [guest_end.fileno()])
        host.shutdown(socket.SHUT_WR)
        guest_end.close()

        serve(theirs, lambda sock, parent: sock.sendall(b"%d" % parent))

        pid, _ = REPLY.unpack(host.recv(REPLY.size))
        os.waitpid(pid, 0)
        assert ours.recv(100) in (b"%d" % os.getpid(), b"")


def test_a_guest_is_reaped_on_request_and_its_status_told() -> None:
    host, theirs = socket.socketpair()
    ours, guest_end = socket.socketpair()

    def life(_: socket.socket, __: int) -> None:
        # The guest orders its own reaping, since nobody else here knows its number.
        host.sendall(ORDER.pack(b"R", os.getpid()))
        host.shutdown(socket.SHUT_WR)
        os._exit(5)

    with theirs, ours, host:
        socket.send_fds(host, [ORDER.pack(b"F", 0)], [guest_end.fileno()])
        guest_end.close()

        serve(theirs, life)

        pid, _ = REPLY.unpack(host.recv(REPLY.size))
        assert REPLY.unpack(host.recv(REPLY.size)) == (pid, 5 << 8)


def test_the_zygote_and_its_guests_end_with_a_host_that_was_killed() -> None:
    pids = subprocess.Popen(
        [sys.executable, "-c", HOST_THAT_IS_KILLED], stdout=subprocess.PIPE, text=True
    )
    assert pids.stdout is not None
    zygote, guest = (int(pid) for pid in pids.stdout.readline().split())
    watched = [os.pidfd_open(pid) for pid in (zygote, guest)]

    pids.kill()
    pids.wait()
    pids.stdout.close()

    for descriptor in watched:
        assert select.select([descriptor], [], [], 5)[0]
        os.close(descriptor)


def test_guests_end_with_their_zygote() -> None:
    with (
        Engine() as engine,
        engine.open(connector("while true do end"), LIMITS, Capabilities({})) as guest,
    ):
        watched = os.pidfd_open(guest.pid)
        parent = int(Path(f"/proc/{guest.pid}/stat").read_text().rsplit(")", 1)[1].split()[1])

        os.kill(parent, signal.SIGKILL)

        assert select.select([watched], [], [], 5)[0]
        os.close(watched)


def test_an_interrupt_on_the_terminal_leaves_the_zygote_alone() -> None:
    with Engine() as engine:
        with engine.open(connector(""), LIMITS, Capabilities({})) as guest:
            parent = int(Path(f"/proc/{guest.pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        os.kill(parent, signal.SIGINT)

        engine.compile(connector(""), LIMITS)

        assert Path(f"/proc/{parent}").exists()


@pytest.mark.parametrize("arguments", [["99"], ["not-a-number"]])
def test_a_zygote_without_a_socket_ends_at_once(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-m", "controller.lua.zygote", *arguments],
        capture_output=True,
        check=False,
    )

    assert done.returncode == 1


HOST_THAT_IS_KILLED = f"""
import sys, time
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from pathlib import Path
from controller.lua.host.base import Capabilities
from controller.lua.supervisor import Engine
from tests.lua.worlds import LIMITS, connector, scanning

with Engine() as engine:
    with engine.open(scanning("env.get('X')"), LIMITS, Capabilities({{
        "env.get": lambda *_: print(
            Path(f"/proc/{{guest.pid}}/stat").read_text().rsplit(")", 1)[1].split()[1],
            guest.pid, flush=True) or time.sleep(60)
    }})) as guest:
        guest.scan({{}}, None, len)
"""
