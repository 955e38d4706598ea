"""Where a person works: a directory with a ctx.toml, a home, and the real `ctx` as a process."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CTX = str(Path(sys.executable).with_name("ctx"))
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR")


@dataclass(frozen=True)
class Told:
    """What a command said, and what it ended with."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Place:
    directory: Path
    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def database(self) -> Path:
        return self.directory / ".ctx/data/ctx.sqlite"

    def write(self, name: str, text: str) -> Path:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def connector(self, name: str, script: str, **settings: object) -> Path:
        """Write a script, and make its section the whole of ctx.toml."""
        # A JSON text, number, boolean or list is TOML as well.
        lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
        section = [f"[connectors.script.{name}]", f'path = "{name}.lua"', *lines]
        self.write("ctx.toml", "\n".join(section) + "\n")
        return self.write(f"{name}.lua", script)

    def ctx(
        self, *arguments: str, cwd: Path | None = None, within: Sequence[str] = (), **ways: Any
    ) -> Told:
        """Run a command to its end; `within` stands before it, `ways` are those of subprocess."""
        done = subprocess.run(
            [*within, CTX, *arguments],
            cwd=cwd or self.directory,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            **ways,
        )
        return Told(done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a command that goes on for a while."""
        return subprocess.Popen(
            [CTX, *arguments],
            cwd=self.directory,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def stored(self) -> dict[str, int]:
        """Count the documents of each source."""
        counts = self.ctx("stats", "--output", "json").json()
        return {each["source"]: each["documents"] for each in counts["sources"]}

    def found(self, query: str) -> list[str]:
        """Search, and give the source ids, best first."""
        results = self.ctx("search", query, "--output", "json").json()["results"]
        return [each["source_id"] for each in results]

    def _environment(self) -> Mapping[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if name in _KEPT or name.startswith("COVERAGE_")
        }
        return {**kept, "HOME": str(self.home), **self.variables}
