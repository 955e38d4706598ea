"""Databases that cannot be read or written: told in words, and left as they are."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from tests.flows.place import Place

NOTES = """
connector = {}
function connector.scan(config)
  for i = 1, config.count do
    emit { source_id = "n" .. i, body = ("otter " .. i .. " "):rep(100) }
  end
end
"""
READING = [["search", "otter"], ["stats"], ["get", "script:notes/n1"]]
OPENING = [["sync", "script:notes"], ["init"], ["search", "otter"]]
"""One command for each way to open a database."""


@pytest.fixture
def synced(place: Place) -> Place:
    place.connector("notes", NOTES, count=3)
    assert place.ctx("sync", "script:notes").code == 0
    return place


def _replace(path: Path) -> None:
    path.write_text("My diary. It is no database, and nobody may write over it.\n")


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:70_000])


def _scribble(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[8192:60_000] = os.urandom(60_000 - 8192)
    path.write_bytes(content)


def _from_the_future(path: Path) -> None:
    connection = apsw.Connection(str(path))
    connection.execute("INSERT INTO schema_migrations (version, checksum) VALUES (9, 'x')")
    connection.close()


@pytest.mark.parametrize("arguments", OPENING, ids=" ".join)
@pytest.mark.parametrize(
    ("spoil", "error", "hint"),
    [
        (_replace, "{path} is no database", "move it away, or name another file"),
        (_truncate, "the database {path} is damaged", "move it away and sync again"),
        (_scribble, "the database {path} is damaged", "move it away and sync again"),
        (
            _from_the_future,
            "{path} has schema version 9, and this release knows 1",
            "newer release",
        ),
    ],
    ids=["diary", "truncated", "scribbled", "newer"],
)
def test_a_database_that_cannot_be_used_is_named_and_left_as_it_is(
    synced: Place, spoil: Callable[[Path], None], error: str, hint: str, arguments: list[str]
) -> None:
    spoil(synced.database)
    before = synced.database.read_bytes()

    told = synced.ctx(*arguments)

    assert told.code == 1
    first, second = told.err.splitlines()
    assert first.startswith(f"Error: {error.format(path=synced.database)}")
    assert second.startswith("Hint: ")
    assert hint in second
    assert synced.database.read_bytes() == before


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_without_a_database_a_reader_says_who_makes_one_and_makes_none(
    place: Place, arguments: list[str]
) -> None:
    told = place.ctx(*arguments)

    assert told.code == 1
    assert "Hint: `ctx init` makes one, and so does the first sync" in told.err
    assert not place.database.exists()


def _namespaces() -> bool:
    """Say whether this user may mount a disk of its own, seen by nobody else."""
    tool = shutil.which("unshare")
    if tool is None:
        return False
    tried = [tool, "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


own_disk = pytest.mark.skipif(not _namespaces(), reason="mounts need a namespace of their own")


def _on_a_disk(place: Place, script: str) -> tuple[list[str], str]:
    """Run a shell script with a small empty disk at `.ctx/data`; give its output and errors."""
    place.database.parent.mkdir(parents=True)
    script = "set -e\n" + script.replace("DISK", "mount -t tmpfs tmpfs .ctx/data")
    told = place.ctx(within=["unshare", "-rm", "sh", "-c", script])
    assert told.code == 0, told.err
    return told.out.splitlines(), told.err


@own_disk
def test_a_full_disk_loses_nothing_and_writes_nothing_by_halves(place: Place) -> None:
    place.connector("notes", NOTES, count=3)

    out, err = _on_a_disk(
        place,
        """
        DISK -o size=600k
        "$0" sync script:notes
        sed -i 's/count = 3/count = 9000/' ctx.toml
        ! "$0" sync script:notes
        "$0" stats
        sed -i 's/count = 9000/count = 4/' ctx.toml
        "$0" sync script:notes
        """,
    )

    assert err.splitlines() == [
        f"Error: no space left for the database {place.database}",
        "Hint: free some space and run again: what was stored before stays",
    ]
    assert "failed" in out
    assert "Documents: 3" in out
    # With room again, the next run carries on.
    assert out[-1] == "ok"
    assert "  documents of the source: 4" in out


@own_disk
def test_a_read_only_disk_is_told_as_such_and_can_still_be_searched(place: Place) -> None:
    place.connector("notes", NOTES, count=3)

    out, err = _on_a_disk(
        place,
        """
        DISK -o size=5m
        "$0" sync script:notes
        mount -o remount,ro .ctx/data
        ! "$0" sync script:notes
        "$0" search otter --limit 1
        """,
    )

    assert err.splitlines() == [
        f"Error: cannot write the database {place.database}",
        "Hint: the file, its directory or its disk is read-only for this user",
    ]
    assert any(line.startswith("1. [1.00] script:notes / n") for line in out)
