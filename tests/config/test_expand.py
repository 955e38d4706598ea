import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.config.expand import expand_text, expand_values, names_in
from controller.errors import UndefinedVariableError

VARIABLES = {"TOKEN": "s3cret", "HOST": "example.com", "EMPTY": "", "NESTED": "${TOKEN}"}


def test_an_unset_variable_is_named_with_its_key_and_file() -> None:
    with pytest.raises(UndefinedVariableError) as caught:
        expand_values({"api_token": "${JIRA_TOKEN}"}, VARIABLES, where="/p/ctx.toml [x]")

    assert caught.value.message == (
        "/p/ctx.toml [x]: api_token uses ${JIRA_TOKEN}, and JIRA_TOKEN is not set"
    )
    assert "JIRA_TOKEN" in str(caught.value.hint)


def test_an_unset_variable_deep_in_a_table_is_named_with_its_whole_key() -> None:
    config = {"headers": {"list": ["plain", {"inner": "${MISSING}"}]}}

    with pytest.raises(UndefinedVariableError, match=r"headers\.list\[1\]\.inner uses"):
        expand_values(config, VARIABLES, where="f")


def test_every_text_of_a_table_is_filled_in() -> None:
    config = {
        "url": "https://${HOST}/${HOST}",
        "deep": {"list": ["${TOKEN}", 3, True, 1.5, None]},
        "number": 7,
    }

    expanded = expand_values(config, VARIABLES, where="f")

    assert expanded.values == {
        "url": "https://example.com/example.com",
        "deep": {"list": ["s3cret", 3, True, 1.5, None]},
        "number": 7,
    }
    assert expanded.names == ("HOST", "TOKEN")
    assert expanded.secrets == ("example.com", "s3cret")


def test_an_empty_variable_is_a_value_and_no_secret() -> None:
    expanded = expand_values({"key": "<${EMPTY}>"}, VARIABLES, where="f")

    assert expanded.values == {"key": "<>"}
    assert expanded.names == ("EMPTY",)
    assert expanded.secrets == ()


def test_a_value_is_never_expanded_again() -> None:
    expanded = expand_values({"key": "${NESTED}"}, VARIABLES, where="f")

    assert expanded.values == {"key": "${TOKEN}"}
    assert expanded.names == ("NESTED",)


def test_a_doubled_dollar_writes_the_text_itself() -> None:
    expanded = expand_values({"key": "$${TOKEN} $$ $TOKEN"}, VARIABLES, where="f")

    assert expanded.values == {"key": "${TOKEN} $$ $TOKEN"}
    assert expanded.names == ()


@pytest.mark.parametrize("text", ["${}", "${not a name}", "${1ST}", "${OPEN", "$", "{TOKEN}"])
def test_text_that_only_looks_similar_stays(text: str) -> None:
    assert expand_values({"key": text}, VARIABLES, where="f").values == {"key": text}


def test_a_single_text_is_filled_in() -> None:
    assert expand_text("${HOST}/x", VARIABLES, where="f", key="path") == "example.com/x"


def test_names_are_listed_without_needing_values() -> None:
    config = {"a": "${ONE} ${TWO}", "b": ["${ONE}", {"c": "$${NO} ${THREE}"}], "d": 4}

    assert names_in(config) == ("ONE", "TWO", "THREE")


@given(st.text(alphabet="$x{}AB_ "))
def test_a_text_without_placeholders_comes_out_as_it_went_in(text: str) -> None:
    if "${" not in text:
        assert expand_text(text, {}, where="f", key="k") == text


@given(st.dictionaries(st.from_regex(r"[A-Z_][A-Z0-9_]{0,5}", fullmatch=True), st.text()))
def test_values_arrive_whole_whatever_they_hold(variables: dict[str, str]) -> None:
    config = {name: f"<${{{name}}}>" for name in variables}

    values = expand_values(config, variables, where="f").values

    assert values == {name: f"<{value}>" for name, value in variables.items()}
