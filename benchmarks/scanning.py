"""Scans without a store: a script in a real guest, its items checked and counted."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from benchmarks.measure import Cost, measured
from controller.connectors.script import Page, Surroundings, scan_script
from controller.lua.supervisor import Engine
from controller.model.names import RunId, SourceName
from controller.model.sync import HttpPolicy, RunLimits, RunRequest

SOURCE = SourceName("script:bench")


def request_for(script: Path) -> RunRequest:
    """Write the request for a script that may reach loopback and its own directory."""
    return RunRequest(
        run_id=RunId("bench"),
        name="bench",
        source=SOURCE,
        owner="bench",
        script=str(script),
        directory=str(script.parent),
        chunk_name=script.name,
        limits=RunLimits(timeout=timedelta(seconds=120)),
        http=HttpPolicy(allow_loopback=True),
    )


def scan(script: Path, config: Mapping[str, object], expected: int) -> Cost:
    """
    Scan once, from starting the engine to the last process reaped.

    Raises:
        RuntimeError: Other items came than expected; the cost would mean nothing.
    """
    count = 0

    def take(page: Page) -> None:
        nonlocal count
        count += len(page.items)

    with measured() as cost, Engine() as engine:
        report = scan_script(request_for(script), config, None, _surroundings(engine), take)
    if count != expected or report.unsettled or report.warnings:
        raise RuntimeError(f"{count} items of {expected} came: {report}")
    return cost


def _surroundings(engine: Engine) -> Surroundings:
    return Surroundings(
        engine=engine,
        variables={},
        secrets=(),
        proxies={},
        log=lambda _level, _text: None,
        cancelled=lambda: False,
        pulse=lambda: None,
    )
