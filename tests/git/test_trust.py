"""Settings of a whole process are tried in processes of their own."""

import subprocess
import sys
from pathlib import Path

import pytest

from controller.errors import FetchError
from controller.git.trust import require_libgit2
from tests.fakes.git_server import measured_environment

PROGRAM = """
from pathlib import Path
import sys
import pygit2
from pygit2.enums import ConfigLevel
from controller.git.credentials import Credentials
from controller.git.trust import apply_timeouts, apply_trust

home = Path(sys.argv[1])
apply_trust(home, Credentials(known_hosts="host ssh-ed25519 AAAA"))
apply_timeouts(1.5)
print(pygit2.settings.homedir)
print(sorted({pygit2.settings.search_path[l] for l in (ConfigLevel.SYSTEM, ConfigLevel.GLOBAL)}))
print(pygit2.settings.server_timeout, pygit2.settings.server_connect_timeout)
"""


@pytest.mark.parametrize("version", ["1.5.1", "1.9.6", "0.99.0"])
def test_a_libgit2_with_known_holes_is_refused(version: str) -> None:
    with pytest.raises(FetchError, match="too old"):
        require_libgit2(version)


def test_the_libgit2_of_this_installation_is_good_enough() -> None:
    require_libgit2()
    require_libgit2("2.0.0")


def test_a_process_trusts_its_own_home_and_nothing_of_the_user(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-c", PROGRAM, str(tmp_path)],
        capture_output=True,
        text=True,
        env=measured_environment(),
        check=True,
    )

    assert done.stdout.splitlines() == [
        str(tmp_path),
        str([str(tmp_path / "config")]),
        "1500 1500",
    ]
    assert (tmp_path / ".ssh/known_hosts").read_text() == "host ssh-ed25519 AAAA"
