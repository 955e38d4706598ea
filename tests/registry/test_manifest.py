import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import ManifestError
from controller.model.extension import ExtensionEntry, ExtensionKind
from controller.registry.manifest import (
    CONTRACT_VERSION,
    Problem,
    Severity,
    confined,
    examine_manifest,
    parse_manifest,
)

FULL = """
[registry]
name = "community"
description = "Extensions for everybody"
url = "https://example.org/registry"
min_version = "0.3.0"

[connectors.jira]
description = "Issues and comments"
path = "connectors/jira/connector.lua"
tags = ["atlassian", "project-management"]
required_config = ["url", "api_token"]
host_apis = ["http", "json", "env"]

[tools.summarize]
path = "tools/summarize/tool.lua"

[agents.runbook]
path = "./agents/runbook/agent.lua"
tools = ["search", "get"]
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[registry]\nname = \n",
            "registry.toml:2:8: Invalid value (key 'name')",
        ),
        ("[registry\n", "registry.toml:1:10: "),
        ("a = 1\na = 2\n", "registry.toml:2:6: "),
        ("registry = 3\n", "registry.toml:1: registry must be a table, not a number"),
        ("connectors = ['x']\n", "registry.toml:1: connectors must be a table, not a list"),
        (
            "[registry]\nname = 3\n",
            "registry.toml:2: registry.name must be a string, not a number",
        ),
        (
            "[connectors]\njira = 'x.lua'\n",
            "registry.toml:2: connectors.jira must be a table, not a string",
        ),
        (
            "\n[connectors.jira]\ntags = []\n",
            "registry.toml:2: [connectors.jira] has no key 'path'",
        ),
        (
            "[connectors.jira]\npath = true\n",
            "registry.toml:2: connectors.jira.path must be a string, not a boolean",
        ),
        (
            "[connectors.jira]\npath = {x = 1}\n",
            "registry.toml:2: connectors.jira.path must be a string, not a table",
        ),
        ('"\\u0074ools" = 3\n', "registry.toml: tools must be a table, not a number"),
        ("[tools.x]\npath = ''\n", "registry.toml:2: tools.x.path is empty"),
        (
            "[tools.x]\npath = '/etc/passwd'\n",
            "registry.toml:2: tools.x.path: '/etc/passwd' leads out of the registry",
        ),
        (
            "[tools.x]\npath = 'a/../../b.lua'\n",
            "registry.toml:2: tools.x.path: 'a/../../b.lua' leads out of the registry",
        ),
        (
            "[connectors.jira]\npath = 'j.lua'\ntags = 'one'\n",
            "registry.toml:3: connectors.jira.tags must be a list of strings",
        ),
        (
            "[connectors.jira]\npath = 'j.lua'\ntools = [1]\n",
            "registry.toml:3: connectors.jira.tools must be a list of strings",
        ),
        (
            "[connectors.'../x']\npath = 'j.lua'\n",
            "registry.toml:1: [connectors.../x]: '../x' is no name of an extension",
        ),
        (
            "[registry]\nmin_version = 'new'\n",
            "registry.toml:2: registry.min_version: 'new' is no version",
        ),
        (
            "[registry]\nmin_version = '9.0'\n",
            (
                "registry.toml:2: registry.min_version: needs version 9.0 of the script contract,"
                f" this release offers {CONTRACT_VERSION}"
            ),
        ),
    ],
)
def test_a_manifest_that_cannot_be_used_is_refused_by_line_and_key(text: str, message: str) -> None:
    with pytest.raises(ManifestError) as refused:
        parse_manifest(text)

    assert refused.value.message.startswith(message)


def test_a_manifest_of_absurd_size_is_not_even_parsed() -> None:
    with pytest.raises(ManifestError, match="more than 1048576 characters"):
        parse_manifest("#" * 1048577)


def test_one_bad_entry_refuses_the_manifest_and_all_are_counted() -> None:
    text = "[connectors.a]\n[connectors.b]\n[connectors.c]\npath = 'c.lua'\n"

    with pytest.raises(ManifestError) as refused:
        parse_manifest(text)

    assert refused.value.message == (
        "registry.toml:1: [connectors.a] has no key 'path' (and 1 more)"
    )


def test_every_field_of_the_specification_is_read() -> None:
    manifest = parse_manifest(FULL)

    assert manifest.name == "community"
    assert manifest.min_version == "0.3.0"
    assert manifest.warnings == ()
    assert manifest.extensions == (
        ExtensionEntry(
            ExtensionKind.CONNECTOR,
            "jira",
            "connectors/jira/connector.lua",
            "Issues and comments",
            ("atlassian", "project-management"),
            ("url", "api_token"),
            ("http", "json", "env"),
        ),
        ExtensionEntry(ExtensionKind.TOOL, "summarize", "tools/summarize/tool.lua"),
        ExtensionEntry(
            ExtensionKind.AGENT, "runbook", "agents/runbook/agent.lua", tools=("search", "get")
        ),
    )


def test_an_empty_manifest_is_a_registry_of_nothing() -> None:
    assert parse_manifest("").extensions == ()


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("[registri]\n", "registry.toml:1: unknown key 'registri', did you mean 'registry'?"),
        ("colour = 'red'\n", "registry.toml:1: unknown key 'colour'"),
        (
            "[registry]\nnmae = 'x'\n",
            "registry.toml:2: unknown key 'nmae' in [registry], did you mean 'name'?",
        ),
        (
            "[connectors.jira]\npath = 'j.lua'\n'require_config' = []\n",
            (
                "registry.toml:3: unknown key 'require_config' in [connectors.jira],"
                " did you mean 'required_config'?"
            ),
        ),
        (
            "connectors.jira = {path = 'j.lua', zzz = 1}\n",
            "registry.toml:1: unknown key 'zzz' in [connectors.jira]",
        ),
    ],
)
def test_an_unknown_key_is_a_warning_with_the_nearest_known_name(text: str, warning: str) -> None:
    assert parse_manifest(text).warnings == (warning,)


@pytest.mark.parametrize("version", ["0.8.0", "0.8", "0", "v0.7.9", "0.8.0-rc.1"])
def test_a_contract_that_this_release_offers_is_accepted(version: str) -> None:
    assert parse_manifest(f"[registry]\nmin_version = '{version}'\n").min_version == version


def test_an_error_after_the_last_line_names_no_key() -> None:
    _, problems = examine_manifest("a = 1\nb = '''\n")

    assert [problem.severity for problem in problems] == [Severity.ERROR]


def test_a_problem_without_a_place_in_the_file_names_the_file() -> None:
    assert Problem("registry.toml", 0, "is odd").text() == "registry.toml: is odd"


@pytest.mark.parametrize(
    "path", ["", ".", "/a", "..", "../a", "a/../b", "a\\b", "a\x00b", "./", "a/.."]
)
def test_a_path_that_may_leave_its_root_is_not_confined(path: str) -> None:
    assert not confined(path)


@given(st.text())
def test_any_text_is_a_manifest_or_a_list_of_problems(text: str) -> None:
    manifest, problems = examine_manifest(text)

    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    assert errors or manifest is not None
    assert all(problem.text().startswith("registry.toml") for problem in problems)


def test_a_manifest_nested_without_end_is_refused_and_no_defect() -> None:
    _, problems = examine_manifest("a = " + "[" * 50_000)

    assert [problem.text() for problem in problems] == ["registry.toml: nested too deeply"]
