"""YAML that is broken or breaks the CRDs: named by file, line and field; the rest goes on."""

from tests.flows.dev_world import DevWorld

SYNC = """\
apiVersion: contextharness.dev/v1alpha1
kind: ConnectorSync
metadata: {name: NAME}
spec:
  connector: {name: notes}
"""
BROKEN = {
    "list": ("- a\n- b\n", 1, "the document is a list, not a resource"),
    "text": ("hello\n", 1, "the document is a string, not a resource"),
    "no-version": ("kind: ConnectorSync\n", 1, "apiVersion is missing"),
    "open-list": ("kind: [\n", 2, "did not find expected node content"),
    "tab": (f"{SYNC}\tsuspend: true\n", 6, "found character that cannot start any token"),
    "no-flag": (f"{SYNC}  suspend: 'no'\n", 6, "spec.suspend: must be true or false"),
    "no-map": (SYNC.replace("{name: notes}", "notes"), 5, "spec.connector: must be a map"),
    "no-number": (f"{SYNC}  limits:\n    maxItems: many\n", 7, "spec.limits.maxItems: must be"),
    "unknown": (f"{SYNC}  time_zone: UTC\n", 6, "spec.time_zone: is no field; did you mean"),
    "no-spec": (SYNC.partition("spec:")[0], 1, "spec: is required"),
    "twice": (f"---\n{SYNC}---\n{SYNC}", 8, "is declared a second time, the first is at"),
}
"""Text, line and words of what cannot be used, each in a file of its own."""


def test_what_cannot_be_used_is_named_each_in_its_file_and_stops_nothing_else(
    world: DevWorld,
) -> None:
    world.declare_sync()
    files = {
        name: world.declare(f"{name}.yaml", text.replace("NAME", name))
        for name, (text, _, _) in BROKEN.items()
    }

    done = world.once()

    assert done.returncode == 1
    refused = [line for line in done.stderr.splitlines() if "manifest.refused" in line]
    assert len(refused) == len(BROKEN)
    for name, (_, line, said) in BROKEN.items():
        [told] = [each for each in refused if f"at={files[name]}:{line} " in each]
        assert said in told
    assert world.condition("notes", "Ready")["status"] == "True"
    assert "script:notes / Note 2" in world.ctx("search", "zebra number 2")


def test_every_mistake_of_a_resource_is_told_at_once(world: DevWorld) -> None:
    bad = world.declare("bad.yaml", f"{SYNC}  suspend: 3\n  timezone: 7\n  historyLimit: 0\n")

    done = world.once()

    assert done.returncode == 1
    for line, field in ((6, "spec.suspend"), (7, "spec.timezone"), (8, "spec.historyLimit")):
        [told] = [each for each in done.stderr.splitlines() if f"at={bad}:{line} " in each]
        assert field in told


def test_a_kind_of_somebody_else_is_noted_and_left_alone(world: DevWorld) -> None:
    world.declare("service.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n")

    done = world.once()

    assert done.returncode == 0
    assert "Service of v1 is left alone" in done.stderr


def test_more_items_than_the_resource_allows_end_the_run_and_keep_whole_pages(
    world: DevWorld,
) -> None:
    path = world.declare_sync(count=1500)
    path.write_text(f"{path.read_text()}  limits: {{maxItems: 1000}}\n")

    done = world.once()

    assert done.returncode == 1
    ready = world.condition("notes", "Ready")
    assert ready["reason"] == "LimitExceeded"
    assert "returned more than 1000 items" in ready["message"]
    assert world.status("notes")["documents"] in {500, 1000}
