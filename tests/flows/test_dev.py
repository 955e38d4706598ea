"""`ctx dev --once`: from YAML and a git remote to documents and a status."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.flows.dev_world import CTX, NOTES, REGISTRY, DevWorld

# Several processes one after the other, each measured by coverage in CI.
pytestmark = pytest.mark.timeout(60)


def test_a_registry_is_cloned_and_its_connector_answers_a_search(world: DevWorld) -> None:
    world.declare_sync()

    done = world.once()

    assert done.returncode == 0, done.stderr
    assert "registry.published" in done.stderr
    status = world.status("team")
    commit = world.registry.head()
    assert status["artifact"]["revision"] == f"main@sha1:{commit}"
    assert status["observedGeneration"] == 1
    assert {each["type"]: each["status"] for each in status["conditions"]} == {
        "Ready": "True",
        "ArtifactInStorage": "True",
        "ManifestValid": "True",
    }
    assert world.condition("notes", "Ready")["reason"] == "Succeeded"
    assert world.status("notes")["documents"] == 3
    [run] = world.runs("notes")
    assert (run["outcome"], run["trigger"], run["mode"]) == ("Succeeded", "SpecChanged", "Full")
    assert "script:notes / Note 2" in world.ctx("search", "zebra number 2")


def test_nothing_changed_means_nothing_runs(world: DevWorld) -> None:
    world.declare_sync()
    world.once()
    before = world.ctx("dev", "status", ".", "-o", "yaml")

    done = world.once()

    assert done.returncode == 0
    assert "run.started" not in done.stderr
    assert world.ctx("dev", "status", ".", "-o", "yaml").splitlines() == before.splitlines()


def test_a_commit_re_syncs_only_the_connector_that_it_touches(world: DevWorld) -> None:
    world.declare_sync()
    world.declare_sync("other", "other")
    world.once()
    touched = world.registry.commit(
        {"connectors/other/connector.lua": NOTES.replace("zebra", "quagga")}
    )

    done = world.once("--registry", f"team={world.registry.directory}")

    assert done.returncode == 0, done.stderr
    assert [run["trigger"] for run in world.runs("other")] == ["ConnectorChanged", "SpecChanged"]
    assert len(world.runs("notes")) == 1
    unchanged = world.condition("notes", "ConnectorResolved")["message"]
    assert unchanged == f"connector notes unchanged at main@sha1:{touched[:12]}"
    assert "script:other" in world.ctx("search", "quagga")


def test_a_change_of_the_spec_moves_the_generation_and_runs_once(world: DevWorld) -> None:
    world.declare_sync(count=2)
    world.once()
    world.declare_sync(count=5)

    world.once()

    status = world.status("notes")
    assert world.resources()["notes"]["metadata"]["generation"] == 2
    assert status["observedGeneration"] == 2
    assert [run["trigger"] for run in world.runs("notes")] == ["SpecChanged", "SpecChanged"]
    assert status["documents"] == 5


def test_a_working_tree_stands_in_with_its_uncommitted_edits(world: DevWorld) -> None:
    world.declare("registry.yaml", REGISTRY.format(url="https://git.example.com/nowhere.git"))
    world.declare_sync()
    world.registry.write({"connectors/notes/connector.lua": NOTES.replace("zebra", "tapir")})

    done = world.once("--registry", f"team={world.registry.directory}")

    assert done.returncode == 0, done.stderr
    head = world.registry.head()
    assert world.status("team")["artifact"]["revision"] == f"main@sha1:{head}+dirty"
    assert "Note 1" in world.ctx("search", "tapir")


def test_one_broken_file_stops_nothing_else_and_is_named_by_line_and_field(world: DevWorld) -> None:
    world.declare_sync()
    world.declare("broken.yaml", "kind: Registry\n  nonsense: [")
    bad = world.declare(
        "bad.yaml",
        "apiVersion: contextharness.dev/v1alpha1\nkind: ConnectorSync\nmetadata: {name: bad}\n"
        "spec:\n  connector: {name: notes}\n  interval: soon\n",
    )

    done = world.once()

    assert done.returncode == 1
    assert "broken.yaml:2" in done.stderr
    assert f"{bad}:6" in done.stderr
    assert "spec.interval" in done.stderr
    assert world.condition("notes", "Ready")["status"] == "True"
    assert "bad" not in world.resources()


def test_a_file_that_breaks_costs_nothing_of_what_it_declared(world: DevWorld) -> None:
    path = world.declare_sync()
    world.once()
    good = path.read_text()
    path.write_text("kind: [")

    broken = world.once()
    path.write_text(good)
    mended = world.once()

    assert broken.returncode == 1
    assert "notes.yaml:2" in broken.stderr
    assert mended.returncode == 0
    assert len(world.runs("notes")) == 1


def test_a_missing_secret_is_a_condition_and_names_three_ways(world: DevWorld) -> None:
    _with_token(world)

    done = world.once()

    assert done.returncode == 1
    condition = world.condition("notes", "ConfigValid")
    assert (condition["status"], condition["reason"]) == ("False", "SecretNotFound")
    hint = world.status("notes")["error"]["hint"]
    for way in ("Secret manifest", "--secrets", "CTX_SECRET_JIRA_TOKEN"):
        assert way in hint
    assert world.runs("notes") == []


@pytest.mark.parametrize("way", ["manifest", "directory", "environment"])
def test_a_secret_reaches_the_script_from_each_of_three_places(
    world: DevWorld, tmp_path: Path, way: str
) -> None:
    _with_token(world)
    options: list[str] = []
    if way == "manifest":
        world.declare(
            "secret.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: jira}\nstringData: {token: 'k3y-7'}\n",
        )
    elif way == "directory":
        (tmp_path / "secrets" / "jira").mkdir(parents=True)
        (tmp_path / "secrets" / "jira" / "token").write_text("k3y-7\n")
        options = ["--secrets", str(tmp_path / "secrets")]
    else:
        world.environment = {"CTX_SECRET_JIRA_TOKEN": "k3y-7"}

    done = world.once(*options)

    assert done.returncode == 0, done.stderr
    assert ">>>length<<< 5" in world.ctx("search", "length")
    # No status, no log line and no saved file holds the value.
    assert "k3y-7" not in done.stderr
    saved = (world.directory / ".ctx" / "state").rglob("*")
    assert all(b"k3y-7" not in path.read_bytes() for path in saved if path.is_file())


def test_a_changed_secret_runs_the_sync_again(world: DevWorld) -> None:
    _with_token(world)
    world.environment = {"CTX_SECRET_JIRA_TOKEN": "first"}
    world.once()
    world.environment = {"CTX_SECRET_JIRA_TOKEN": "second"}

    world.once()

    assert [run["trigger"] for run in world.runs("notes")] == ["InputChanged", "SpecChanged"]


def test_a_broken_script_is_not_published_and_its_mending_is(world: DevWorld) -> None:
    world.declare_sync()
    world.once()
    good = world.status("team")["artifact"]["revision"]
    world.registry.commit({"connectors/other/connector.lua": "connector = {\nscan = = 1}"})
    _ask_again(world, "1")

    broken = world.once()

    assert broken.returncode == 1
    ready = world.condition("team", "Ready")
    assert ready["reason"] == "ScriptInvalid"
    assert "connectors/other/connector.lua:2" in ready["message"]
    assert world.status("team")["artifact"]["revision"] == good
    assert world.condition("notes", "Ready")["status"] == "True"

    world.registry.commit({"connectors/other/connector.lua": NOTES})
    _ask_again(world, "2")
    assert world.once().returncode == 0
    assert world.condition("team", "Ready")["status"] == "True"


def test_a_remote_that_is_not_there_is_named(world: DevWorld) -> None:
    world.declare("registry.yaml", REGISTRY.format(url=world.url.replace("/team", "/nowhere")))
    world.declare_sync()

    done = world.once()

    assert done.returncode == 1
    assert world.condition("team", "Ready")["reason"] == "RepositoryNotFound"
    assert world.condition("notes", "ConnectorResolved")["reason"] == "RegistryNotReady"


def test_a_resource_that_is_not_declared_any_more_leaves_the_status(world: DevWorld) -> None:
    path = world.declare_sync()
    world.once()
    path.unlink()

    assert world.once().returncode == 0

    assert list(world.resources()) == ["team"]
    assert "script:notes" in world.ctx("search", "zebra")


def test_the_status_prints_as_yaml_and_as_a_table(world: DevWorld) -> None:
    world.declare_sync()
    world.once()

    table = world.ctx("dev", "status", ".")
    text = world.ctx("dev", "status", ".", "-o", "yaml")

    assert table.splitlines()[0].split() == [
        *("KIND", "NAME", "READY", "REASON", "DOCUMENTS", "LAST", "RUN", "NEXT", "RUN", "STATUS")
    ]
    assert "kind: ConnectorSync" in text
    assert "observedGeneration: 1" in text


def test_places_that_do_not_exist_are_usage_errors(world: DevWorld, tmp_path: Path) -> None:
    for arguments in (
        ["dev", str(tmp_path / "nowhere"), "--once"],
        ["dev", str(world.directory), "--registry", "team"],
        ["dev", str(world.directory), "--registry", f"team={tmp_path}/nowhere"],
        ["dev", "status", str(tmp_path)],
    ):
        done = subprocess.run([CTX, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 2, done.stderr
        assert done.stderr.startswith("Error: ")


def _with_token(world: DevWorld) -> None:
    script = NOTES.replace('"zebra note number " .. i', '"length " .. #config.token')
    world.registry.commit({"connectors/notes/connector.lua": script})
    path = world.declare_sync(token="${TOKEN}")
    path.write_text(
        path.read_text()
        + "  env:\n    - name: TOKEN\n      valueFrom: {secretKeyRef: {name: jira, key: token}}\n"
    )


def _ask_again(world: DevWorld, token: str) -> None:
    text = REGISTRY.format(url=world.url)
    note = json.dumps({"contextharness.dev/reconcile-requested-at": token})
    world.declare(
        "registry.yaml", text.replace("{name: team}", f"{{name: team, annotations: {note}}}")
    )


def test_what_is_surely_not_meant_is_said(world: DevWorld, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    misspelled = world.once("--registry", f"teem={world.registry.directory}")
    empty = subprocess.run(
        [CTX, "dev", str(tmp_path / "empty"), "--once"], capture_output=True, text=True, check=False
    )

    assert "--registry teem: no such Registry is declared" in misspelled.stderr
    assert "no Registry and no ConnectorSync is declared" in empty.stderr


def test_the_connector_of_a_sync_that_never_ran_may_be_corrected(world: DevWorld) -> None:
    path = world.declare_sync(connector="nots")
    refused = world.once()
    path.write_text(path.read_text().replace("nots", "notes"))

    corrected = world.once()
    path.write_text(path.read_text().replace("{name: notes}\n  config", "{name: other}\n  config"))
    settled = world.once()

    assert "ConnectorNotFound" in refused.stderr
    assert "Hint: " in refused.stderr
    assert corrected.returncode == 0, corrected.stderr
    assert "spec.connector.name cannot change" in settled.stderr
