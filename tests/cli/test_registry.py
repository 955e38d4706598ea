import pytest

from tests.cli.console import Console

MANIFEST = """
[registry]
name = "mine"

[connectors.broken]
path = "connectors/broken/connector.lua"

[connectors.missing]
path = "connectors/missing/connector.lua"
descriptions = "a typing error"
"""


def test_a_directory_that_is_not_there_is_a_usage_error(console: Console) -> None:
    answer = console.run("registry", "lint", "nowhere")

    assert answer.code == 2
    assert "nowhere is no directory" in answer.err


def test_every_problem_is_told_with_its_place(console: Console) -> None:
    console.write("registry.toml", MANIFEST)
    console.write("connectors/broken/connector.lua", "connector = {\n\n")

    answer = console.run("registry", "lint", ".")

    assert answer.code == 1
    lines = answer.out.splitlines()
    assert any(line.startswith("connectors/broken/connector.lua:") for line in lines)
    assert any("connectors/missing/connector.lua" in line for line in lines)
    assert any("warning: " in line and "description" in line for line in lines)
    assert lines[-1] == "2 extensions: 2 errors, 1 warning"


def test_problems_are_json_for_a_program(console: Console) -> None:
    console.write("registry.toml", MANIFEST)
    console.write("connectors/broken/connector.lua", "connector = {\n\n")

    answer = console.run("registry", "lint", ".", "--output", "json")

    report = answer.json()
    assert answer.code == 1
    assert not report["publishable"]
    assert {entry["name"] for entry in report["extensions"]} == {"broken", "missing"}
    [broken] = [each for each in report["problems"] if each["file"].startswith("connectors/broken")]
    assert (broken["severity"], broken["line"]) == ("error", 3)


def test_a_manifest_that_is_no_toml_is_told_with_line_and_column(console: Console) -> None:
    console.write("registry.toml", "[registry]\nname = \n")

    answer = console.run("registry", "lint", ".")

    assert answer.code == 1
    assert answer.out.startswith("registry.toml:2:8: ")


def test_a_new_registry_has_no_problem(console: Console) -> None:
    created = console.run("registry", "init", "--new", "mine")
    checked = console.run("registry", "lint", "mine")

    assert created.out == "Created mine\nCheck it with: ctx registry lint mine\n"
    assert checked.code == 0
    assert checked.out == "4 extensions: 0 errors, 0 warnings\n"


def test_a_new_registry_has_the_name_of_its_directory_or_a_given_one(console: Console) -> None:
    console.run("registry", "init", "--new", "mine")
    named = console.run(
        "registry", "init", "--new", "other", "--name", "company", "--output", "json"
    )

    assert 'name = "mine"' in (console.directory / "mine" / "registry.toml").read_text()
    assert 'name = "company"' in (console.directory / "other" / "registry.toml").read_text()
    assert named.json() == {"directory": str(console.directory / "other"), "name": "company"}


def test_a_directory_with_something_in_it_is_left_alone(console: Console) -> None:
    console.write("mine/notes.txt", "keep")

    answer = console.run("registry", "init", "--new", "mine")

    assert answer.code == 2
    assert "mine is not empty" in answer.err
    assert [path.name for path in (console.directory / "mine").iterdir()] == ["notes.txt"]


def test_a_place_that_cannot_be_written_is_named(console: Console) -> None:
    console.write("file", "in the way")

    answer = console.run("registry", "init", "--new", "file/below")

    assert answer.code == 1
    assert "cannot write file/below" in answer.err


@pytest.mark.parametrize("arguments", [["init"], ["lint"], ["nope"]])
def test_a_command_without_what_it_needs_is_a_usage_error(
    console: Console, arguments: list[str]
) -> None:
    answer = console.run("registry", *arguments)

    assert answer.code == 2
    assert "Hint: see ctx registry" in answer.err
