"""A scan over loopback HTTP, and the guarded client beside plain httpx on the same requests."""

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import httpx

from benchmarks.measure import Cost, Figure, Report, measured, median
from benchmarks.pages import PER_PAGE, serving
from benchmarks.scanning import request_for, scan
from controller.connectors.script import guest_limits
from controller.lua.deadline import Deadline
from controller.lua.host.guard import parse_policy
from controller.lua.host.http import Http, HttpParts
from controller.lua.host.ledger import Ledger
from controller.lua.host.proxies import parse_proxies
from controller.lua.host.redaction import Redactor
from controller.lua.host.resolving import system_resolver
from controller.lua.host.transport import trusted_certificates

COUNT = 10_000
ROUNDS = 5
SMALL_REQUESTS = 500

SCRIPT = """connector = { name = "pages", version = "1.0.0", description = "Reads a paged API" }

function connector.scan(config)
  local page, pages = 1, 1
  while page <= pages do
    local response = http.get(config.url .. "/items", { params = { page = page } })
    if not response.ok then error("status " .. response.status) end
    pages = response.json.pages
    for _, item in ipairs(response.json.items) do
      emit {
        source_id = item.key,
        title = item.title,
        body = item.description,
        source_url = item.url,
        author = item.reporter,
        updated_at = item.updated_at,
        metadata = { labels = item.labels },
      }
    end
    page = page + 1
  end
end
"""


def run(report: Report) -> None:
    """Measure the scan beside a plain Python loop, then the client alone."""
    with TemporaryDirectory(prefix="ctx-bench-") as directory, serving(COUNT) as url:
        script = Path(directory) / "pages.lua"
        script.write_text(SCRIPT, encoding="utf-8")
        _scan(report, script, url)
        _client(report, script, url)


def _scan(report: Report, script: Path, url: str) -> None:
    ours: list[Cost] = []
    plain: list[Cost] = []
    for _ in range(ROUNDS):
        plain.append(_plain_scan(url))
        ours.append(scan(script, {"url": url}, COUNT))
    size = f"{COUNT:,} items, {PER_PAGE} a page"
    speed = COUNT / median([cost.cpu for cost in ours])
    floor = COUNT / median([cost.cpu for cost in plain])
    wall = median([cost.wall for cost in ours])
    report.add(Figure("scan, engine started and ended", wall, "s", size, bar="<= 0.7"))
    report.add(Figure("scan, host and guest", speed, "/CPU-s", size, bar=">= 20000"))
    report.add(Figure("scan beside plain Python", speed, "/CPU-s", size, "httpx and json", floor))


def _plain_scan(url: str) -> Cost:
    """Do what any Python program would: httpx, json, one tuple an item."""
    items = []
    with measured() as cost, httpx.Client(trust_env=False) as client:
        page, pages = 1, 1
        while page <= pages:
            answer = client.get(f"{url}/items", params={"page": page}).json()
            pages = answer["pages"]
            items += [
                (item["key"], item["title"], item["description"], json.dumps(item["labels"]))
                for item in answer["items"]
            ]
            page += 1
    assert len(items) == COUNT
    return cost


def _client(report: Report, script: Path, url: str) -> None:
    pages = [f"{url}/items?page={number}" for number in range(1, COUNT // PER_PAGE + 1)]
    for size, urls in (
        (f"{len(pages)} pages of 165 KB", pages),
        (f"{SMALL_REQUESTS} answers of 24 bytes", [f"{url}/small"] * SMALL_REQUESTS),
    ):
        ours: list[Cost] = []
        plain: list[Cost] = []
        for _ in range(ROUNDS):
            plain.append(_ask_plain(urls))
            ours.append(_ask_guarded(script, urls))
        each = 1e6 / len(urls)
        value, floor = (median([cost.cpu for cost in costs]) * each for costs in (ours, plain))
        report.add(
            Figure("guarded request", value, "CPU-µs", size, "plain httpx", floor, "<= 1.15")
        )


def _ask_plain(urls: list[str]) -> Cost:
    with httpx.Client(trust_env=False) as client:
        return _time(urls, lambda url: len(client.get(url).content))


def _ask_guarded(script: Path, urls: list[str]) -> Cost:
    http = Http(
        HttpParts(
            policy=parse_policy((), (), allow_loopback=True),
            ledger=Ledger(),
            redactor=Redactor(()),
            proxies=parse_proxies({}),
            limit_bytes=guest_limits(request_for(script)).response,
            cancelled=None,
            resolver=system_resolver,
            tls=trusted_certificates,
        )
    )
    deadline = Deadline(120.0, monotonic)

    def ask(url: str) -> int:
        answer = http.request([b"GET", url.encode(), {}], deadline)
        assert isinstance(answer, dict)
        body = answer["body"]
        assert isinstance(body, bytes)
        return len(body)

    try:
        return _time(urls, ask)
    finally:
        http.close()


def _time(urls: list[str], ask: Callable[[str], int]) -> Cost:
    # The first request connects; both clients keep the connection.
    assert ask(urls[0])
    with measured() as cost:
        for url in urls:
            ask(url)
    return cost
