"""
The quickstart, step by step: a registry, a ticket API, `ctx dev`, three searches.

Without a terminal it ends there.  On a terminal it stays, and what is edited in
the registry's working tree is synced again.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shlex import join
from socketserver import BaseServer
from threading import Thread
from types import FrameType

from examples.quickstart.git_remote import GitMissingError, GitServer, require_git
from examples.quickstart.ticket_api import TOKEN, TicketServer
from examples.quickstart.tickets import compose
from examples.quickstart.workplace import HERE, PAGES, BusyError, Workplace

SEARCHES = ("certificate renewal", "database failover", "rate limit")
GRACE = 1.0
"""Seconds in which a child that the terminal has told of Ctrl-C may end without being told again."""
PATIENCE = 5.0
"""Seconds in which a child that was told to end may do so."""


class Ending:
    """
    Remembers that somebody asked us to end.

    An exception out of a signal handler could strike between the start of a child
    and the moment at which we know of it; so nothing is raised before we ask.
    """

    def __init__(self) -> None:
        self.asked_by: signal.Signals | None = None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._remember)

    def check(self) -> None:
        """
        Go on, or not.

        Raises:
            KeyboardInterrupt: Somebody asked us to end.
        """
        if self.asked_by is not None:
            raise KeyboardInterrupt

    def _remember(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002  a handler's shape
        self.asked_by = signal.Signals(number)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the quickstart; the result is the exit code of the first command that failed."""
    parser = argparse.ArgumentParser(prog="quickstart", description=__doc__)
    parser.add_argument("--state", type=Path, default=HERE / "demo", help="where to work")
    parser.add_argument("--once", action="store_true", help="leave after the searches")
    options = parser.parse_args(arguments)
    ending = Ending()
    stays = sys.stdout.isatty() and not options.once
    try:
        git = require_git()
        workplace = Workplace(options.state.resolve())
        with ExitStack() as servers:
            servers.enter_context(workplace.locked())
            return _tour(workplace, git, servers, ending, stays=stays)
    except (GitMissingError, BusyError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


def _tour(
    workplace: Workplace, git: str, servers: ExitStack, ending: Ending, *, stays: bool
) -> int:
    _say_step(1, "A git registry, served over HTTP")
    done = workplace.lay_registry(git)
    remote = GitServer(workplace.registry / ".git", git, port=workplace.choose_port("registry"))
    servers.enter_context(_serving(remote))
    workplace.remember_port("registry", remote.server_address[1])
    pages = len(list((workplace.registry / PAGES).glob("*.md")))
    _say(f"{_shown(workplace.registry)}: {done}, {pages} handbook pages")
    _say(f"{remote.url}")

    _say_step(2, "A ticket API")
    tickets = compose()
    api = TicketServer(tickets, port=workplace.choose_port("tickets"))
    servers.enter_context(_serving(api))
    workplace.remember_port("tickets", api.server_address[1])
    _say(f"{api.url}: {len(tickets)} tickets in pages, a bearer token, a 429 now and then")

    workplace.write_manifests(
        {"REGISTRY_URL": remote.url, "TICKETS_URL": api.url, "TICKETS_TOKEN": TOKEN}
    )
    _say_step(3, "Reconcile the manifests once")
    manifests = _shown(workplace.manifests)
    started = time.monotonic()
    code = _run(["dev", manifests, "--once"], Path.cwd(), ending)
    if code != 0:
        print(f"\nctx dev ended with {code}; what it said above names the reason.", flush=True)
        return code
    _say(f"all ready after {time.monotonic() - started:.1f} s")
    if not sys.stdout.isatty():
        # On a terminal the table is still to be seen.
        _run(["dev", "status", manifests], Path.cwd(), ending)

    _say_step(4, "Search what was synced")
    for query in SEARCHES:
        code = _run(["search", query, "--limit", "3"], workplace.manifests, ending)
        if code != 0:
            return code
    if not stays:
        return 0
    return _stay(workplace, manifests, ending)


def _stay(workplace: Workplace, manifests: str, ending: Ending) -> int:
    _say_step(5, "Edit and watch")
    _say("Change one of these and save; the source it belongs to is synced again:")
    for path in (PAGES / "on-call.md", Path("connectors/tickets/connector.lua")):
        _say(f"  {_shown(workplace.registry / path)}")
    _say(f"  {manifests}/tickets.yaml")
    _say("Ctrl-C ends everything.")
    tree = f"quickstart={_shown(workplace.registry)}"
    try:
        return _run(["dev", manifests, "--registry", tree], Path.cwd(), ending)
    except KeyboardInterrupt:
        print("\nStopped.")
        return 0


def _run(arguments: Sequence[str], directory: Path, ending: Ending) -> int:
    """
    Show a command and run it; it ends before we do, whatever happens.

    Raises:
        KeyboardInterrupt: Somebody asked us to end; the command has ended.
    """
    ending.check()
    where = "" if directory == Path.cwd() else f"cd {_shown(directory)} && "
    print(f"   $ {where}ctx {join(arguments)}", flush=True)
    command = [str(Path(sys.executable).with_name("ctx")), *arguments]
    with subprocess.Popen(command, cwd=directory, env=_environment()) as child:
        while ending.asked_by is None and not _has_ended(child, 0.2):
            pass
        # Ctrl-C on a terminal reached the child as well; only a lone signal has to be passed on.
        if ending.asked_by is signal.SIGTERM or not _has_ended(child, GRACE):
            child.terminate()
        if not _has_ended(child, PATIENCE):
            child.kill()
    ending.check()
    return child.returncode


def _has_ended(child: subprocess.Popen[bytes], within: float) -> bool:
    try:
        child.wait(within)
    except subprocess.TimeoutExpired:
        return False
    return True


def _environment() -> dict[str, str]:
    """Ours, but for what would lead `ctx` to another config, or through a proxy to loopback."""
    inherited = {name: value for name, value in os.environ.items() if name != "CTX_CONFIG"}
    direct = ",".join(filter(None, (inherited.get("NO_PROXY", ""), "127.0.0.1")))
    return {**inherited, "NO_PROXY": direct, "no_proxy": direct}


@contextmanager
def _serving(server: BaseServer) -> Iterator[None]:
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _say_step(number: int, title: str) -> None:
    print(f"\n{number}. {title}", flush=True)


def _say(line: str) -> None:
    print(f"   {line}", flush=True)


def _shown(path: Path) -> str:
    """Name a path as somebody in the present directory would type it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


if __name__ == "__main__":
    sys.exit(main())
