"""Only what was granted is served."""

import pytest

from controller.errors import CapabilityError
from controller.lua.host.base import Value
from controller.lua.host.env import MAX_WARNINGS, Variables
from controller.lua.host.log import ScriptLog
from controller.lua.host.redaction import Redactor
from controller.lua.limits import GuestLimits
from tests.lua.host.world import deadline


def variables(lines: list[tuple[str, str]], **granted: str) -> Variables:
    log = ScriptLog(lambda level, text: lines.append((level, text)), Redactor(()), GuestLimits())
    return Variables(granted, log)


def test_a_granted_variable_is_served_without_a_word() -> None:
    lines: list[tuple[str, str]] = []

    value = variables(lines, JIRA_TOKEN="t0ken").get([b"JIRA_TOKEN"], deadline())

    assert (value, lines) == ("t0ken", [])


def test_a_variable_granted_empty_is_empty() -> None:
    assert variables([], JIRA_TOKEN="").get(["JIRA_TOKEN"], deadline()) == ""


def test_the_environment_of_the_process_is_not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POD_SECRET", "s3cret")

    assert variables([]).get([b"POD_SECRET"], deadline()) is None
    assert variables([]).get([b"PATH"], deadline()) is None


def test_another_name_is_nil_with_one_warning_that_says_what_to_add() -> None:
    lines: list[tuple[str, str]] = []
    served = variables(lines, A="1")

    answers = [served.get([name], deadline()) for name in (b"HOME", b"HOME", b"B")]

    assert answers == [None, None, None]
    assert [level for level, _ in lines] == ["warn", "warn"]
    assert 'env = ["HOME"]' in lines[0][1]
    assert "spec.env" in lines[0][1]


def test_a_name_cannot_forge_a_line() -> None:
    lines: list[tuple[str, str]] = []

    variables(lines).get([b"A\n\x1b[2J" + b"x" * 10_000], deadline())

    assert "\n" not in lines[0][1]
    assert "\x1b" not in lines[0][1]
    assert len(lines[0][1]) < 1000


def test_a_script_that_asks_for_many_names_does_not_fill_the_log() -> None:
    lines: list[tuple[str, str]] = []
    served = variables(lines)

    for number in range(MAX_WARNINGS * 2):
        served.get([f"NAME_{number}".encode()], deadline())

    assert len(lines) == MAX_WARNINGS


@pytest.mark.parametrize("name", [None, True, [], b"\xff"])
def test_a_name_that_is_no_text_is_refused(name: Value) -> None:
    with pytest.raises(CapabilityError, match=r"env\.get: the name"):
        variables([]).get([name], deadline())
