"""The quickstart as its reader runs it: the command, its output, its exit code, what it leaves."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "examples/quickstart/run.py"]


def run(state: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "--state", str(state)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )


@pytest.mark.timeout(60)
def test_it_syncs_searches_and_finds_everything_unchanged_the_second_time(tmp_path: Path) -> None:
    first = run(tmp_path / "demo")
    second = run(tmp_path / "demo")

    assert first.returncode == 0, first.stdout + first.stderr
    assert "520 tickets" in first.stdout
    for query in ("certificate renewal", "database failover", "rate limit"):
        answer = first.stdout.partition(f"ctx search '{query}'")[2].partition("$ ")[0]
        assert "1. [1.00]" in answer
        assert query.split()[0] in answer.lower()
    assert second.returncode == 0, second.stdout + second.stderr
    assert "unchanged at " in second.stdout


def test_without_git_it_says_so(tmp_path: Path) -> None:
    refused = run(tmp_path / "demo", PATH=str(tmp_path))

    assert refused.returncode == 1
    assert refused.stderr == (
        "Error: git is not installed; the quickstart needs it to serve a registry\n"
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_its_child(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        [*COMMAND, "--state", str(tmp_path / "demo")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as quickstart:
        assert quickstart.stdout is not None
        for line in quickstart.stdout:
            if "ctx dev" in line:
                break
        quickstart.send_signal(number)
        quickstart.communicate(timeout=9)

    assert quickstart.returncode == 130
    with pytest.raises(ProcessLookupError):
        os.killpg(quickstart.pid, 0)
