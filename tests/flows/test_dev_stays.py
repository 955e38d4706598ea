"""`ctx dev` that stays: saves, signals, and what a killed one leaves behind."""

import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.flows.dev_world import CTX, NOTES, DevWorld, RunningDev, processes_naming, until

# Several processes one after the other, each measured by coverage in CI.
pytestmark = pytest.mark.timeout(60)


def test_a_save_re_syncs_exactly_what_it_touches(
    world: DevWorld, started: list[RunningDev]
) -> None:
    world.declare_sync()
    world.declare_sync("other", "other")
    dev = world.start("--registry", f"team={world.registry.directory}")
    started.append(dev)
    dev.wait_for(lambda: dev.count("run.finished") == 2)

    world.registry.write({"connectors/other/connector.lua": NOTES.replace("zebra", "quagga")})

    dev.wait_for(lambda: dev.count("run.finished") == 3)
    dev.stop()
    assert len(world.runs("other")) == 2
    assert len(world.runs("notes")) == 1


def test_a_saved_manifest_is_taken_up(world: DevWorld, started: list[RunningDev]) -> None:
    dev = world.start()
    started.append(dev)
    dev.wait_for("registry.published")

    path = world.declare_sync(count=4)
    dev.wait_for("run.finished")
    path.write_text(path.read_text().replace('"count": 4', '"count": "x'))
    dev.wait_for("manifest.refused")
    world.declare_sync(count=6)
    dev.wait_for(lambda: dev.count("run.finished") == 2)

    dev.stop()
    assert world.status("notes")["documents"] == 6


def test_a_broken_save_is_told_with_file_and_line_and_a_good_one_recovers(
    world: DevWorld, started: list[RunningDev]
) -> None:
    world.declare_sync()
    dev = world.start("--registry", f"team={world.registry.directory}")
    started.append(dev)
    dev.wait_for("run.finished")

    world.registry.write({"connectors/notes/connector.lua": "connector = {\nscan = function( }"})
    dev.wait_for("connectors/notes/connector.lua:2")
    world.registry.write({"connectors/notes/connector.lua": NOTES.replace("zebra", "heron")})
    dev.wait_for(lambda: dev.count("run.finished") == 2)

    dev.stop()
    assert "Note" in world.ctx("search", "heron")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_running_scan_within_two_seconds_and_leaves_no_process(
    world: DevWorld, started: list[RunningDev], number: signal.Signals
) -> None:
    world.declare_sync(nap=30)
    dev = world.start()
    started.append(dev)
    dev.wait_for("napping")

    seconds = dev.stop(number)

    assert seconds < 2
    assert dev.process.returncode == 0
    assert "run.stopped" in dev.text()
    assert processes_naming(world.directory) == []
    [run] = world.runs("notes")
    assert run["outcome"] == "Cancelled"
    assert "active" not in world.status("notes")


def test_a_second_one_is_refused_with_the_process_id_of_the_first(
    world: DevWorld, started: list[RunningDev]
) -> None:
    dev = world.start()
    started.append(dev)
    dev.wait_for("registry.published")

    second = subprocess.run(
        [CTX, "dev", str(world.directory), "--once"], capture_output=True, text=True, check=False
    )

    assert second.returncode == 4
    assert f"process {dev.process.pid}" in second.stderr


def test_after_a_kill_the_next_one_carries_on_and_records_each_run_once(
    world: DevWorld, started: list[RunningDev]
) -> None:
    path = world.declare_sync(nap=30)
    dev = world.start()
    started.append(dev)
    dev.wait_for("napping")
    killed = world.status("notes")["active"]["runID"]

    dev.process.send_signal(signal.SIGKILL)
    dev.process.wait()
    until(lambda: processes_naming(world.directory) == [])
    path.write_text(path.read_text().replace('"nap": 30', '"count": 5'))
    done = world.once()

    assert done.returncode == 0, done.stderr
    ids = [run["runID"] for run in world.runs("notes")]
    assert len(ids) == len(set(ids))
    assert killed in ids
    assert world.runs("notes")[0]["outcome"] == "Succeeded"
    assert "active" not in world.status("notes")
    assert world.status("notes")["documents"] == 5


def test_a_burst_and_a_deleted_directory_are_survived(
    world: DevWorld, started: list[RunningDev], tmp_path: Path
) -> None:
    world.declare_sync()
    tree = world.registry.directory
    dev = world.start("--registry", f"team={tree}")
    started.append(dev)
    dev.wait_for("run.finished")

    aside = tmp_path / "aside"
    tree.rename(aside)
    dev.wait_for("registry.failed")
    aside.rename(tree)
    for number in range(500):
        (tree / "connectors" / "notes" / f"{number}.txt").write_text("x")
    dev.wait_for(lambda: dev.count("run.finished") >= 2)

    dev.stop()
    assert world.condition("team", "Ready")["status"] == "True"
    assert len(world.runs("notes")) <= 4


def test_a_secret_file_that_breaks_keeps_the_values_it_held(
    world: DevWorld, started: list[RunningDev]
) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: jira}\nstringData: {token: abc}\n"
    path = world.declare("secret.yaml", secret)
    text = world.declare_sync(count=2).read_text()
    env = "    - name: TOKEN\n      valueFrom: {secretKeyRef: {name: jira, key: token}}\n"
    world.declare("notes.yaml", f"{text}  env:\n{env}")
    dev = world.start()
    started.append(dev)
    dev.wait_for("run.finished")

    path.write_text(secret.replace("{token: abc}", "{token: "))
    dev.wait_for("manifest.refused")
    world.declare("notes.yaml", f"{text}  env:\n{env}".replace('"count": 2', '"count": 4'))
    dev.wait_for(lambda: dev.count("run.finished") == 2)

    dev.stop()
    assert world.condition("notes", "ConfigValid")["status"] == "True"
    assert world.status("notes")["documents"] == 4


def test_a_state_directory_that_is_removed_ends_it_with_words(
    world: DevWorld, started: list[RunningDev]
) -> None:
    dev = world.start()
    started.append(dev)
    dev.wait_for("registry.published")

    shutil.rmtree(world.directory / ".ctx")
    dev.process.wait(timeout=8)

    assert dev.process.returncode == 1
    assert "was removed while ctx dev ran" in dev.text()


def test_a_removed_sync_is_stopped_and_told(world: DevWorld, started: list[RunningDev]) -> None:
    path = world.declare_sync(nap=30)
    dev = world.start()
    started.append(dev)
    dev.wait_for("napping")

    path.unlink()
    dev.wait_for("sync.removed")

    assert dev.stop() < 2
    assert "run.stopped" in dev.text()
    assert processes_naming(world.directory) == []
