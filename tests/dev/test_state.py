"""The state directory: its lock, and files that survive a crash."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from controller.dev.state import StateDirectory
from controller.errors import StateError, StateLockedError

HOLD = """
import sys, signal
from pathlib import Path
from controller.dev.state import StateDirectory
with StateDirectory(Path(sys.argv[1])).locked():
    print("held", flush=True)
    signal.pause()
"""


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    directory = StateDirectory(tmp_path / ".ctx")
    directory.prepare()
    return directory


def test_a_second_holder_is_refused_with_the_first_ones_process_id(state: StateDirectory) -> None:
    with (
        subprocess.Popen(
            [sys.executable, "-c", HOLD, str(state.root)], stdout=subprocess.PIPE, text=True
        ) as holder,
    ):
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"

        with pytest.raises(StateLockedError, match=f"process {holder.pid}"), state.locked():
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()

        with state.locked():
            assert (state.root / "state" / "lock").read_text() == f"{os.getpid()}\n"


def test_a_place_that_cannot_be_written_says_which(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StateError, match=r"file/\.ctx") as caught:
        StateDirectory(tmp_path / "file" / ".ctx").prepare()

    assert "--state" in (caught.value.hint or "")


def test_resources_come_back_and_can_be_forgotten(state: StateDirectory) -> None:
    body: dict[str, object] = {
        "kind": "Registry",
        "metadata": {"name": "team"},
        "status": {"observedGeneration": 1},
    }

    state.save(body)

    assert state.load() == {("Registry", "default", "team"): body}
    state.forget(("Registry", "default", "team"))
    assert state.load() == {}


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"kind":"Registry","metadata":3}'])
def test_a_damaged_file_is_dropped_and_nothing_else(state: StateDirectory, text: str) -> None:
    good: dict[str, object] = {"kind": "Registry", "metadata": {"name": "team", "namespace": "a"}}
    state.save(good)
    (state.resources / "registry.a.broken.json").write_text(text)

    assert list(state.load().values()) == [good]


def test_the_salt_is_made_once_and_private(state: StateDirectory) -> None:
    first = state.salt()

    assert state.salt() == first
    assert len(first) == 64
    assert (state.root / "state" / "salt").stat().st_mode & 0o077 == 0


def test_a_status_that_cannot_be_written_is_an_error_that_names_the_file(
    state: StateDirectory,
) -> None:
    state.resources.rmdir()

    with pytest.raises(StateError, match=r"registry\.default\.team\.json cannot be written"):
        state.save({"kind": "Registry", "metadata": {"name": "team"}})


def test_a_directory_that_is_removed_is_missed(state: StateDirectory) -> None:
    with state.locked():
        state.require()
        (state.root / "state" / "lock").unlink()

        with pytest.raises(StateError, match="was removed"):
            state.require()


def test_what_is_synced_is_private(state: StateDirectory) -> None:
    assert state.root.stat().st_mode & 0o077 == 0


def test_nothing_below_the_directory_is_offered_to_git(state: StateDirectory) -> None:
    assert (state.root / ".gitignore").read_text().split() == ["data/", "cache/", "state/"]
