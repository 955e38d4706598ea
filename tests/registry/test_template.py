"""The connectors that the template ships, run as their users will run them."""

import shutil
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from controller.errors import ScriptError
from controller.lua.supervisor import Engine
from controller.model.names import RunId, SourceName
from controller.model.sync import HttpPolicy, RunRequest
from controller.sync.trial import Trial, try_connector
from examples.quickstart.ticket_api import TOKEN, TicketServer
from examples.quickstart.tickets import compose
from tests.house.tree import ROOT

CONNECTORS = ROOT / "registry-template" / "connectors"


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as running:
        yield running


@pytest.fixture
def tickets() -> Iterator[TicketServer]:
    with TicketServer(compose(45)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_refused_token_ends_the_scan_and_names_what_is_refused(
    engine: Engine, tickets: TicketServer
) -> None:
    config = {"url": tickets.url, "api_token": "wrong"}

    with pytest.raises(ScriptError, match=r"the api_token is refused \(401\)"):
        _try(engine, CONNECTORS / "tickets", config)


def test_a_server_that_is_not_there_ends_the_scan(engine: Engine) -> None:
    config = {"url": "http://127.0.0.1:1", "api_token": TOKEN}

    with pytest.raises(ScriptError, match="page 1 of"):
        _try(engine, CONNECTORS / "tickets", config)


def test_every_ticket_becomes_a_document_with_its_comments(
    engine: Engine, tickets: TicketServer
) -> None:
    config = {"url": f"{tickets.url}/", "api_token": TOKEN, "page_size": 20}

    trial = _try(engine, CONNECTORS / "tickets", config)

    items = {item.source_id: item for item in trial.items}
    assert (len(items), trial.refusals, trial.warnings) == (45, (), ())
    for ticket in tickets.tickets:
        item = items[str(ticket["key"])]
        comments = ticket["comments"]
        assert isinstance(comments, tuple)
        assert str(ticket["description"]) in item.body
        assert all(str(comment["body"]) in item.body for comment in comments)
        assert item.updated_at is not None


def test_a_page_that_is_refused_for_now_is_asked_for_again(
    engine: Engine, tickets: TicketServer
) -> None:
    # Every fourth request is answered with 429 first: with five pages, one is.
    config = {"url": tickets.url, "api_token": TOKEN, "page_size": 9}

    trial = _try(engine, CONNECTORS / "tickets", config)

    assert (len(trial.items), trial.unsettled) == (45, ())


def test_every_page_of_the_handbook_becomes_a_document(engine: Engine, tmp_path: Path) -> None:
    copy = tmp_path / "handbook"
    shutil.copytree(CONNECTORS / "handbook", copy)
    (copy / "pages/deep").mkdir()
    (copy / "pages/deep/no_heading-yet.md").write_text("Only a paragraph.")
    (copy / "pages/picture.png").write_bytes(b"\x89PNG")

    trial = _try(engine, copy, {"base_url": "https://handbook.example.org/"})

    titles = {item.source_id: item.title for item in trial.items}
    links = {item.source_url for item in trial.items}
    assert titles == {
        "deep/no_heading-yet.md": "no heading yet",
        "first-day.md": "Your first day",
        "how-we-write.md": "How we write pages",
        "on-call.md": "What to do when you are on call",
    }
    assert "https://handbook.example.org/deep/no_heading-yet" in links


def _try(engine: Engine, directory: Path, config: Mapping[str, object]) -> Trial:
    request = RunRequest(
        run_id=RunId("trial"),
        name=directory.name,
        source=SourceName(f"script:{directory.name}"),
        owner="test",
        script=str(directory / "connector.lua"),
        directory=str(directory),
        chunk_name=f"connectors/{directory.name}/connector.lua",
        config=config,
        http=HttpPolicy(allow_loopback=True),
    )
    return try_connector(engine, request, {}, _unheard, stages=_ignored)


def _unheard(level: str, text: str) -> None:
    """Nobody reads the log of these scans."""


def _ignored(stage: str) -> None:
    """Nobody watches the stages."""
