"""Identifiers, good and bad."""

import pytest

from controller.errors import InvalidSpecError, UsageError
from controller.model.names import (
    SourceName,
    is_commit,
    lies_below,
    parse_extension,
    parse_resource_name,
    parse_source,
)


@pytest.mark.parametrize("text", ["script:jira", "filesystem", "script:team/jira", "git:a.b-c_d"])
def test_a_source_label_is_accepted(text: str) -> None:
    assert parse_source(text) == text


@pytest.mark.parametrize("text", ["", ":x", "script:", "script:a b", "script:../x", "script:-x"])
def test_what_is_no_source_label_is_refused_with_the_way_to_write_one(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_source(text)

    assert caught.value.hint is not None


@pytest.mark.parametrize(
    ("candidate", "below"),
    [
        ("script:x", True),
        ("script:x/y", True),
        ("script:x/", False),
        ("script:xy", False),
        ("git:x", False),
    ],
)
def test_an_item_stays_at_or_below_its_source(candidate: str, *, below: bool) -> None:
    assert lies_below(candidate, SourceName("script:x")) is below


def test_a_commit_is_a_full_id() -> None:
    assert is_commit("a" * 40)
    assert is_commit("0" * 64)
    assert not is_commit("a" * 39)
    assert not is_commit("main")


def test_an_extension_names_its_kind() -> None:
    assert parse_extension("connectors/jira") == ("connector", "jira")
    with pytest.raises(UsageError, match="plugins/x"):
        parse_extension("plugins/x")


def test_a_resource_name_follows_the_rule_of_the_api_server() -> None:
    assert parse_resource_name("team-a.jira") == "team-a.jira"
    with pytest.raises(InvalidSpecError, match=r"metadata\.name"):
        parse_resource_name("Team_A")
