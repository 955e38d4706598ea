"""The program, spoken to as its parent does."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from controller.git.credentials import Credentials
from controller.git.wire import Answer, Request
from controller.git.worker import respond
from controller.model.registry import GitReference
from tests.fakes.git_server import Faults, GitServer, make_repository, measured_environment

COMMAND = [sys.executable, "-I", "-m", "controller.git.worker"]


@pytest.fixture
def request_(tmp_path: Path) -> Request:
    repository = make_repository(tmp_path / "remote", {"a.lua": "one"})
    return Request(
        action="look",
        url=f"file://{repository.directory}",
        reference=GitReference(),
        home=str(tmp_path / "home"),
        timeout=5,
    )


def test_each_line_is_answered_with_one_line_and_the_end_ends_it(request_: Request) -> None:
    lines = [
        msgspec.json.encode(replace(request_, reference=GitReference(branch=branch)))
        for branch in ("nowhere", "main", "")
    ]

    done = _run(b"\n".join(lines) + b"\n")

    answers = [msgspec.json.decode(line, type=Answer) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [answer.head is not None for answer in answers] == [False, True, True]
    assert answers[0].failure is not None
    assert answers[0].failure.error == "ReferenceNotFoundError"


def test_a_trust_that_cannot_be_set_up_is_tried_again_with_the_next_request(
    request_: Request,
) -> None:
    broken = replace(request_, credentials=Credentials(ca="no certificate"))

    done = _run(msgspec.json.encode(broken) + b"\n" + msgspec.json.encode(request_) + b"\n")

    answers = [msgspec.json.decode(line, type=Answer) for line in done.stdout.splitlines()]
    assert [answer.failure is not None for answer in answers] == [True, False]


def test_a_request_that_is_none_ends_the_worker_without_an_answer() -> None:
    done = _run(b'{"action": "format the disk"}\n')

    assert done.returncode != 0
    assert done.stdout == b""


def test_a_worker_whose_parent_is_gone_does_not_stay(request_: Request) -> None:
    # The pipe is never read from nor written to again, as when a parent is killed.
    reading, writing = os.pipe()
    with subprocess.Popen(COMMAND, stdin=reading, stdout=subprocess.PIPE, env={}) as worker:
        os.close(reading)
        os.close(writing)

        assert worker.wait(5) == 0


@pytest.mark.parametrize("stalled", [False, True])
def test_a_worker_whose_parent_is_gone_takes_its_home_with_it(
    request_: Request, tmp_path: Path, stalled: bool
) -> None:
    served = tmp_path / "served"
    make_repository(served / "team", {"a.lua": "one"})
    with GitServer(served, Faults(stall_listing=stalled)) as server:
        visit = replace(request_, url=server.url("team"))
        with subprocess.Popen(
            COMMAND, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env={}
        ) as worker:
            assert worker.stdin is not None
            worker.stdin.write(msgspec.json.encode(visit) + b"\n")
            worker.stdin.flush()
            if stalled:
                assert server.stalled.wait(5)
            worker.stdin.close()

            assert worker.wait(5) == int(stalled)

    assert not Path(request_.home).exists()


def test_a_defect_of_ours_becomes_an_answer_without_secrets(tmp_path: Path) -> None:
    login = Credentials(username="ada", password="hunter22")
    request = Request(
        action="fetch",
        url="file:///hunter22",
        reference=GitReference(),
        home=str(tmp_path),
        timeout=5,
        credentials=login,
        mirror="\0",
    )

    answer = respond(request)

    assert answer.failure is not None
    assert "hunter22" not in answer.failure.message


def _run(lines: bytes) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        COMMAND, input=lines, capture_output=True, env=measured_environment(), check=False
    )
