import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from controller.config.write import section_text, with_value
from controller.errors import ConfigError, ConfigSyntaxError


def test_a_text_that_is_no_toml_is_not_edited() -> None:
    with pytest.raises(ConfigSyntaxError, match=r"cannot edit \[registry\]"):
        with_value("[registry\n", ("registry", "name"), "x")


def test_a_key_that_is_no_table_is_not_edited() -> None:
    with pytest.raises(ConfigError, match="it is no table"):
        with_value("registry = 3\n", ("registry", "name"), "x")


def test_an_edit_keeps_comments_and_order() -> None:
    text = "# top\n[registry] # here\nname = 'old' # why\nurl = 'u'\n\n[tools.a]\npath = 'p'\n"

    edited = with_value(text, ("registry", "name"), "new")

    assert edited == text.replace("'old'", '"new"')


def test_a_missing_table_is_added() -> None:
    assert tomli.loads(with_value("# only\n", ("registry", "name"), "x")) == {
        "registry": {"name": "x"}
    }


def test_a_section_is_ready_to_be_pasted() -> None:
    text = section_text(("connectors", "script", "jira"), {"path": "a.lua", "token": "${T}"})

    assert text == '[connectors.script.jira]\npath = "a.lua"\ntoken = "${T}"\n'


@given(st.text(min_size=1), st.text())
def test_a_section_reads_back_whatever_its_name(name: str, value: str) -> None:
    text = section_text(("connectors", "script", name), {"path": value})

    assert tomli.loads(text) == {"connectors": {"script": {name: {"path": value}}}}
