"""
A small ticket API on loopback: pages, a bearer token, and a 429 now and then.

Run it alone with `python -m examples.quickstart.ticket_api --port 0`; it prints
its address.  It is no model of a server: it exists so that the quickstart talks
to something that behaves like one.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from hmac import compare_digest
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import ceil
from threading import Lock
from typing import ClassVar, cast
from urllib.parse import parse_qs, urlsplit

from examples.quickstart.tickets import Ticket, as_json, compose

TOKEN = "quickstart-token"
LARGEST_PAGE = 100
REFUSE_EVERY = 4
"""Each fourth request for a page is answered with 429 first."""


class TicketServer(ThreadingHTTPServer):
    """Serves the tickets it is given; port 0 lets the kernel choose."""

    daemon_threads = True

    def __init__(self, tickets: Sequence[Ticket], *, token: str = TOKEN, port: int = 0) -> None:
        self.tickets = as_json(tickets)
        self.token = token
        self._lock = Lock()
        self._asked = 0
        self._refused: set[str] = set()
        super().__init__(("127.0.0.1", port), TicketHandler)

    @property
    def url(self) -> str:
        """The address clients use, without a slash at its end."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def refuses(self, query: str) -> bool:
        """Say whether this request is one too many; the same page asked again is not."""
        with self._lock:
            if query in self._refused:
                self._refused.discard(query)
                return False
            self._asked += 1
            if self._asked % REFUSE_EVERY == 0:
                self._refused.add(query)
                return True
            return False


class TicketHandler(BaseHTTPRequestHandler):
    """One connection of a client; HTTP/1.1, so it stays open between requests."""

    protocol_version = "HTTP/1.1"
    server_version = "tickets/1"
    # One write for head and body: two small packets would wait for a delayed acknowledgement.
    wbufsize = 64 * 1024
    timeout: ClassVar[float] = 30.0

    def do_GET(self) -> None:
        """Answer `/api/tickets?page=N&per_page=M`."""
        server = cast(TicketServer, self.server)
        address = urlsplit(self.path)
        offered = self.headers.get("Authorization", "").encode("utf-8", "replace")
        if not compare_digest(offered, f"Bearer {server.token}".encode()):
            self._answer(HTTPStatus.UNAUTHORIZED, {"error": "a valid bearer token is required"})
        elif address.path != "/api/tickets":
            self._answer(HTTPStatus.NOT_FOUND, {"error": f"nothing at {address.path}"})
        elif server.refuses(address.query):
            self._answer(HTTPStatus.TOO_MANY_REQUESTS, {"error": "slow down"}, retry_after=1)
        else:
            self._answer_page(server, address.query)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the standard library's name
        """Say nothing: the reader of the quickstart has enough to read."""

    def _answer_page(self, server: TicketServer, query: str) -> None:
        fields = parse_qs(query)
        try:
            page = int(fields.get("page", ["1"])[0])
            per_page = int(fields.get("per_page", ["50"])[0])
        except ValueError:
            page = per_page = 0
        if page < 1 or not 1 <= per_page <= LARGEST_PAGE:
            problem = f"page starts at 1 and per_page lies between 1 and {LARGEST_PAGE}"
            self._answer(HTTPStatus.BAD_REQUEST, {"error": problem})
            return
        first = (page - 1) * per_page
        self._answer(
            HTTPStatus.OK,
            {
                "tickets": server.tickets[first : first + per_page],
                "page": page,
                "pages": ceil(len(server.tickets) / per_page),
                "total": len(server.tickets),
            },
        )

    def _answer(
        self, status: HTTPStatus, document: object, *, retry_after: int | None = None
    ) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status is HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", "Bearer")
        if retry_after is not None:
            self.send_header("Retry-After", str(retry_after))
        self.end_headers()
        self.wfile.write(body)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until somebody presses Ctrl-C."""
    parser = argparse.ArgumentParser(prog="ticket_api", description="a small ticket API")
    parser.add_argument("--port", type=int, default=0, help="0 lets the system choose")
    parser.add_argument("--token", default=TOKEN)
    options = parser.parse_args(arguments)
    try:
        server = TicketServer(compose(), token=options.token, port=options.port)
    except OSError as error:
        print(f"cannot listen on port {options.port}: {error.strerror}", file=sys.stderr)
        return 1
    with server:
        print(server.url, flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
