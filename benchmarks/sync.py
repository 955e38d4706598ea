"""The whole product: `ctx sync` over a Lua generator, beside a bare insert loop into FTS5."""

import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import apsw

from benchmarks.corpus import BODY, Corpus
from benchmarks.measure import Figure, Report, measured, median
from benchmarks.process import Ran, run_ctx
from benchmarks.store import bare_loop

MEBIBYTE = 2**20
ROUNDS_OF_ONE = 5
PAGE_MEMORY = 8.0
"""MiB by which a peak may differ: two pages of 500 items, their rows and their chunks."""

# Sentences of the corpus, picked in Lua: the bare loop inserts the same kind of text.
SCRIPT = """connector = { name = "bench", version = "1.0.0", description = "Makes items up" }

local words = { %s }
local sentences = { %s }

function connector.scan(config)
  math.randomseed(7)
  local random, concat, format = math.random, table.concat, string.format
  for n = 0, config.count - 1 do
    local parts = { format("%%s token%%06d", sentences[random(#sentences)], n) }
    local length = #parts[1]
    while length < %d do
      local sentence = sentences[random(#sentences)]
      parts[#parts + 1] = sentence
      length = length + #sentence + 2
    end
    if config.edit_every > 0 and n %% config.edit_every == 0 then
      parts[#parts + 1] = "edit"
    end
    emit {
      source_id = "item-" .. n,
      title = words[random(#words)] .. " " .. n,
      body = concat(parts, ". "),
      updated_at = "2026-02-20T08:00:00Z",
    }
  end
end
"""


@dataclass(frozen=True, slots=True)
class _Workplace:
    """A directory with a configuration, a script and a database of its own."""

    directory: Path
    count: int

    @property
    def database(self) -> Path:
        return self.directory / "store.sqlite"

    def sync(self, *, edit_every: int = 0) -> tuple[Ran, dict[str, Any]]:
        """Run `ctx sync`; give what it took and its counts."""
        (self.directory / "ctx.toml").write_text(
            f'[db]\npath = "{self.database}"\n'
            f'[connectors.script.bench]\npath = "bench.lua"\n'
            f"count = {self.count}\nedit_every = {edit_every}\n",
            encoding="utf-8",
        )
        ran = run_ctx(["sync", "script:bench", "--output", "json", "--no-progress"], self.directory)
        counts: dict[str, Any] = json.loads(ran.output)[0]["counts"]
        return ran, counts

    def written(self) -> int:
        """Count the documents that the last run wrote, by the database."""
        connection = apsw.Connection(str(self.database), flags=apsw.SQLITE_OPEN_READONLY)
        count = connection.execute(
            "SELECT count(*) FROM documents WHERE run ="
            " (SELECT id FROM runs ORDER BY started_at DESC LIMIT 1)"
        ).get
        connection.close()
        return int(count)


@dataclass(frozen=True, slots=True)
class _Measured:
    bare: float
    """Documents per CPU-second."""
    ours: float
    host: float
    host_peak: float
    """MiB."""
    guest_peak: float


def run(report: Report) -> None:
    """Measure 10,000 items five times, 100,000 once; bare loop and product in turn."""
    with TemporaryDirectory(prefix="ctx-bench-") as directory:
        start = _start_up(report, Path(directory))
        small = _measure(report, Path(directory), 10_000, rounds=5)
        large = _measure(report, Path(directory), 100_000, rounds=1)
    beyond = 1 / (1 / small.ours - start / 10_000)
    report.add(
        Figure(
            "first sync, host and guest, start-up left out",
            beyond,
            "/CPU-s",
            "10,000 items",
            "bare loop",
            small.bare,
        )
    )
    size = "100,000 / 10,000"
    report.add(
        Figure(
            "first sync, large over small",
            large.ours / small.ours,
            "",
            size,
            "bare loop",
            large.bare / small.bare,
            ">= 0.9",
        )
    )
    for who, growth in (
        ("host", large.host_peak - small.host_peak),
        ("guest", large.guest_peak - small.guest_peak),
    ):
        report.add(
            Figure(f"growth of the {who}'s peak", growth, "MiB", size, bar=f"<= {PAGE_MEMORY:g}")
        )


def _start_up(report: Report, directory: Path) -> float:
    """Measure a sync of one item; gives its CPU-seconds."""
    where = directory / "one"
    where.mkdir()
    (where / "bench.lua").write_text(make_script(Corpus()), encoding="utf-8")
    place = _Workplace(where, 1)
    place.sync()
    runs = [_expect(place, place.sync(), 0) for _ in range(ROUNDS_OF_ONE)]
    cpu = median([ran.cpu for ran in runs])
    report.add(Figure("sync of one item, whole", median([ran.wall for ran in runs]), "s"))
    report.add(Figure("sync of one item, host and guest", cpu, "CPU-s"))
    return cpu


def _measure(report: Report, directory: Path, count: int, *, rounds: int) -> _Measured:
    corpus = Corpus()
    texts = list(corpus.documents(count))
    script = make_script(corpus)
    bare: list[float] = []
    first: list[Ran] = []
    same: list[Ran] = []
    edit: list[Ran] = []
    for number in range(rounds):
        where = directory / f"{count}-{number}"
        where.mkdir()
        (where / "bench.lua").write_text(script, encoding="utf-8")
        place = _Workplace(where, count)
        with measured() as cost:  # the file opened and closed, as in a process of its own
            bare_loop(where / "bare.sqlite", texts)
        bare.append(cost.cpu)
        first.append(_expect(place, place.sync(), count))
        same.append(_expect(place, place.sync(), 0))
        edit.append(_expect(place, place.sync(edit_every=100), count // 100))
    found = _Measured(
        bare=count / median(bare),
        ours=count / median([ran.cpu for ran in first]),
        host=count / median([ran.cpu - ran.guest_cpu for ran in first]),
        host_peak=max(ran.host_peak for ran in first) / MEBIBYTE,
        guest_peak=max(ran.guest_peak for ran in first) / MEBIBYTE,
    )
    _tell(report, f"{count:,} items", found)
    _tell_walls(report, count, {"first": first, "same": same, "edit": edit})
    return found


def make_script(corpus: Corpus) -> str:
    """Write the generator with the words of a corpus in it."""
    words = ", ".join(f'"{word}"' for word in corpus.words)
    sentences = ", ".join(f'"{sentence}"' for sentence in corpus.sentences)
    return SCRIPT % (words, sentences, BODY)


def _expect(place: _Workplace, result: tuple[Ran, dict[str, Any]], written: int) -> Ran:
    """
    Hold a run to what it has to do, by its own counts and by the rows in the database.

    Raises:
        RuntimeError: A figure of it would mean nothing.
    """
    ran, counts = result
    told = counts["added"] + counts["updated"]
    if counts["scanned"] != place.count or told != written or place.written() != written:
        raise RuntimeError(f"{written} writes were due, and {place.written()} were done: {counts}")
    return ran


def _tell(report: Report, size: str, found: _Measured) -> None:
    for name, speed, bar in (
        ("first sync, host and guest", found.ours, ">= 0.5"),
        ("first sync, host alone", found.host, ">= 0.5"),
    ):
        report.add(Figure(name, speed, "/CPU-s", size, "bare loop", found.bare, bar))
    report.add(Figure("peak of the host", found.host_peak, "MiB", size))
    report.add(Figure("peak of the guest", found.guest_peak, "MiB", size))


def _tell_walls(report: Report, count: int, runs: dict[str, list[Ran]]) -> None:
    size = f"{count:,} items"
    small = count == 10_000
    first = median([ran.wall for ran in runs["first"]])
    report.add(Figure("first sync, whole", count / first, "items/s", size, bar=">= 5000"))
    for name, key, bar in (
        ("unchanged re-sync, 0 writes", "same", "<= 0.8"),
        ("1 % changed", "edit", "<= 1.2"),
    ):
        wall = median([ran.wall for ran in runs[key]])
        report.add(Figure(name, wall, "s", size, bar=bar if small else ""))
