import socket
from contextlib import closing
from pathlib import Path

import pytest

from examples.quickstart.git_remote import Repository, require_git
from examples.quickstart.workplace import HERE, PAGES, BusyError, Workplace


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path / "demo")


@pytest.fixture
def older(tmp_path: Path) -> Workplace:
    """The same place, as a start from an older template left it."""
    template = tmp_path / "template"
    template.mkdir()
    (template / "registry.toml").write_text("# older\n")
    (template / "left-over").write_text("gone from the newer one\n")
    made = Workplace(tmp_path / "demo", template)
    lay(made)
    return made


def lay(workplace: Workplace) -> str:
    with workplace.locked():
        return workplace.lay_registry(require_git())


def test_a_second_quickstart_in_the_same_directory_is_kept_out(workplace: Workplace) -> None:
    other = Workplace(workplace.root)

    with (
        workplace.locked(),
        pytest.raises(BusyError, match="another quickstart is at work"),
        other.locked(),
    ):
        pytest.fail("two are in")


def test_the_registry_holds_the_template_with_the_pages_of_the_quickstart(
    workplace: Workplace,
) -> None:
    lay(workplace)

    pages = {path.name for path in (workplace.registry / PAGES).iterdir()}
    assert (workplace.registry / "registry.toml").is_file()
    assert pages == {path.name for path in (HERE / "handbook").iterdir()}


def test_everything_laid_out_is_committed(workplace: Workplace) -> None:
    said = lay(workplace)

    repository = Repository(workplace.registry, require_git())
    assert said == f"committed {repository.head()}"
    assert not repository.is_dirty()


def test_a_second_start_finds_it_unchanged(workplace: Workplace) -> None:
    lay(workplace)
    head = Repository(workplace.registry, require_git()).head()

    assert lay(workplace) == f"unchanged at {head}"


def test_edits_survive_a_second_start(workplace: Workplace) -> None:
    lay(workplace)
    page = workplace.registry / PAGES / "on-call.md"
    page.write_text("# On call\n\nCall the lighthouse.\n")

    said = lay(workplace)

    assert said.endswith(", with edits")
    assert "lighthouse" in page.read_text()


def test_a_newer_template_is_taken_over_where_nothing_was_edited(
    older: Workplace, workplace: Workplace
) -> None:
    laid = (older.registry / "left-over").exists()

    said = lay(workplace)

    assert said.startswith("committed ")
    assert (laid, (workplace.registry / "left-over").exists()) == (True, False)
    assert (workplace.registry / "connectors" / "tickets" / "connector.lua").exists()


def test_a_newer_template_does_not_overwrite_edits(older: Workplace, workplace: Workplace) -> None:
    (older.registry / "registry.toml").write_text("# mine\n")

    said = lay(workplace)

    assert said.startswith("kept at ")
    assert (workplace.registry / "registry.toml").read_text() == "# mine\n"


def test_manifests_are_filled_in_and_left_alone_when_nothing_changed(
    workplace: Workplace,
) -> None:
    values = {"REGISTRY_URL": "http://127.0.0.1:1/x.git", "TICKETS_URL": "u", "TICKETS_TOKEN": "t"}
    workplace.write_manifests(values)
    before = {path: path.stat().st_mtime_ns for path in workplace.manifests.iterdir()}

    workplace.write_manifests(values)

    assert {path: path.stat().st_mtime_ns for path in workplace.manifests.iterdir()} == before
    texts = [path.read_text() for path in before]
    assert len(texts) == 4
    assert not [text for text in texts if "@" in text]


def test_the_port_of_the_last_time_is_chosen_again(workplace: Workplace) -> None:
    with workplace.locked(), closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        workplace.remember_port("tickets", port)
        while_taken = workplace.choose_port("tickets")
        probe.close()
        once_free = workplace.choose_port("tickets")

    assert (while_taken, once_free) == (0, port)
