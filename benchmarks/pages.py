"""`python -m benchmarks.pages COUNT`: a JSON API on loopback, in a process of its own.

Pages are made before the first request and sent in one piece, so that what is
measured is the client.  Prints its port.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer
from urllib.parse import parse_qs, urlsplit

from benchmarks.corpus import Corpus

PER_PAGE = 100


@contextmanager
def serving(count: int) -> Iterator[str]:
    """Serve `count` items while a block runs; gives the address."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.pages", str(count)], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.terminate()


def render(count: int) -> list[bytes]:
    """Make whole responses, one a page, as a tracker's API would answer."""
    items = [
        {
            "key": f"ITEM-{number}",
            "title": title,
            "description": body,
            "url": f"https://items.example.org/{number}",
            "reporter": "ada",
            "updated_at": "2026-02-20T08:00:00Z",
            "labels": ["one", "two"],
        }
        for number, (title, body) in enumerate(Corpus().documents(count))
    ]
    pages = -(-count // PER_PAGE)
    return [
        _respond({"items": items[first : first + PER_PAGE], "pages": pages})
        for first in range(0, count, PER_PAGE)
    ]


def _respond(page: object) -> bytes:
    body = json.dumps(page).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Server: pages\r\n\r\n" + body


class Pages(ThreadingTCPServer):
    """Answers `/items?page=N`, pages from 1, and `/small`."""

    daemon_threads = True

    def __init__(self, pages: list[bytes]) -> None:
        self.pages = pages
        self.small = _respond({"items": [], "pages": 1})
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        while line := self.rfile.readline():
            while self.rfile.readline().strip():
                pass
            self.request.sendall(self._answer(line.split()[1].decode()))

    def _answer(self, target: str) -> bytes:
        assert isinstance(self.server, Pages)
        url = urlsplit(target)
        if url.path == "/small":
            return self.server.small
        return self.server.pages[int(parse_qs(url.query)["page"][0]) - 1]


def main() -> None:
    """Serve until told to end."""
    with Pages(render(int(sys.argv[1]))) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
