from pathlib import Path

import pytest
import tomli

from tests.cli.console import Console

GOOD = """
connector = { name = "tickets", version = "1.2.0" }
function connector.scan(config)
    log.info("looking at " .. (config.url or "nothing"))
    log.debug("in detail")
    local items = {}
    for n = 1, 5 do
        items[n] = { source_id = "T-" .. n, title = "Title " .. n, body = "text",
                     updated_at = "2026-02-" .. (10 + n) }
    end
    return items
end
"""


def test_a_name_that_cannot_be_used_is_refused(console: Console) -> None:
    answer = console.run("connector", "init", "../escape")

    assert answer.code == 2
    assert "'../escape' cannot name a connector" in answer.err


def test_a_script_that_is_there_is_not_written_over(console: Console) -> None:
    script = console.write("connectors/jira.lua", "-- mine\n")

    answer = console.run("connector", "init", "jira")

    assert answer.code == 2
    assert "connectors/jira.lua is there already" in answer.err
    assert script.read_text() == "-- mine\n"


def test_a_place_that_cannot_be_written_is_named(console: Console) -> None:
    console.write("connectors", "a file in the way")

    answer = console.run("connector", "init", "jira")

    assert answer.code != 0
    assert "connectors" in answer.err


def test_a_new_connector_comes_with_its_section(console: Console) -> None:
    answer = console.run("connector", "init", "my-tickets")

    assert answer.code == 0
    created, section = answer.out.split("\n\nAdd to ctx.toml:\n\n")
    assert created == "Created connectors/my-tickets.lua"
    assert tomli.loads(section)["connectors"]["script"]["my-tickets"] == {
        "path": "connectors/my-tickets.lua",
        "url": "https://api.example.com",
        "api_token": "${MY_TICKETS_API_TOKEN}",
    }


@pytest.mark.parametrize("file", [".ctx/config.toml", "config/ctx.toml", "ctx.toml"])
def test_the_section_of_a_new_connector_goes_into_the_settings_in_use(
    console: Console, file: str
) -> None:
    settings = console.write(file, "[db]\n")

    answer = console.run("connector", "init", "jira")
    section = answer.out.split(f"\n\nAdd to {file}:\n\n")[1]
    settings.write_text(section.replace("${JIRA_API_TOKEN}", "x"))

    assert f"-- Put this into {file}:" in (console.directory / "connectors/jira.lua").read_text()
    assert console.run("sources").out.splitlines()[1].split() == ["script:jira", "OK", "yes"]


def test_the_section_of_a_new_connector_finds_it_from_a_project_above(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = console.write("ctx.toml", "[db]\n")
    (console.directory / "deep").mkdir()
    monkeypatch.chdir(console.directory / "deep")

    answer = console.run("connector", "init", "jira")

    assert f"Add to {settings}:" in answer.out
    assert 'path = "deep/connectors/jira.lua"' in answer.out


@pytest.mark.parametrize("name", ["jira", "my.wiki", "2fast"])
def test_a_new_connector_runs_as_it_is_written(console: Console, name: str) -> None:
    console.run("connector", "init", name)

    answer = console.run("connector", "test", f"connectors/{name}.lua")

    assert answer.code == 0
    assert "✓ All items valid" in answer.out
    assert "(no items returned)" in answer.out
    assert "config.url is not set" in answer.err


@pytest.mark.parametrize("name", ["jira", "my.wiki", "2fast"])
def test_the_section_of_a_new_connector_can_be_used(
    console: Console, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    written = console.run("connector", "init", name, "--output", "json").json()
    console.write("ctx.toml", written["section"])
    table = tomli.loads(written["section"])["connectors"]["script"][name]
    monkeypatch.setenv(table["api_token"].strip("${}"), "secret")

    answer = console.run("sources", "--output", "json")

    [line] = answer.json()["sources"]
    assert line["name"] == f"script:{name}"
    assert line["healthy"]
    assert answer.err == ""


def test_a_script_that_is_not_there_is_named(console: Console) -> None:
    answer = console.run("connector", "test", "nope.lua")

    assert answer.code == 2
    assert answer.err == "Error: the script nope.lua is not there\n"


def test_a_directory_is_no_script(console: Console) -> None:
    answer = console.run("connector", "test", ".")

    assert answer.code == 2
    assert "is no file" in answer.err


def test_a_section_that_is_not_there_is_told_with_those_that_are(console: Console) -> None:
    console.write("a.lua", GOOD)
    console.write("ctx.toml", "[connectors.script.jira]\npath = 'a.lua'\n")

    answer = console.run("connector", "test", "a.lua", "--source", "jria")

    assert answer.code == 2
    assert "there is no section [connectors.script.jria]" in answer.err
    assert "configured: jira" in answer.err


def test_an_unset_variable_is_told_with_file_and_key(console: Console) -> None:
    console.write("a.lua", GOOD)
    config = console.write(
        "ctx.toml", "[connectors.script.a]\npath = 'a.lua'\ntoken = '${CTX_TEST_UNSET}'\n"
    )

    answer = console.run("connector", "test", "a.lua", "--source", "a", "--output", "json")

    assert answer.code == 1
    assert answer.error()["reason"] == "UndefinedVariable"
    assert answer.error()["message"] == (
        f"{config} [connectors.script.a]: token uses ${{CTX_TEST_UNSET}}, "
        "and CTX_TEST_UNSET is not set"
    )


def test_a_script_that_does_not_compile_fails_the_first_check(console: Console) -> None:
    console.write("a.lua", "connector = {\n")

    answer = console.run("connector", "test", "a.lua")

    assert answer.code == 1
    assert answer.out == "Testing connector: a (a.lua)\n  ✗ Script loaded\n"
    assert answer.err.startswith("Error: script connector 'a' failed:\n  a.lua:")


def test_a_script_without_scan_fails_the_second_check(console: Console) -> None:
    console.write("a.lua", "connector = {}\n")

    answer = console.run("connector", "test", "a.lua")

    assert answer.code == 1
    assert answer.out.splitlines()[1:] == ["  ✓ Script loaded", "  ✗ connector.scan defined"]


def test_a_scan_that_raises_is_told_with_its_traceback(console: Console) -> None:
    console.write("a.lua", "connector = {}\nfunction connector.scan(c)\n  return c.x.y\nend\n")

    answer = console.run("connector", "test", "a.lua")

    assert answer.code == 1
    assert answer.out.endswith("  ✓ Calling scan()...\n")
    assert answer.err == (
        "Error: script connector 'a' failed:\n"
        "  a.lua:3: attempt to index a nil value (field 'x')\n"
        "  stack traceback:\n"
        "    a.lua:3: in function 'scan'\n"
    )


def test_a_scan_that_never_ends_is_stopped_at_its_timeout(console: Console) -> None:
    console.write("a.lua", "connector = {}\nfunction connector.scan() while true do end end\n")
    console.write("ctx.toml", "[connectors.script.a]\npath = 'a.lua'\ntimeout = 1\n")

    answer = console.run("connector", "test", "a.lua", "--source", "a")

    assert answer.code == 1
    assert answer.err.startswith("Error: script connector 'a' timed out after 1 second")


def test_items_that_are_not_valid_are_told_one_by_one(console: Console) -> None:
    console.write(
        "a.lua",
        "connector = {}\nfunction connector.scan()\n"
        "  return { {source_id = 'A', body = 'x'}, {body = 'y'}, {source_id = 'C'} }\nend\n",
    )

    answer = console.run("connector", "test", "a.lua")

    assert answer.code == 3
    lines = answer.out.splitlines()
    assert "  ✓ Returned 3 items" in lines
    assert "  ✗ 1 of 3 items valid" in lines
    assert "      item at index 2: missing required field 'source_id'" in lines
    assert lines[-2:] == ["Items (first 1):", "  [0] A: "]


def test_the_output_is_that_of_the_specification(console: Console) -> None:
    console.write("connectors/jira.lua", GOOD)
    console.write(
        "ctx.toml", "[connectors.script.jira]\npath = 'connectors/jira.lua'\nurl = 'https://x'\n"
    )

    answer = console.run("connector", "test", "connectors/jira.lua", "--source", "jira")

    assert answer.code == 0
    assert answer.out == (
        "Testing connector: jira (connectors/jira.lua)\n"
        "  ✓ Script loaded\n"
        "  ✓ connector.scan defined\n"
        "  ✓ Calling scan()...\n"
        "  ✓ Returned 5 items\n"
        "  ✓ All items valid\n"
        "\n"
        "Items (first 3):\n"
        "  [0] T-1: Title 1 (2026-02-11)\n"
        "  [1] T-2: Title 2 (2026-02-12)\n"
        "  [2] T-3: Title 3 (2026-02-13)\n"
    )
    assert answer.err == "[script:jira] INFO: looking at https://x\n"


def test_debug_lines_are_shown_on_request(console: Console) -> None:
    console.write("a.lua", GOOD)

    answer = console.run("--verbose", "connector", "test", "a.lua")

    assert "[script:a] DEBUG: in detail\n" in answer.err


def test_a_script_is_named_after_its_directory_where_all_files_are_alike(
    console: Console,
) -> None:
    console.write("connectors/tickets/connector.lua", GOOD)

    answer = console.run("connector", "test", "connectors/tickets/connector.lua")

    assert answer.out.startswith("Testing connector: tickets (connectors/tickets/connector.lua)\n")


def test_a_limit_ends_the_scan(console: Console) -> None:
    console.write("a.lua", GOOD)

    answer = console.run("connector", "test", "a.lua", "--limit", "2", "--output", "json")

    trial = answer.json()
    assert answer.code == 0
    assert trial["limited"]
    assert [each["source_id"] for each in trial["items"]][:2] == ["T-1", "T-2"]


def test_a_trial_is_json_for_a_program(console: Console) -> None:
    console.write("a.lua", GOOD)

    trial = console.run("connector", "test", "a.lua", "--output", "json").json()

    assert (trial["connector"], trial["version"]) == ("a", "1.2.0")
    assert len(trial["items"]) == 5
    assert trial["items"][0]["updated_at"] == "2026-02-11T00:00:00Z"
    assert (trial["invalid"], trial["failed_requests"], trial["limited"]) == ([], [], False)


def test_nothing_is_stored(console: Console) -> None:
    console.write("a.lua", GOOD)

    console.run("connector", "test", "a.lua")

    assert not Path(".ctx").exists()
