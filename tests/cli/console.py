"""The command line as its user meets it: one directory, one home, one call at a time."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from controller.cli.main import run
from controller.model.document import Chunk, DocumentWrite, SourceItem
from controller.model.names import RunId, SourceName
from controller.model.sync import RunCounts, RunMode, RunResult, SyncOutcome, Trigger
from controller.store.base import PageWrite, RunStart
from controller.store.lookup import open_store

NOON = datetime(2026, 2, 20, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out)
        return document

    def error(self) -> dict[str, Any]:
        problem: dict[str, Any] = json.loads(self.err)["error"]
        return problem


@dataclass(frozen=True)
class Console:
    directory: Path
    home: Path
    capture: pytest.CaptureFixture[str]

    def run(self, *arguments: str) -> Answer:
        self.capture.readouterr()
        code = run(arguments)
        captured = self.capture.readouterr()
        return Answer(code, captured.out, captured.err)

    def write(self, name: str, text: str = "") -> Path:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def store(self, *items: SourceItem, at: datetime = NOON) -> None:
        """Put documents where `ctx search` looks, as a run would."""
        store = open_store(self.directory / ".ctx/data/ctx.sqlite", writable=True)
        source = items[0].source
        run_id = RunId(f"run-{source}")
        writes = tuple(
            DocumentWrite(item, item.digest(), (Chunk(0, 0, len(item.body.encode())),))
            for item in items
        )
        counts = RunCounts(scanned=len(items), added=len(items), chunks=len(items))
        store.begin_run(
            RunStart(run_id, source, "ctx.toml", RunMode.FULL, Trigger.REQUESTED, "", "", at)
        )
        seen = tuple((str(item.source), item.source_id) for item in items)
        store.write_page(run_id, PageWrite(writes, seen, counts, now=at))
        store.close_run(
            SyncOutcome(run_id, source, RunResult.SUCCEEDED, at, at, RunMode.FULL, counts=counts)
        )
        store.close()


def item(
    source_id: str,
    body: str,
    source: str = "script:jira",
    *,
    title: str = "",
    author: str = "",
    source_url: str = "",
    metadata: str = "{}",
) -> SourceItem:
    return SourceItem(
        SourceName(source),
        source_id,
        body,
        title=title,
        author=author,
        source_url=source_url,
        updated_at=NOON,
        metadata=metadata,
    )
