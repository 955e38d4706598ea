"""A run, end to end: real Lua in a real guest, a real store, a real server."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controller.errors import SourceOwnedError
from controller.lua.supervisor import Engine
from controller.model.names import RunId, SourceName
from controller.model.sync import (
    HttpPolicy,
    RunLimits,
    RunMode,
    RunRequest,
    RunResult,
    SyncOutcome,
)
from controller.store.base import SearchRequest, Store
from controller.store.lookup import open_store
from controller.sync.parts import Parts, Progress
from controller.sync.run import run_sync
from tests.fakes.http_source import HttpSource, page

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine() as found:
        yield found


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = open_store(tmp_path / "ctx.sqlite", writable=True)
    yield found
    found.close()


@dataclass
class World:
    """A script in a directory, and a clock that moves one second at each look."""

    directory: Path
    engine: Engine
    store: Store | None
    lines: list[tuple[str, str]] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)
    looks: int = 0
    runs: int = 0

    def clock(self) -> datetime:
        self.looks += 1
        return NOON + timedelta(seconds=self.looks)

    def request(self, script: str, **changes: object) -> RunRequest:
        path = self.directory / "connector.lua"
        path.write_text(script)
        self.runs += 1
        plain = RunRequest(
            run_id=RunId(f"run-{self.runs}"),
            name="x",
            source=SourceName("script:x"),
            owner="default/x",
            script=str(path),
            directory=str(self.directory),
            chunk_name="connectors/x.lua",
            limits=RunLimits(timeout=timedelta(seconds=5)),
            http=HttpPolicy(allow_loopback=True),
        )
        return replace(plain, **changes)  # type: ignore[arg-type]

    def parts(self, **variables: str) -> Parts:
        return Parts(
            engine=self.engine,
            store=self.store,
            clock=self.clock,
            log=lambda level, text: self.lines.append((level, text)),
            variables=variables,
            secrets=tuple(variables.values()),
            proxies={},
            cancelled=lambda: False,
            chunk_bytes=2800,
            progress=self.progress.append,
            pulse_seconds=60.0,
        )

    def run(self, script: str, **changes: object) -> SyncOutcome:
        return run_sync(self.request(script, **changes), self.parts())


@pytest.fixture
def world(tmp_path: Path, engine: Engine, store: Store) -> World:
    return World(tmp_path, engine, store)


THREE = """
connector = {name = "x"}
function connector.scan(config)
    local items = {}
    for i = 1, 3 do
        items[i] = {source_id = tostring(i), title = "Item " .. i, body = "the body of " .. i}
    end
    return items
end
"""


def test_a_first_run_stores_everything_and_a_second_one_writes_nothing(world: World) -> None:
    first = world.run(THREE)
    second = world.run(THREE)

    assert first.result is RunResult.SUCCEEDED
    assert first.complete
    assert (first.counts.scanned, first.counts.added, first.documents) == (3, 3, 3)
    assert (second.counts.unchanged, second.counts.added, second.counts.updated) == (3, 0, 0)
    assert world.store is not None
    [hit, *_] = world.store.search(SearchRequest("body"))
    assert hit.source == "script:x"


def test_a_document_that_vanished_is_kept_and_counted(world: World) -> None:
    world.run(THREE)

    outcome = world.run(THREE.replace("1, 3", "1, 2"))

    assert outcome.complete
    assert outcome.counts.absent == 1
    assert outcome.documents == 3


def test_the_same_run_id_twice_is_one_run(world: World) -> None:
    request = world.request(THREE)
    first = run_sync(request, world.parts())

    again = run_sync(request, world.parts())

    assert again == first
    assert world.store is not None
    assert len(world.store.runs(SourceName("script:x"), 10)) == 1


def test_a_source_of_another_owner_is_not_touched(world: World) -> None:
    world.run(THREE)

    with pytest.raises(SourceOwnedError, match="default/x"):
        world.run(THREE, owner="default/other")


def test_items_that_cannot_be_kept_are_skipped_and_told(world: World) -> None:
    outcome = world.run(
        """
        connector = {}
        function connector.scan()
            return {{source_id = "1", body = "fine"}, {body = "no id"}, "text",
                    {source_id = "2", body = ""}}
        end
        """
    )

    assert outcome.result is RunResult.SUCCEEDED
    assert (outcome.counts.scanned, outcome.counts.added, outcome.counts.invalid) == (4, 1, 3)
    assert outcome.warnings == (
        "Skipping item at index 2: missing required field 'source_id'",
        "Skipping item at index 3: the item is no table",
        "Skipping item at index 4: 'body' is empty",
    )
    assert ("warn", outcome.warnings[0]) in world.lines


def test_what_was_emitted_before_a_failure_stays(world: World) -> None:
    outcome = world.run(
        """
        connector = {}
        function connector.scan()
            for i = 1, 1200 do emit{source_id = "a" .. i, body = "text " .. i} end
            error("the API is gone")
        end
        """
    )

    assert outcome.result is RunResult.FAILED
    assert not outcome.complete
    assert outcome.counts.added >= 1000
    assert outcome.documents == outcome.counts.added
    assert outcome.error is not None
    assert outcome.error.reason == "ScriptError"
    assert outcome.error.message.startswith("connectors/x.lua:5: the API is gone\nstack traceback:")


def test_a_checkpoint_comes_back_in_the_next_run_and_not_in_a_full_one(world: World) -> None:
    script = """
    connector = {}
    function connector.scan(config, checkpoint)
        local n = checkpoint and checkpoint.n or 0
        return {{source_id = tostring(n), body = "page " .. n}}, {n = n + 1}
    end
    """

    first, second = world.run(script), world.run(script)
    full = world.run(script, mode=RunMode.FULL)

    assert (first.mode, second.mode, full.mode) == (RunMode.FULL, RunMode.INCREMENTAL, RunMode.FULL)
    assert (first.complete, second.complete, full.complete) == (True, False, True)
    assert second.counts.added == 1
    assert full.counts.unchanged == 1


def test_a_scan_that_asks_for_more_is_called_again_in_the_same_run(world: World) -> None:
    outcome = world.run(
        """
        connector = {}
        function connector.scan(config, checkpoint)
            local page = checkpoint and checkpoint.page or 1
            return {{source_id = tostring(page), body = "page"}}, {page = page + 1, has_more = page < 4}
        end
        """
    )

    assert outcome.result is RunResult.SUCCEEDED
    assert outcome.counts.added == 4


def test_a_scan_that_asks_for_more_without_moving_is_stopped(world: World) -> None:
    outcome = world.run(
        """
        connector = {}
        function connector.scan(config, checkpoint)
            return {{source_id = "1", body = "page"}}, {has_more = true}
        end
        """
    )

    assert outcome.result is RunResult.FAILED
    assert outcome.error is not None
    assert "returns the checkpoint it was given" in outcome.error.message


def test_a_limit_stops_the_scan_and_makes_it_incomplete(world: World) -> None:
    outcome = world.run(THREE, item_limit=2)

    assert outcome.result is RunResult.SUCCEEDED
    assert not outcome.complete
    assert (outcome.counts.added, outcome.documents) == (2, 2)


def test_a_dry_run_counts_what_a_run_would_do_and_writes_nothing(world: World) -> None:
    world.run(THREE)

    changed = world.run(THREE.replace("1, 3", "1, 4"), dry_run=True)

    assert (changed.counts.added, changed.counts.unchanged) == (1, 3)
    assert world.store is not None
    assert world.store.state().documents == 3


def test_a_script_that_never_ends_times_out_and_names_the_limit(world: World) -> None:
    outcome = world.run(
        "connector = {scan = function() while true do end end}",
        limits=RunLimits(timeout=timedelta(seconds=0.3)),
    )

    assert outcome.result is RunResult.TIMED_OUT
    assert outcome.error is not None
    assert outcome.error.reason == "Timeout"
    assert "timed out after 0.3 seconds" in outcome.error.message


def test_a_missing_script_and_an_unset_variable_end_in_words(world: World) -> None:
    unset = world.run(THREE, config={"url": "${NOWHERE}"})
    request = replace(world.request(THREE), script=str(world.directory / "gone.lua"))
    missing = run_sync(request, world.parts())

    assert unset.error is not None
    assert unset.error.reason == "UndefinedVariable"
    assert "url uses ${NOWHERE}" in unset.error.message
    assert not unset.error.retryable
    assert missing.error is not None
    assert missing.error.reason == "MissingScript"


def test_no_secret_reaches_a_line_or_an_outcome(world: World) -> None:
    script = """
    connector = {}
    function connector.scan(config)
        log.info("using " .. config.token)
        error("the token " .. config.token .. " was refused")
    end
    """

    outcome = run_sync(
        world.request(script, config={"token": "${TOKEN}"}, variables=("TOKEN",)),
        world.parts(TOKEN="s3cr3t-value"),
    )

    assert outcome.error is not None
    assert "s3cr3t" not in outcome.error.message
    assert "was refused" in outcome.error.message
    assert "s3cr3t" not in repr(world.lines)


def test_progress_is_told_page_by_page(world: World) -> None:
    world.run(THREE)

    assert world.progress[-1] == Progress(3, 3)


def test_a_script_that_waits_long_shows_that_it_is_alive(world: World) -> None:
    request = world.request(
        "connector = {scan = function() for i = 1, 3 do sleep(0.01) end return {} end}"
    )
    run_sync(request, replace(world.parts(), pulse_seconds=0.0))

    assert world.store is not None
    # Each of the three waits asked the clock for a heartbeat, beside start and end.
    assert world.looks >= 6


def test_what_env_get_serves_is_a_secret_too(world: World) -> None:
    script = """
    connector = {}
    function connector.scan()
        local token = env.get("TOKEN")
        emit{source_id = "1", body = "x", source = "s " .. token .. "\\n[script:x] ERROR: forged"}
        error("tok " .. token)
    end
    """

    outcome = run_sync(
        world.request(script, variables=("TOKEN",)),
        replace(world.parts(TOKEN="s3cr3t-value"), secrets=()),
    )

    assert outcome.error is not None
    assert outcome.counts.invalid == 1
    told = repr((outcome, world.lines))
    assert "s3cr3t" not in told
    assert all("\n" not in text for _, text in world.lines)


def test_a_limit_hides_no_failed_request(world: World) -> None:
    with HttpSource() as source:
        source.on("/401", page(b"", status=401))
        outcome = world.run(
            f"""
            connector = {{}}
            function connector.scan()
                http.get("{source.url}/401")
                return {{{{source_id = "1", body = "a"}}, {{source_id = "2", body = "b"}}}}
            end
            """,
            item_limit=1,
        )

    assert outcome.counts.requests == 1
    assert outcome.error is not None
    assert outcome.error.reason == "CredentialsRejected"


def test_a_limit_counts_what_is_kept(world: World) -> None:
    outcome = world.run(
        """
        connector = {}
        function connector.scan()
            for i = 1, 4 do emit{source_id = "a" .. i, body = "x"} end
            for i = 1, 496 do emit{source_id = "", body = "x"} end
            for i = 1, 500 do emit{source_id = "b" .. i, body = "x"} end
        end
        """,
        item_limit=5,
    )

    assert outcome.documents == 5


def test_a_defect_of_ours_closes_the_run_and_comes_out(world: World) -> None:
    request = world.request(THREE)

    def fail(progress: Progress) -> None:
        raise RuntimeError(f"a defect after {progress.scanned}")

    with pytest.raises(RuntimeError, match="after 3"):
        run_sync(request, replace(world.parts(), progress=fail))

    assert world.store is not None
    [row] = world.store.runs(SourceName("script:x"), 5)
    assert row.result is RunResult.FAILED
    assert row.error is not None
    assert row.error.reason == "InternalError"
