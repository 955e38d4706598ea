"""From saving a script to its documents in the store, under `ctx dev`."""

import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT
from tempfile import TemporaryDirectory
from time import monotonic, perf_counter, sleep

import apsw

from benchmarks.measure import Figure, Report, percentile
from benchmarks.process import CTX, environment

SAVES = 40
DOCUMENTS = 20
PATIENCE = 20.0
"""Seconds after which a save counts as lost."""
_LOOK_EVERY = 0.005

MANIFESTS = """apiVersion: contextharness.dev/v1alpha1
kind: Registry
metadata:
  name: team
spec:
  url: https://git.example.org/team.git
---
apiVersion: contextharness.dev/v1alpha1
kind: ConnectorSync
metadata:
  name: notes
spec:
  connector:
    name: notes
    registryRef:
      name: team
  interval: 1h
"""

REGISTRY = """[registry]
name = "team"
description = "One small connector"
min_version = "0.8.0"

[connectors.notes]
description = "Notes"
path = "connectors/notes/connector.lua"
"""

SCRIPT = """connector = {{ name = "notes", version = "1.0.0", description = "Notes" }}

function connector.scan(config)
  for n = 1, {documents} do
    emit {{ source_id = "note-" .. n, title = "Note " .. n, body = "save {number} of note " .. n }}
  end
end
"""


def run(report: Report) -> None:
    """Save a small connector forty times, each when the last is synced, at no fixed pace."""
    pace = random.Random(7)
    with TemporaryDirectory(prefix="ctx-bench-") as name:
        place = Path(name)
        script = _make(place)
        with _reconciling(place):
            database = place / "manifests" / ".ctx"
            store = _await_store(database)
            try:
                _await(store, 0)
                times = []
                for number in range(1, SAVES + 1):
                    # A person does not save in step with anybody's polling.
                    sleep(pace.uniform(0.1, 0.6))
                    start = perf_counter()
                    script.write_text(
                        SCRIPT.format(documents=DOCUMENTS, number=number), encoding="utf-8"
                    )
                    _await(store, number)
                    times.append(perf_counter() - start)
            finally:
                store.close()
    size = f"{SAVES} saves, {DOCUMENTS} documents"
    for share, suffix, bar in ((0.5, "p50", "<= 0.7"), (0.95, "p95", "<= 1.5")):
        report.add(
            Figure(f"save to synced, {suffix}", percentile(times, share), "s", size, bar=bar)
        )
    report.add(Figure("save to synced, slowest", max(times), "s", size))


def _make(place: Path) -> Path:
    """Lay out manifests and a registry, which is a git repository; give the script's path."""
    (place / "manifests").mkdir()
    (place / "manifests" / "all.yaml").write_text(MANIFESTS, encoding="utf-8")
    registry = place / "registry"
    script = registry / "connectors" / "notes" / "connector.lua"
    script.parent.mkdir(parents=True)
    (registry / "registry.toml").write_text(REGISTRY, encoding="utf-8")
    script.write_text(SCRIPT.format(documents=DOCUMENTS, number=0), encoding="utf-8")
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.org"]
    for command in (["init", "-q", "-b", "main"], ["add", "."], [*identity, "commit", "-qm", "1"]):
        subprocess.run(["git", *command], cwd=registry, check=True)
    return script


@contextmanager
def _reconciling(place: Path) -> Iterator[None]:
    log = place / "log"
    with log.open("wb") as output:
        command = [str(CTX), "dev", "manifests", "--registry", "team=registry"]
        process = subprocess.Popen(
            command, cwd=place, env=environment(), stdout=output, stderr=output
        )
        try:
            yield
        except TimeoutError as error:
            raise RuntimeError(f"{error}; it said:\n{log.read_text(encoding='utf-8')}") from error
        finally:
            process.send_signal(SIGINT)
            process.wait()


def _await_store(directory: Path) -> apsw.Connection:
    end = monotonic() + PATIENCE
    while monotonic() < end:
        for path in directory.rglob("*.sqlite"):
            store = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
            store.set_busy_timeout(1000)  # its first writer holds it for a moment
            return store
        sleep(_LOOK_EVERY)
    raise TimeoutError(f"no store came up below {directory}")


def _await(store: apsw.Connection, number: int) -> None:
    """Wait until every document is that of a save."""
    wanted = f"save {number} of %"
    end = monotonic() + PATIENCE
    while monotonic() < end:
        try:
            row = store.execute("SELECT count(*) FROM bodies WHERE body LIKE ?", (wanted,)).get
        except apsw.SQLError:
            row = 0  # its schema is not there yet
        if row == DOCUMENTS:
            return
        sleep(_LOOK_EVERY)
    raise TimeoutError(f"save {number} did not reach the store")
