"""
An HTTP server on loopback that keeps to the protocol, or breaks it on request.

    with HttpSource() as source:
        source.on("/issues", page(b"[1]"), failing(500), page(b"[2]"))
        ...  # the n-th request for a path gets the n-th answer; the last one repeats
        source.seen[0].header("authorization")

Every answer is a function of a connection, so a test can write its own.
"""

import gzip
import socket
import ssl
import struct
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

CERTIFICATE = Path(__file__).with_name("loopback.pem")
"""Self-signed, for `source.example` and loopback, with its key; for tests only."""

_MAX_HEAD = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it arrived."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    connection: int
    """Counts connections from 1: two requests with the same number shared one."""

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    def header(self, name: str) -> str | None:
        """The first header of this name, in lower case."""
        return next((value for key, value in self.headers if key == name), None)


class Connection:
    """What an answer may do to whoever asked."""

    def __init__(self, link: socket.socket, stopped: threading.Event) -> None:
        self._link = link
        self._stopped = stopped
        self.open = True

    def send(self, *pieces: bytes) -> None:
        """Write bytes as they are."""
        for piece in pieces:
            self._link.sendall(piece)

    def wait(self, seconds: float | None = None) -> bool:
        """Do nothing; True once the server stops."""
        return self._stopped.wait(seconds)

    def end(self) -> None:
        """Close after this answer."""
        self.open = False

    def reset(self) -> None:
        """Drop the connection so that the peer gets an error instead of an end."""
        at_once = struct.pack("ii", 1, 0)
        self._link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        self.open = False


Answer = Callable[[Connection, Seen], None]


@dataclass(slots=True)
class _Route:
    answers: list[Answer] = field(default_factory=list)
    asked: int = 0

    def next(self) -> Answer:
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return answer


class HttpSource:
    """Serves until the block ends; every connection has a thread of its own."""

    def __init__(self, host: str = "127.0.0.1", *, tls: bool = False) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family)
        self._tls = _server_context() if tls else None
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._links: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._routes: defaultdict[str, _Route] = defaultdict(lambda: _Route([failing(404)]))
        self._connections = 0
        self.seen: list[Seen] = []
        self.host = host
        self.port: int = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        """The origin, without a final slash."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}"

    @property
    def connections(self) -> int:
        """How many were accepted."""
        return self._connections

    def on(self, path: str, *answers: Answer) -> None:
        """Set what a path answers, one after the other."""
        self._routes[path] = _Route([*answers])

    def __enter__(self) -> Self:
        self._spawn(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopped.set()
        # Wakes `accept`, which a close alone does not on Linux.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for link in self._links:
                _hang_up(link)
        for thread in self._threads:
            thread.join(5)

    def _spawn(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections += 1
            number = self._connections
            self._spawn(lambda link=link, number=number: self._serve(link, number))  # type: ignore[misc]

    def _serve(self, link: socket.socket, number: int) -> None:
        with self._lock:
            self._links.add(link)
        try:
            if self._tls is not None:
                secured = self._tls.wrap_socket(link, server_side=True)
                with self._lock:
                    self._links.add(secured)
                link = secured
            self._converse(link, number)
        except (OSError, ValueError):
            pass  # the peer went away, which is what many tests are about
        finally:
            with self._lock:
                self._links.discard(link)
            link.close()

    def _converse(self, link: socket.socket, number: int) -> None:
        connection = Connection(link, self._stopped)
        with link.makefile("rb") as incoming:
            while connection.open and (line := incoming.readline(_MAX_HEAD)):
                method, target, _ = line.decode("latin-1").split(" ", 2)
                headers = tuple(_read_headers(iter(lambda: incoming.readline(_MAX_HEAD), b"\r\n")))
                length = int(dict(headers).get("content-length", "0"))
                asked = Seen(method, target, headers, incoming.read(length), number)
                with self._lock:
                    self.seen.append(asked)
                    answer = self._routes[asked.path].next()
                answer(connection, asked)


def page(body: bytes, headers: Mapping[str, str] | None = None, *, status: int = 200) -> Answer:
    """A well-formed answer."""

    def answer(connection: Connection, asked: Seen) -> None:
        given = {"Content-Type": "application/json", **(headers or {})}
        connection.send(head(status, {**given, "Content-Length": str(len(body))}))
        if asked.method != "HEAD":
            connection.send(body)

    return answer


def failing(status: int, headers: Mapping[str, str] | None = None) -> Answer:
    """A well-formed error."""
    return page(b'{"error":"no"}', headers, status=status)


def redirecting(target: str, status: int = 302) -> Answer:
    """Send whoever asks elsewhere."""
    return page(b"elsewhere", {"Location": target}, status=status)


def raw(*pieces: bytes) -> Answer:
    """Bytes as they are, then the end of the connection."""

    def answer(connection: Connection, _asked: Seen) -> None:
        connection.send(*pieces)
        connection.end()

    return answer


def hanging(connection: Connection, _asked: Seen) -> None:
    """Take the request and never answer."""
    connection.wait()
    connection.end()


def resetting(connection: Connection, _asked: Seen) -> None:
    """Take the request and break the connection."""
    connection.reset()


def dripping(pieces: Iterable[bytes], seconds: float) -> Answer:
    """Send piece by piece with a pause after each."""

    def answer(connection: Connection, _asked: Seen) -> None:
        for piece in pieces:
            connection.send(piece)
            if connection.wait(seconds):
                break
        connection.end()

    return answer


def endless(connection: Connection, _asked: Seen) -> None:
    """Send chunks until the peer has had enough."""
    connection.send(head(200, {"Transfer-Encoding": "chunked"}))
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    while not connection.wait(0):
        connection.send(chunk)


def gzip_bomb(mebibytes: int) -> Answer:
    """About a kilobyte for every mebibyte of blanks."""
    packed = gzip.compress(b" " * (1024 * 1024), compresslevel=9)

    def answer(connection: Connection, _asked: Seen) -> None:
        # Members of a gzip file may follow each other.
        size = len(packed) * mebibytes
        connection.send(head(200, {"Content-Encoding": "gzip", "Content-Length": str(size)}))
        for _ in range(mebibytes):
            connection.send(packed)

    return answer


def head(status: int, headers: Mapping[str, str]) -> bytes:
    """The status line and headers of an answer."""
    lines = [f"HTTP/1.1 {status} Because", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def trusting_context() -> ssl.SSLContext:
    """Trust the certificate of `HttpSource(tls=True)` and nothing else."""
    return ssl.create_default_context(cafile=str(CERTIFICATE))


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def _read_headers(lines: Iterable[bytes]) -> Iterable[tuple[str, str]]:
    for line in lines:
        if not line:
            return
        name, _, value = line.decode("latin-1").partition(":")
        yield name.strip().lower(), value.strip()


def _hang_up(link: socket.socket) -> None:
    try:
        link.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it is down already
