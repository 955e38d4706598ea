"""
A git remote on loopback: makes a repository of a directory, serves it over smart HTTP.

The protocol is git's own (`git http-backend`); this file only carries its
requests in and its answers out.
"""

import gzip
import os
import shutil
import subprocess
from collections.abc import Iterator
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from pathlib import Path
from typing import ClassVar, cast
from urllib.parse import unquote, urlsplit

LARGEST_REQUEST = 16 * 1024 * 1024
AUTHOR = ("Quickstart", "quickstart@example.com")


class GitMissingError(Exception):
    """There is no git on this machine."""


def require_git() -> str:
    """Find the git command."""
    found = shutil.which("git")
    if found is None:
        raise GitMissingError("git is not installed; the quickstart needs it to serve a registry")
    return found


class Repository:
    """A working tree with its `.git`, driven through the git command."""

    def __init__(self, directory: Path, git: str) -> None:
        self.directory = directory
        self._git = git

    def create(self) -> None:
        """Make an empty repository, or leave the one that is there."""
        self.directory.mkdir(parents=True, exist_ok=True)
        if not (self.directory / ".git").exists():
            self._run("init", "--quiet", "--template=", "--initial-branch=main")

    def commit_all(self, subject: str) -> None:
        """Commit whatever the directory holds now; nothing changed, nothing committed."""
        self._run("add", "--all")
        if self.is_dirty():
            self._run("commit", "--quiet", "--message", subject)

    def is_dirty(self) -> bool:
        """Say whether there are edits that no commit holds."""
        return bool(self._run("status", "--porcelain"))

    def head(self) -> str:
        """Name the latest commit, abbreviated."""
        return self._run("rev-parse", "--short", "HEAD")

    def _run(self, *arguments: str) -> str:
        finished = subprocess.run(
            [self._git, *arguments],
            cwd=self.directory,
            env=_clean_environment(),
            check=True,
            capture_output=True,
            text=True,
        )
        return finished.stdout.strip()


class GitServer(ThreadingHTTPServer):
    """Serves one repository, to read; closing it waits for the git commands under way."""

    daemon_threads = False

    def __init__(self, repository: Path, git: str, *, port: int = 0) -> None:
        self.repository = repository
        self.git = git
        super().__init__(("127.0.0.1", port), GitHandler)

    @property
    def url(self) -> str:
        """The address to clone from."""
        return f"http://127.0.0.1:{self.server_address[1]}/registry.git"


class GitHandler(BaseHTTPRequestHandler):
    """Hands requests to `git http-backend`, which speaks CGI."""

    protocol_version = "HTTP/1.1"
    server_version = "quickstart-git/1"
    wbufsize = 64 * 1024
    timeout: ClassVar[float] = 5.0

    def do_GET(self) -> None:
        """Answer the listing of references."""
        self._serve(b"")

    def do_POST(self) -> None:
        """Answer the exchange of objects."""
        body = b"".join(_read_body(self.headers, self.rfile))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self._serve(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the standard library's name
        """Say nothing."""

    def _serve(self, body: bytes) -> None:
        server = cast(GitServer, self.server)
        address = urlsplit(self.path)
        prefix, found, service = unquote(address.path).partition("/registry.git")
        if prefix or not found:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        finished = subprocess.run(
            [server.git, "http-backend"],
            input=body,
            env=self._cgi(server.repository, service, address.query, len(body)),
            capture_output=True,
            check=False,
        )
        head, _, content = finished.stdout.partition(b"\r\n\r\n")
        headers = [line.partition(": ") for line in head.decode("latin-1").splitlines()]
        status = next((value for name, _, value in headers if name == "Status"), "200 OK")
        self.send_response(int(status.split()[0]) if finished.returncode == 0 else 500)
        for name, _, value in headers:
            if name not in {"Status", "Content-Length", ""}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _cgi(self, repository: Path, service: str, query: str, length: int) -> dict[str, str]:
        return _clean_environment() | {
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROJECT_ROOT": str(repository),
            "PATH_INFO": service,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(length),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_ADDR": "127.0.0.1",
        }


def _clean_environment() -> dict[str, str]:
    """Keep the user's git settings, signing keys and hooks out of a demonstration."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        # A checkout owned by somebody else, as in a container, is refused otherwise.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
        "GIT_AUTHOR_NAME": AUTHOR[0],
        "GIT_AUTHOR_EMAIL": AUTHOR[1],
        "GIT_COMMITTER_NAME": AUTHOR[0],
        "GIT_COMMITTER_EMAIL": AUTHOR[1],
    }


def _read_body(headers: Message, stream: BufferedIOBase) -> Iterator[bytes]:
    """Read a body by its length, or chunk by chunk as libgit2 sends the larger ones."""
    if headers.get("Transfer-Encoding", "").lower() != "chunked":
        yield stream.read(min(int(headers.get("Content-Length", "0")), LARGEST_REQUEST))
        return
    room = LARGEST_REQUEST
    while (size := int(stream.readline().split(b";")[0], 16)) and size <= room:
        room -= size
        yield stream.read(size)
        stream.readline()
    stream.readline()
