"""Visits to a remote that is well, ill, or not there."""

import os
import signal
import threading
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from controller.errors import (
    AuthenticationError,
    EmptyRepositoryError,
    FetchCancelledError,
    FetchTimeoutError,
    HarnessError,
    InvalidSpecError,
    NetworkError,
    RedirectError,
    ReferenceNotFoundError,
    RepositoryNotFoundError,
)
from controller.git.credentials import Credentials
from controller.git.remote import GitWorkers, Remote
from controller.git.wire import Checkout
from controller.model.registry import GitReference, RepositoryLimits
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
class Visit:
    """A repository at a remote, and what is needed to fetch it."""

    server: GitServer
    workers: GitWorkers
    repository: Repository
    home: Path

    def remote(self, login: Credentials | None = None, seconds: float = 8) -> Remote:
        return Remote(self.server.url("team"), login, timedelta(seconds=seconds))

    def fetch(
        self, reference: GitReference = MAIN, *, remote: Remote | None = None, subpath: str = "."
    ) -> Checkout:
        return self.workers.fetch(
            remote or self.remote(),
            reference,
            self.home / "mirror",
            self.home / "published",
            RepositoryLimits(),
            subpath,
        )


@pytest.fixture
def visit(tmp_path: Path, server: GitServer, workers: GitWorkers) -> Visit:
    repository = make_repository(server.root / "team", {"a.lua": "one", "d/b.lua": "two"})
    return Visit(server, workers, repository, tmp_path / "home")


@pytest.mark.parametrize(
    ("faults", "kind"),
    [
        (Faults(status=403), AuthenticationError),
        (Faults(status=404), RepositoryNotFoundError),
        (Faults(status=429), NetworkError),
        (Faults(status=500), NetworkError),
        (Faults(login=("ada", "other")), AuthenticationError),
        (Faults(bearer="other"), AuthenticationError),
        (Faults(redirect="http://127.0.0.2:9"), RedirectError),
    ],
)
def test_a_remote_that_refuses_is_named_with_its_reason(
    visit: Visit, faults: Faults, kind: type[HarnessError]
) -> None:
    visit.server.faults = faults

    with pytest.raises(kind) as looked:
        visit.workers.look(visit.remote(ADA), MAIN)
    with pytest.raises(kind) as fetched:
        visit.fetch(remote=visit.remote(ADA))

    for refused in (looked, fetched):
        assert refused.value.message.startswith(visit.server.url("team"))
        assert ADA.password not in f"{refused.value.message} {refused.value.hint}"


def test_a_login_never_follows_a_redirect(
    visit: Visit, tmp_path: Path, workers: GitWorkers
) -> None:
    elsewhere = tmp_path / "elsewhere"
    make_repository(elsewhere / "team", {"a.lua": "stolen"})
    with GitServer(elsewhere, host="127.0.0.2") as thief:
        visit.server.faults = Faults(redirect=thief.url("").rstrip("/"))

        for login in (ADA, Credentials(bearer_token="token")):
            with pytest.raises(RedirectError):
                workers.look(visit.remote(login), MAIN)

        assert thief.requests == []


def test_a_password_is_not_given_to_another_port_of_the_host(visit: Visit) -> None:
    with GitServer(visit.server.root, Faults(login=("ada", "correct horse"))) as thief:
        visit.server.faults = Faults(redirect=thief.url("").rstrip("/"))

        with pytest.raises(AuthenticationError, match="another address"):
            visit.workers.look(visit.remote(ADA), MAIN)

        assert [header for _, _, header in thief.requests] == [""]


def test_a_refused_login_is_offered_twice_at_most(visit: Visit) -> None:
    visit.server.faults = Faults(login=("ada", "other"))

    with pytest.raises(AuthenticationError):
        visit.workers.look(visit.remote(ADA), MAIN)

    assert len([header for _, _, header in visit.server.requests if header]) <= 2


def test_a_login_is_sent_only_when_asked_for(visit: Visit) -> None:
    visit.workers.look(visit.remote(ADA), MAIN)

    assert [header for _, _, header in visit.server.requests] == [""]


@pytest.mark.parametrize(
    ("faults", "login"),
    [
        (Faults(login=("ada", "correct horse")), ADA),
        (Faults(bearer="token"), Credentials(bearer_token="token")),
    ],
)
def test_the_right_login_opens_the_remote(visit: Visit, faults: Faults, login: Credentials) -> None:
    visit.server.faults = faults

    checkout = visit.fetch(remote=visit.remote(login))

    assert checkout.commit == visit.repository.head()


def test_an_address_where_nobody_listens_is_a_network_error(workers: GitWorkers) -> None:
    with pytest.raises(NetworkError, match="refused"):
        workers.look(Remote("http://127.0.0.1:1/team"), MAIN)


def test_plain_http_to_another_machine_is_refused_before_any_visit(workers: GitWorkers) -> None:
    with pytest.raises(InvalidSpecError):
        workers.look(Remote("http://192.0.2.1/team"), MAIN)


def test_a_certificate_that_is_none_is_refused(visit: Visit) -> None:
    with pytest.raises(InvalidSpecError, match=r"ca\.crt"):
        visit.workers.look(visit.remote(Credentials(ca="no certificate")), MAIN)


@pytest.mark.parametrize("action", ["look", "fetch"])
def test_a_repository_without_a_commit_is_called_empty(visit: Visit, action: str) -> None:
    make_repository(visit.server.root / "empty")
    remote = Remote(visit.server.url("empty"))

    with pytest.raises(EmptyRepositoryError):
        _ = visit.workers.look(remote, MAIN) if action == "look" else visit.fetch(remote=remote)


def test_a_repository_that_is_not_there_is_not_found(visit: Visit) -> None:
    with pytest.raises(RepositoryNotFoundError):
        visit.workers.look(Remote(visit.server.url("nowhere")), MAIN)


def test_a_deleted_branch_is_not_found_and_the_others_are_named(visit: Visit) -> None:
    visit.repository.git("branch", "next")
    visit.fetch(GitReference(branch="next"))
    visit.repository.git("branch", "-D", "next")

    with pytest.raises(ReferenceNotFoundError) as missing:
        visit.fetch(GitReference(branch="next"))

    assert missing.value.hint == "branches: main"


@pytest.mark.parametrize("faults", [Faults(stall_listing=True), Faults(stall_after=40)])
def test_a_silent_remote_ends_at_the_timeout(visit: Visit, faults: Faults) -> None:
    visit.server.faults = faults

    with pytest.raises(FetchTimeoutError):
        visit.fetch(remote=visit.remote(seconds=0.7))

    assert live_workers() == []


def test_a_look_that_timed_out_does_not_spoil_the_next(visit: Visit) -> None:
    visit.server.faults = Faults(stall_listing=True)
    with pytest.raises(FetchTimeoutError):
        visit.workers.look(visit.remote(seconds=0.7), MAIN)
    visit.server.faults = Faults()

    head = visit.workers.look(visit.remote(), MAIN)

    assert head.commit == visit.repository.head()


def test_a_fetch_after_a_killed_worker_brings_everything(visit: Visit) -> None:
    visit.server.faults = Faults(stall_after=40)
    ended: list[HarnessError] = []

    def attempt() -> None:
        try:
            visit.fetch()
        except HarnessError as error:
            ended.append(error)

    thread = threading.Thread(target=attempt)
    thread.start()
    assert visit.server.stalled.wait(8)
    for worker in live_workers():
        os.kill(worker, signal.SIGKILL)
    thread.join()
    visit.server.faults = Faults()
    checkout = visit.fetch()

    assert [str(error).endswith("the git worker died of SIGKILL") for error in ended] == [True]
    assert _texts(checkout) == {"a.lua": "one", "d/b.lua": "two"}


def test_a_cancelled_visit_ends_at_once_and_no_other_begins(visit: Visit) -> None:
    visit.server.faults = Faults(stall_listing=True)
    ended: list[HarnessError] = []

    def attempt() -> None:
        try:
            visit.workers.look(visit.remote(), MAIN)
        except HarnessError as error:
            ended.append(error)

    thread = threading.Thread(target=attempt)
    thread.start()
    assert visit.server.stalled.wait(8)
    visit.workers.cancel()
    thread.join(2)

    assert [type(error) for error in ended] == [FetchCancelledError]
    with pytest.raises(FetchCancelledError):
        visit.fetch()
    assert live_workers() == []


def test_a_force_push_moves_the_revision(visit: Visit) -> None:
    visit.repository.commit({"a.lua": "wrong"})
    visit.fetch()
    visit.repository.git("reset", "--quiet", "--hard", "HEAD~1")
    visit.repository.commit({"a.lua": "right"})

    checkout = visit.fetch()

    assert checkout.commit == visit.repository.head()
    assert _texts(checkout)["a.lua"] == "right"


def test_a_renamed_default_branch_is_followed(visit: Visit) -> None:
    before = visit.workers.look(visit.remote(), MAIN)
    visit.repository.git("branch", "--move", "main", "trunk")

    after = visit.workers.look(visit.remote(), MAIN)

    assert (before.label, after.label) == ("main", "trunk")
    assert before.commit == after.commit


def test_an_annotated_tag_means_its_commit(visit: Visit) -> None:
    visit.repository.git("tag", "--annotate", "v1.4.0", "--message", "Release")
    released = visit.repository.head()
    visit.repository.commit({"a.lua": "later"})

    checkout = visit.fetch(GitReference(semver=">=1.0"))

    assert checkout.revision == f"v1.4.0@sha1:{released}"
    assert _texts(checkout)["a.lua"] == "one"


@pytest.mark.parametrize("branch", ["", "main"])
def test_an_old_commit_is_found_though_the_mirror_is_shallow(visit: Visit, branch: str) -> None:
    old = visit.repository.head()
    visit.repository.commit({"a.lua": "later"})
    visit.repository.commit({"a.lua": "latest"})
    visit.fetch()

    checkout = visit.fetch(GitReference(commit=old, branch=branch))

    assert checkout.revision == f"{branch}{'@' if branch else ''}sha1:{old}"
    assert _texts(checkout)["a.lua"] == "one"


def test_a_commit_that_no_branch_holds_is_not_found(visit: Visit) -> None:
    with pytest.raises(ReferenceNotFoundError, match="on any branch"):
        visit.fetch(GitReference(commit="0" * 39 + "1"))


def test_a_look_at_a_commit_asks_nobody(visit: Visit) -> None:
    head = visit.workers.look(visit.remote(), GitReference(commit="a" * 40))

    assert head.commit == "a" * 40
    assert visit.server.requests == []


def test_a_local_repository_is_fetched_by_its_file_address(visit: Visit) -> None:
    old = visit.repository.head()
    visit.repository.commit({"a.lua": "later"})
    remote = Remote(f"file://{visit.repository.directory}")

    newest = visit.fetch(remote=remote)
    oldest = visit.fetch(GitReference(commit=old), remote=remote)

    assert _texts(newest)["a.lua"] == "later"
    assert _texts(oldest)["a.lua"] == "one"


def test_a_registry_may_lie_in_a_directory_of_its_repository(visit: Visit) -> None:
    checkout = visit.fetch(subpath="d")

    assert _texts(checkout) == {"b.lua": "two"}
    assert checkout.files == 1


def test_the_second_look_is_one_request_and_no_new_process(visit: Visit) -> None:
    visit.workers.look(visit.remote(), MAIN)
    before = live_workers()
    visit.server.requests.clear()

    visit.workers.look(visit.remote(), MAIN)

    assert live_workers() == before
    assert len(visit.server.requests) == 1


def _texts(checkout: Checkout) -> dict[str, str]:
    root = Path(checkout.path)
    return {
        str(path.relative_to(root)): path.read_text()
        for path in root.rglob("*")
        if path.is_file() or path.is_symlink()
    }
