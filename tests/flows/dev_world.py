"""`ctx dev` as its user runs it: a real process, a real git remote, real files."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

from tests.fakes.git_server import Repository

CTX = str(Path(sys.executable).with_name("ctx"))

NOTES = """
connector = {name = "notes", version = "1.0"}
function connector.scan(config)
    local items = {}
    for i = 1, config.count or 3 do
        items[i] = {source_id = "n" .. i, title = "Note " .. i, body = "zebra note number " .. i}
    end
    if config.nap then
        for _, item in ipairs(items) do emit(item) end
        log.info("napping")
        sleep(config.nap)
        return {}
    end
    return items
end
"""

REGISTRY = """
apiVersion: contextharness.dev/v1alpha1
kind: Registry
metadata: {{name: team}}
spec: {{url: "{url}", insecure: true, ref: {{branch: main}}}}
"""

SYNC = """
apiVersion: contextharness.dev/v1alpha1
kind: ConnectorSync
metadata: {{name: {name}}}
spec:
  connector: {{name: {connector}}}
  config: {config}
"""


@dataclass
class DevWorld:
    """A directory of manifests beside a registry with the connectors `notes` and `other`."""

    directory: Path
    registry: Repository
    url: str
    environment: Mapping[str, str] = field(default_factory=dict)

    def declare(self, name: str, text: str) -> Path:
        path = self.directory / name
        path.write_text(text)
        return path

    def declare_sync(self, name: str = "notes", connector: str = "notes", **config: object) -> Path:
        text = SYNC.format(name=name, connector=connector, config=json.dumps(config))
        return self.declare(f"{name}.yaml", text)

    def once(self, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [CTX, "dev", str(self.directory), "--once", *options],
            capture_output=True,
            text=True,
            env=self._environment(),
            check=False,
            timeout=9,
        )

    def start(self, *options: str) -> "RunningDev":
        log = (self.directory.parent / "dev.log").open("w")
        with log:
            process = subprocess.Popen(
                [CTX, "dev", str(self.directory), *options],
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=self._environment(),
            )
        return RunningDev(process, Path(log.name))

    def ctx(self, *arguments: str) -> str:
        done = subprocess.run(
            [CTX, *arguments],
            cwd=self.directory,
            capture_output=True,
            text=True,
            env=self._environment(),
            check=True,
        )
        return done.stdout

    def resources(self) -> dict[str, dict[str, Any]]:
        """Give every resource by name, as `ctx dev status -o json` prints it."""
        listing = json.loads(self.ctx("dev", "status", ".", "-o", "json"))
        return {item["metadata"]["name"]: item for item in listing["items"]}

    def status(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.resources()[name]["status"]
        return found

    def condition(self, name: str, kind: str) -> dict[str, Any]:
        for condition in self.status(name)["conditions"]:
            if condition["type"] == kind:
                found: dict[str, Any] = condition
                return found
        return {}

    def runs(self, name: str) -> list[dict[str, Any]]:
        """Give the runs of a sync, newest first."""
        return list(self.status(name).get("history", []))

    def _environment(self) -> dict[str, str]:
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith("CTX_SECRET_")
        }
        return {**clean, **self.environment}


@dataclass
class RunningDev:
    """A `ctx dev` that stays."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def text(self) -> str:
        return self.log.read_text()

    def wait_for(self, what: str | Callable[[], bool], seconds: float = 8) -> None:
        """Wait until the log holds a text, or a claim about the world holds."""
        end = monotonic() + seconds
        while monotonic() < end:
            if isinstance(what, str) and what in self.text():
                return
            if callable(what) and what():
                return
            try:
                self.process.wait(timeout=0.02)
            except subprocess.TimeoutExpired:
                continue
            break
        raise AssertionError(f"{what} did not come:\n{self.text()}")

    def count(self, event: str) -> int:
        return self.text().count(event)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Send a signal, and say how many seconds it took to end."""
        started = monotonic()
        self.process.send_signal(number)
        self.process.wait(timeout=8)
        return monotonic() - started


def until(claim: Callable[[], bool], seconds: float = 5) -> None:
    """Wait until a claim holds."""
    end = monotonic() + seconds
    pause = Event()
    while not claim():
        assert monotonic() < end, "it never came true"
        pause.wait(0.02)


def processes_naming(directory: Path) -> list[str]:
    """List the command lines of processes that name a directory."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(directory) in line:
            found.append(line)
    return found
