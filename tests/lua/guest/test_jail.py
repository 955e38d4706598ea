"""What a guest can still do to the system: tried from inside a real one, behind its jail."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.errors import JailError
from controller.lua.host.base import Capabilities
from controller.lua.supervisor import Engine, JailReport
from tests.lua.worlds import LIMITS, World, connector, scan, values

PROBE = Path(__file__).parents[1] / "probe.py"
WITHOUT_SECCOMP = Path(__file__).parents[1] / "probe_without_seccomp.py"


@pytest.fixture(scope="module")
def probing() -> Iterator[Engine]:
    with Engine(require_jail=True, probe=PROBE) as engine:
        yield engine


@pytest.mark.parametrize(
    "attempt",
    [
        "open",
        "create",
        "listdir",
        "socket",
        "fork",
        "exec",
        "kill",
        "kill_self",
        "executable",
        "ptrace",
    ],
)
def test_a_guest_may_not(probing: Engine, attempt: str) -> None:
    assert values(probing, f"probe('{attempt}')") == [b"EPERM"]


def test_a_guest_has_one_open_file(probing: Engine) -> None:
    assert values(probing, "probe('files')") == [b"[3]"]


def test_a_guest_has_no_secret_in_its_environment(
    probing: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CTX_TEST_TOKEN", "hunter2")

    with Engine(probe=PROBE) as engine:
        [shown] = values(engine, "probe('environment')")

    assert isinstance(shown, bytes)
    assert b"hunter2" not in shown
    # What Python itself sets in the C locale is all there is.
    assert shown in (b"{}", b"{'LC_CTYPE': 'C.UTF-8'}")


def test_where_seccomp_is_missing_a_script_that_must_be_jailed_is_not_run() -> None:
    ran: list[object] = []
    script = connector("ran = env.get('X') connector = { scan = function() return {} end }")
    world = World().offer("env.get", lambda arguments, _: ran.append(arguments))

    with Engine(require_jail=True, probe=WITHOUT_SECCOMP) as engine, pytest.raises(JailError):
        scan(engine, script, world=world)

    assert ran == []


def test_where_seccomp_is_missing_the_other_layers_hold_and_are_reported() -> None:
    script = connector("connector = { scan = function() return {} end }")

    with (
        Engine(probe=WITHOUT_SECCOMP) as engine,
        engine.open(script, LIMITS, Capabilities({})) as guest,
    ):
        loaded = guest.load()

    assert loaded.jail == JailReport(seccomp=False, no_new_privs=True, rlimits=True)
