"""
A real git remote on loopback: `git http-backend` behind a small threaded server.

Faults are switched on by attributes while it runs, and end when it closes.
"""

import base64
import gzip
import os
import shutil
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_GIT = shutil.which("git") or "git"


@dataclass
class Repository:
    """A repository with a working tree, driven by the git command line."""

    directory: Path

    def git(self, *arguments: str, stdin: bytes = b"", date: int = 0) -> str:
        moment = f"{1_700_000_000 + date} +0000"
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.directory),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.org",
            "GIT_AUTHOR_DATE": moment,
            "GIT_COMMITTER_DATE": moment,
        }
        done = subprocess.run(
            [_GIT, *arguments],
            cwd=self.directory,
            env=environment,
            input=stdin,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def commit(self, files: Mapping[str, str], message: str = "Change") -> str:
        """Write files, commit everything, and give the commit's id."""
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.head()

    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def blob(self, content: bytes) -> str:
        return self.git("hash-object", "-w", "--stdin", stdin=content)

    def commit_raw(self, entries: list[tuple[str, bytes, str]]) -> str:
        """
        Commit a tree that git itself would refuse: (mode, name, object id).

        The entries are written as they are, in the order given.
        """
        tree = b"".join(
            b"%s %s\0%s" % (mode.encode(), name, bytes.fromhex(target))
            for mode, name, target in entries
        )
        written = self.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=tree)
        commit = self.git("commit-tree", written, "-m", "Raw")
        self.git("update-ref", "refs/heads/main", commit)
        return commit


def make_repository(directory: Path, files: Mapping[str, str] | None = None) -> Repository:
    """Start a repository on branch `main`; without files it stays empty."""
    directory.mkdir(parents=True, exist_ok=True)
    repository = Repository(directory)
    repository.git("init", "--quiet", "--initial-branch", "main")
    if files is not None:
        repository.commit(files, "First")
    return repository


@dataclass
class Faults:
    """What the server does wrong; everything off by default."""

    login: tuple[str, str] | None = None
    """Username and password that are asked for."""
    bearer: str | None = None
    status: int | None = None
    """Answered to everything."""
    redirect: str | None = None
    """Prefix of the address that everything is redirected to."""
    stall_after: int | None = None
    """Bytes of a pack after which the server falls silent, holding the connection."""
    stall_listing: bool = False


@dataclass
class GitServer:
    """Serves the repositories below a directory; `url("name")` is the remote's address."""

    root: Path
    faults: Faults = field(default_factory=Faults)
    host: str = "127.0.0.1"
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    """Method, path with query, and the Authorization header, of each request."""

    def __post_init__(self) -> None:
        self.released = threading.Event()
        self.stalled = threading.Event()
        self._server = _Server((self.host, 0), _Handler)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def url(self, name: str) -> str:
        return f"http://{self.host}:{self._server.server_address[1]}/{name}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    owner: GitServer
    daemon_threads = False
    block_on_close = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _serve(self) -> None:
        owner = self.server.owner
        owner.requests.append((self.command, self.path, self.headers.get("Authorization", "")))
        body = self._body()
        faults = owner.faults
        if faults.status is not None:
            self._answer(faults.status, {})
        elif faults.redirect is not None:
            self._answer(302, {"Location": f"{faults.redirect}{self.path}"})
        elif not self._is_allowed(faults):
            kind = "Bearer" if faults.bearer else 'Basic realm="git"'
            self._answer(401, {"WWW-Authenticate": kind})
        elif faults.stall_listing:
            self._stall()
        else:
            self._backend(body, faults.stall_after)

    def _is_allowed(self, faults: Faults) -> bool:
        given = self.headers.get("Authorization", "")
        if faults.bearer is not None:
            return given == f"Bearer {faults.bearer}"
        if faults.login is not None:
            pair = ":".join(faults.login).encode()
            return given == f"Basic {base64.b64encode(pair).decode()}"
        return True

    def _body(self) -> bytes:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        return body

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stall(self) -> None:
        self.server.owner.stalled.set()
        self.server.owner.released.wait(30)
        self.close_connection = True

    def _backend(self, body: bytes, stall_after: int | None) -> None:
        parts = urlsplit(self.path)
        done = subprocess.run(
            [_GIT, "http-backend"],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.server.owner.root),
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_PROJECT_ROOT": str(self.server.owner.root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": parts.path,
                "QUERY_STRING": parts.query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "REMOTE_ADDR": "127.0.0.1",
            },
            input=body,
            capture_output=True,
            check=False,
        )
        head, _, payload = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        status = int(headers.pop("Status", "200").split()[0])
        if stall_after is None or self.command != "POST":
            self._answer(status, headers, payload)
            return
        self.send_response(status)
        self.send_header("Content-Type", headers.get("Content-Type", ""))
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload[:stall_after])
        self.wfile.flush()
        self._stall()


def measured_environment() -> dict[str, str]:
    """What a worker must see so that its lines count in a coverage run; else nothing."""
    return {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}


def live_workers() -> list[int]:
    """Process ids of the git workers that this process has started and not ended; Linux only."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            command = (directory / "cmdline").read_bytes()
            # The name in brackets may hold blanks; state and parent follow it.
            state, parent = (directory / "stat").read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if b"controller.git.worker" in command and int(parent) == os.getpid() and state != "Z":
            found.append(int(directory.name))
    return sorted(found)
