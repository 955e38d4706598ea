"""The guest alone: how soon it answers, what a request costs, what crosses a second."""

import json
from collections.abc import Mapping, Sequence
from functools import partial

import msgspec

from benchmarks.corpus import Corpus
from benchmarks.measure import Cost, Figure, Report, measured, median, percentile, wall_times
from controller.lua.host.base import Capabilities, Capability, Value
from controller.lua.limits import GuestLimits
from controller.lua.supervisor import Engine, Script
from controller.model.document import RawItem

ITEMS = 50_000
REQUESTS = 5_000
FORKS = 30
JSON_ROUNDS = 20
ROUNDS = 3
BODY = "x" * 1500
LARGE = 170_000

EMIT = """connector = { name = "bench", version = "1.0.0", description = "" }
function connector.scan(config)
  local body = string.rep("x", 1500)
  for n = 1, config.count do
    emit { source_id = "item-" .. n, title = "Item " .. n, body = body }
  end
end
"""

ASK = """connector = { name = "bench", version = "1.0.0", description = "" }
function connector.scan(config)
  for n = 1, config.count do env.get("NAME") end
  return {}
end
"""

PARSE = """connector = { name = "bench", version = "1.0.0", description = "" }
function connector.scan(config)
  local text = env.get("TEXT")
  for n = 1, config.count do json.parse(text) end
  return {}
end
"""


def run(report: Report) -> None:
    """Measure starts, requests, items and JSON."""
    with Engine() as engine:
        _starts(report, engine)
        _requests(report, engine)
    _items(report)
    _json(report)


def _starts(report: Report, engine: Engine) -> None:
    _scan(engine, EMIT, 1, {})  # the engine has warmed up
    times = wall_times(partial(_scan, engine, EMIT, 1, {}), FORKS)
    for share, suffix in ((0.5, "p50"), (0.95, "p95")):
        report.add(Figure(f"fork to first item, {suffix}", percentile(times, share) * 1000, "ms"))

    def start_cold() -> None:
        with Engine() as cold:
            _scan(cold, EMIT, 1, {})

    cold = median(wall_times(start_cold, 5)) * 1000
    report.add(Figure("engine started, one item, engine ended", cold, "ms"))


def _requests(report: Report, engine: Engine) -> None:
    for size, answer in (("an answer of 5 bytes", b"value"), ("170 KB", b"x" * LARGE)):
        given = {"env.get": _constant(answer)}
        spent = _seconds(engine, ASK, REQUESTS, given)
        report.add(Figure("host request, there and back", spent / REQUESTS * 1e6, "µs", size))


def _items(report: Report) -> None:
    """
    Cost of an item from `emit` to the host's rows.

    The floor packs and unpacks the same rows with msgpack, without any process.
    """
    ours: list[Cost] = []
    floor: list[Cost] = []
    rows = [RawItem(n, None, b"item-%d" % n, b"Item %d" % n, BODY.encode()) for n in range(500)]
    for _ in range(ROUNDS):
        with measured() as cost:
            for _ in range(ITEMS // len(rows)):
                msgspec.msgpack.decode(msgspec.msgpack.encode(rows))
        floor.append(cost)
        with measured() as cost, Engine() as engine:
            _scan(engine, EMIT, ITEMS, {})
        ours.append(cost)
    size = f"{ITEMS:,} items of 1.5 KB"
    speed, beside = (ITEMS / median([cost.cpu for cost in costs]) for costs in (ours, floor))
    report.add(Figure("items, host and guest", speed, "/CPU-s", size, "msgpack alone", beside))
    wall = median([cost.wall for cost in ours])
    report.add(Figure("items at the host", ITEMS / wall, "items/s", size))


def _json(report: Report) -> None:
    pages = [
        {"key": f"ITEM-{number}", "title": title, "description": body, "labels": ["one", "two"]}
        for number, (title, body) in enumerate(Corpus().documents(1000))
    ]
    numbers = [{"id": n, "values": [n, n * 0.5, True, None], "name": "n"} for n in range(20_000)]
    for size, value in (("text of 1.7 MB", pages), ("small values, 1.2 MB", numbers)):
        text = json.dumps(value).encode()
        given = {"env.get": _constant(text)}
        with Engine() as engine:
            spent = _seconds(engine, PARSE, JSON_ROUNDS, given)
        plain = min(wall_times(partial(json.loads, text), JSON_ROUNDS))
        megabytes = len(text) / 1e6
        report.add(
            Figure(
                "JSON to Lua",
                megabytes * JSON_ROUNDS / spent,
                "MB/s",
                size,
                "json.loads",
                megabytes / plain,
            )
        )


def _constant(answer: Value) -> Capability:
    return lambda _arguments, _deadline: answer


def _scan(engine: Engine, text: str, count: int, given: Mapping[str, Capability]) -> None:
    script = Script("connector", "bench", "bench.lua", text.encode())
    taken = 0

    def take(page: Sequence[RawItem]) -> None:
        nonlocal taken
        taken += len(page)

    with engine.open(script, GuestLimits(), Capabilities(given)) as guest:
        guest.load()
        end = guest.scan({"count": count}, None, take)
    if end.items != taken:
        raise RuntimeError(f"{taken} items came of {end.items}")


def _seconds(engine: Engine, text: str, count: int, given: Mapping[str, Capability]) -> float:
    """Time a script that repeats something, without what it takes to repeat it zero times."""
    empty = min(wall_times(partial(_scan, engine, text, 0, given), ROUNDS))
    return min(wall_times(partial(_scan, engine, text, count, given), ROUNDS)) - empty
