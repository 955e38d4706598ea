import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread

import pytest

from examples.quickstart.ticket_api import TOKEN, TicketServer
from examples.quickstart.tickets import compose

ROOT = Path(__file__).parents[2]
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def server() -> Iterator[TicketServer]:
    with TicketServer(compose()) as made:
        thread = Thread(target=made.serve_forever, args=(0.05,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def client(server: TicketServer) -> Iterator[HTTPConnection]:
    with closing(HTTPConnection("127.0.0.1", server.server_address[1], timeout=5)) as made:
        yield made


def ask(client: HTTPConnection, path: str) -> tuple[int, dict[str, object]]:
    client.request("GET", path, headers=AUTHORIZED)
    answer = client.getresponse()
    body: dict[str, object] = json.loads(answer.read())
    return answer.status, body


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer ü"},
    ],
)
def test_a_request_without_the_token_is_refused(
    client: HTTPConnection, headers: dict[str, str]
) -> None:
    client.request("GET", "/api/tickets", headers=headers)

    answer = client.getresponse()
    answer.read()
    assert answer.status == 401
    assert answer.getheader("WWW-Authenticate") == "Bearer"


@pytest.mark.parametrize("query", ["page=0", "page=x", "per_page=0", "per_page=101", "page=-1"])
def test_a_page_that_cannot_be_is_a_bad_request(client: HTTPConnection, query: str) -> None:
    status, body = ask(client, f"/api/tickets?{query}")

    assert status == 400
    assert "per_page lies between 1 and 100" in str(body["error"])


def test_another_path_is_not_found(client: HTTPConnection) -> None:
    assert ask(client, "/api/people")[0] == 404


def test_the_pages_hold_every_ticket_once(client: HTTPConnection) -> None:
    keys: list[str] = []
    page = pages = 1
    while page <= pages:
        status, body = ask(client, f"/api/tickets?page={page}&per_page=100")
        if status == 429:
            continue
        pages = int(str(body["pages"]))
        keys += [ticket["key"] for ticket in body["tickets"]]  # type: ignore[attr-defined]
        page += 1

    assert keys == [f"OPS-{n}" for n in range(1, 521)]
    assert pages == 6


def test_a_page_past_the_end_is_empty(client: HTTPConnection) -> None:
    status, body = ask(client, "/api/tickets?page=7&per_page=100")

    assert (status, body["tickets"], body["total"]) == (200, [], 520)


def test_each_fourth_request_is_refused_once_and_says_for_how_long(
    client: HTTPConnection,
) -> None:
    statuses = [ask(client, f"/api/tickets?page={page}")[0] for page in (1, 2, 3, 4, 4, 5, 6, 7)]
    client.request("GET", "/api/tickets?page=8", headers=AUTHORIZED)
    refused = client.getresponse()
    refused.read()

    assert statuses == [200, 200, 200, 429, 200, 200, 200, 200]
    assert (refused.status, refused.getheader("Retry-After")) == (429, "1")


def test_a_connection_stays_open_between_requests(client: HTTPConnection) -> None:
    ask(client, "/api/tickets?page=1")
    first = client.sock
    ask(client, "/api/tickets?page=2")

    assert client.sock is first
    assert first is not None


def test_it_runs_as_a_program_and_prints_its_address() -> None:
    command = [sys.executable, "-m", "examples.quickstart.ticket_api", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        url = program.stdout.readline().strip()
        port = int(url.rpartition(":")[2])
        with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as client:
            status, _ = ask(client, "/api/tickets")
        program.terminate()

    assert url == f"http://127.0.0.1:{port}"
    assert status == 200


def test_a_taken_port_is_a_clear_error(server: TicketServer) -> None:
    port = str(server.server_address[1])

    refused = subprocess.run(
        [sys.executable, "-m", "examples.quickstart.ticket_api", "--port", port],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert refused.returncode == 1
    assert refused.stderr.startswith(f"cannot listen on port {port}: ")
