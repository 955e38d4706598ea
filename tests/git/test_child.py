"""Workers as processes: what they know, and that none is left behind."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from controller.errors import FetchError
from controller.git.credentials import Credentials
from controller.git.remote import MOST_IDLE, GitWorkers, Remote
from controller.model.registry import GitReference
from tests.fakes.git_server import (
    Faults,
    GitServer,
    Repository,
    live_workers,
    make_repository,
)

ADA = Credentials(username="ada", password="correct horse")
MAIN = GitReference()


@dataclass(frozen=True)
class Team:
    """A remote repository."""

    server: GitServer
    repository: Repository


@pytest.fixture
def team(server: GitServer) -> Team:
    return Team(server, make_repository(server.root / "team", {"a.lua": "one"}))


def test_remotes_of_different_trust_never_share_a_worker(team: Team, workers: GitWorkers) -> None:
    hosts = [f"host{n} ssh-ed25519 AAAA{n}" for n in range(MOST_IDLE + 2)]

    for known in hosts:
        workers.look(_remote(team, Credentials(known_hosts=known)), MAIN)

    assert len(live_workers()) == MOST_IDLE


def test_closing_leaves_no_process_and_no_home(team: Team, workers: GitWorkers) -> None:
    workers.look(_remote(team), MAIN)
    homes = [child.home for _, child in workers._idle]

    workers.close()

    assert live_workers() == []
    assert [home for home in homes if home.exists()] == []


def test_no_login_stands_on_a_command_line_or_in_an_environment(
    team: Team, workers: GitWorkers
) -> None:
    team.server.faults = Faults(login=("ada", "correct horse"))
    workers.look(_remote(team, ADA), MAIN)

    for worker in live_workers():
        for page in ("cmdline", "environ"):
            assert b"correct horse" not in Path(f"/proc/{worker}/{page}").read_bytes()


def test_a_worker_that_is_killed_while_idle_costs_one_attempt(
    team: Team, workers: GitWorkers
) -> None:
    workers.look(_remote(team), MAIN)
    for worker in live_workers():
        os.kill(worker, signal.SIGKILL)

    with pytest.raises(FetchError, match="SIGKILL"):
        workers.look(_remote(team), MAIN)

    assert workers.look(_remote(team), MAIN).commit == team.repository.head()


def _remote(team: Team, login: Credentials | None = None) -> Remote:
    return Remote(team.server.url("team"), login)
