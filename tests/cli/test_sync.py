import pytest

from tests.cli.console import Console

TICKETS = """
connector = { name = "tickets" }
function connector.scan(config)
    log.info("as " .. (config.user or "nobody"))
    return {
        { source_id = "T-1", title = "Renew the certificate", body = "it expires" },
        { source_id = "T-2", title = "Restart the database", body = "after the failover" },
    }
end
"""
BROKEN = "connector = {}\nfunction connector.scan(c)\n  return c.x.y\nend\n"
SECTIONS = """
[connectors.script.tickets]
path = "tickets.lua"
user = "${CTX_TEST_USER}"

[connectors.script.broken]
path = "broken.lua"
"""


@pytest.fixture
def workspace(console: Console, monkeypatch: pytest.MonkeyPatch) -> Console:
    monkeypatch.setenv("CTX_TEST_USER", "robot-with-a-secret")
    console.write("ctx.toml", SECTIONS)
    console.write("tickets.lua", TICKETS)
    console.write("broken.lua", BROKEN)
    return console


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["sync"], "Missing argument 'CONNECTOR'"),
        (["sync", "git:docs"], "there is no connector 'git:docs'"),
        (["sync", "tickets"], "did you mean script:tickets?"),
        (["sync", "script:"], "'script:' names no section"),
        (["sync", "script:nope"], "there is no section [connectors.script.nope]"),
        (["sync", "script:tickets", "--source", "broken"], "name two sources"),
        (["sync", "script:tickets", "--limit", "0"], "0 is not in the range"),
    ],
)
def test_what_cannot_be_synced_is_a_usage_error(
    workspace: Console, arguments: list[str], problem: str
) -> None:
    answer = workspace.run(*arguments)

    assert answer.code == 2
    assert problem in answer.err


def test_nothing_configured_is_told_with_the_way_out(console: Console) -> None:
    answer = console.run("sync", "script")

    assert answer.code == 2
    assert "ctx connector init" in answer.err


def test_an_unset_variable_fails_the_run_by_name(
    workspace: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CTX_TEST_USER")

    answer = workspace.run("sync", "script:tickets")

    assert answer.code == 1
    assert "user uses ${CTX_TEST_USER}, and CTX_TEST_USER is not set" in answer.err


@pytest.mark.parametrize("arguments", [["script:tickets"], ["script", "--source", "tickets"]])
def test_both_spellings_sync_one_section(workspace: Console, arguments: list[str]) -> None:
    answer = workspace.run("sync", *arguments)

    assert answer.code == 0
    assert answer.out.splitlines()[:2] == ["sync script:tickets", "  fetched: 2 items"]
    assert answer.out.splitlines()[-1] == "ok"
    assert "T-2" in workspace.run("search", "database", "--output", "json").out


def test_a_script_that_fails_is_told_as_the_specification_tells_it(workspace: Console) -> None:
    answer = workspace.run("sync", "script:broken")

    assert answer.code == 1
    assert (
        "Error: script connector 'broken' failed:\n"
        "  broken.lua:3: attempt to index a nil value (field 'x')\n"
        "  stack traceback:\n"
        "    broken.lua:3: in function 'scan'\n"
    ) in answer.err


def test_one_that_works_beside_one_that_fails_is_partial(workspace: Console) -> None:
    answer = workspace.run("sync", "script")

    assert answer.code == 3
    assert "Syncing 2 connector instances..." in answer.err
    assert answer.out.count("sync script:") == 2


def test_a_dry_run_writes_nothing(workspace: Console) -> None:
    answer = workspace.run("sync", "script:tickets", "--dry-run")

    assert answer.code == 0
    assert "sync script:tickets (dry-run)" in answer.out
    assert not (workspace.directory / ".ctx").exists()


def test_a_second_sync_writes_nothing_new(workspace: Console) -> None:
    workspace.run("sync", "script:tickets")

    answer = workspace.run("sync", "script:tickets", "--full", "--output", "json")

    assert answer.code == 0
    assert '"added": 0' in answer.out
    assert '"unchanged": 2' in answer.out


def test_a_secret_of_the_config_is_not_shown_in_lines_of_the_script(workspace: Console) -> None:
    answer = workspace.run("sync", "script:tickets")

    assert "robot-with-a-secret" not in answer.out + answer.err
    assert "[script:tickets] INFO: as [redacted]" in answer.err


def test_a_run_document_that_is_not_there_is_named(workspace: Console) -> None:
    answer = workspace.run("sync", "script:tickets", "--run", "nope.json")

    assert answer.code == 1
    assert "nope.json cannot be read" in answer.err
