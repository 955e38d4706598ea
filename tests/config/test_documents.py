import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.config.documents import (
    MOST_DEPTH,
    Flaw,
    Node,
    parse_documents,
    read_documents,
    write_document,
)
from controller.errors import ConfigSyntaxError


def only(text: str) -> Node:
    """Parse a text that holds one document."""
    [node] = read_documents(text, "test.yaml")
    return node


def flaw(text: str) -> Flaw:
    """Parse a text that cannot be parsed."""
    found = parse_documents(text)
    assert isinstance(found, Flaw)
    return found


BOMB = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
)


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("a: [", 2, "expected node content"),
        ("a: b: c", 1, "mapping values are not allowed"),
        ("a: 1\n\tb: 2", 2, "while scanning"),
        ("a: 'open", 1, "unexpected end of stream"),
        ("%YAML 9.0\n--- a", 1, "incompatible"),
        ("a: 1\nb: 2\na: 3", 3, "key 'a' is given twice, the first time in line 1"),
        ("a: &a [*a]", 1, "alias *a stands for nothing"),
        ("a: *gone", 1, "alias"),
        ("a: 1\n---\nb: *gone", 3, "alias"),
        (BOMB, 5, "more than 100,000 values"),
        ("[" * 100_000, 1, "nested more than 64 deep"),
        ("a: !!python/object/apply:os.system ['true']", 1, "none of JSON's"),
        ("a: !!python/name:os.system x", 1, "none of JSON's"),
        ("a: !!binary aGk=", 1, "none of JSON's"),
        ("a: !!set {x}", 1, "none of JSON's"),
        ("a: !!int many", 1, "does not fit"),
        ("a: 1\nb: .nan", 2, "NaN"),
        ("a: -.inf", 1, "infinity"),
        ("a: 1\n? [b]\n: c", 2, "a key must be a string"),
        ("~: 1", 1, "a key must be a string"),
        ("a:\n  <<: 5", 2, "<< merges maps only"),
        ("a:\n  <<: [{b: 1}, 5]", 2, "<< merges maps only"),
        ("a: \x01", 0, "control characters"),
    ],
)
def test_a_text_that_cannot_be_used_is_refused_with_its_line(
    text: str, line: int, word: str
) -> None:
    found = flaw(text)

    assert found.line == line
    assert word in found.message


def test_the_error_names_the_file_and_the_line() -> None:
    with pytest.raises(ConfigSyntaxError) as with_line:
        read_documents("a: [", "jira.yaml")
    with pytest.raises(ConfigSyntaxError) as without:
        read_documents("\x01", "jira.yaml")

    assert with_line.value.message.startswith("jira.yaml:2: ")
    assert without.value.message.startswith("jira.yaml: ")


def test_an_error_never_shows_the_value() -> None:
    for text in ("password: !!int hunter2", "password: !mine hunter2", "hunter2: &a [*a"):
        assert "hunter2" not in flaw(text).message
    assert "hunter2" not in repr(only("password: hunter2"))


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("yes", True),
        ("y", True),
        ("on", True),
        ("No", False),
        ("'no'", "no"),
        ("~", None),
        ("", None),
        ("12:30", "12:30"),
        ("190:20:30", "190:20:30"),
        ("2026-11-24", "2026-11-24"),
        ("2026-11-24T12:00:00Z", "2026-11-24T12:00:00Z"),
        ("1_000", 1000),
        ("-5", -5),
        ("+5", 5),
        ("0", 0),
        ("010", 8),
        ("0o17", 15),
        ("089", 89),
        ("0x1F", 31),
        ("0b11", 3),
        ("1.0", 1),
        ("1e3", 1000),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.2.3", "1.2.3"),
        ("=", "="),
        ("!!str 5", "5"),
        ("! 5", "5"),
        ("!!int '5'", 5),
        ("!!bool true", True),
        ("!!null ''", None),
        ("!!float 1.5", 1.5),
        ("!!seq [1]", [1]),
        ("!!map {a: 1}", {"a": 1}),
        ("|\n  two\n  lines", "two\nlines\n"),
    ],
)
def test_values_are_those_that_kubectl_sends(written: str, value: object) -> None:
    node = only(f"key: {written}\n")

    assert node.value == {"key": value}
    assert json.dumps(node.value)


def test_keys_become_strings() -> None:
    assert only("1: a\ntrue: b\n1.5: c\n'2': d").value == {
        "1": "a",
        "true": "b",
        "1.5": "c",
        "2": "d",
    }
    assert only("false: b").value == {"false": "b"}


def test_documents_that_are_empty_are_left_out() -> None:
    assert [node.value for node in read_documents("---\n---\na: 1\n---\n# none\n", "x")] == [
        {"a": 1}
    ]
    assert read_documents("", "x") == ()


def test_the_line_of_every_field_is_known() -> None:
    node = only(
        "# head\nspec:\n  env:\n    - name: A\n      value: 1\n    - name: B\n  url: >-\n    x\n"
    )

    lines = {
        path: node.line_of(path)
        for path in (
            (),
            ("spec",),
            ("spec", "env"),
            ("spec", "env", 0, "value"),
            ("spec", "env", 1, "name"),
            ("spec", "url"),
        )
    }

    assert list(lines.values()) == [2, 2, 3, 5, 6, 7]


def test_a_field_that_is_not_there_is_looked_for_where_it_should_be() -> None:
    node = only("metadata:\n  name: a\nspec:\n  limits: {}\n")

    assert node.line_of(("spec", "limits", "memory")) == 4
    assert node.line_of(("spec", "url")) == 3
    assert node.line_of(("status",)) == 1


def test_aliases_and_merges_are_written_out() -> None:
    node = only("a: &a {x: 1, w: 2}\nb: *a\nc:\n  <<: *a\n  w: 3\nd:\n  <<: [{z: 1}, *a, {z: 2}]\n")

    assert node.value == {
        "a": {"x": 1, "w": 2},
        "b": {"x": 1, "w": 2},
        "c": {"x": 1, "w": 3},
        "d": {"x": 1, "w": 2, "z": 1},
    }
    assert node.line_of(("b", "x")) == 1
    assert node.line_of(("c", "w")) == 5


def test_two_merges_keep_what_came_first() -> None:
    assert only("a:\n  <<: {x: 1}\n  <<: {x: 2, w: 2}\n").value == {"a": {"x": 1, "w": 2}}


def test_the_deepest_nesting_that_is_read() -> None:
    assert read_documents("[" * MOST_DEPTH + "]" * MOST_DEPTH, "x")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(min_size=1), inner),
    max_leaves=8,
)


@settings(max_examples=min(settings().max_examples, 150))
@given(st.dictionaries(st.text(min_size=1), JSON, min_size=1))
def test_what_is_written_is_read_back(body: dict[str, object]) -> None:
    [node] = read_documents(write_document(body), "x")

    assert node.value == body


def test_a_document_is_written_in_order_and_without_aliases() -> None:
    same = {"name": "a"}

    text = write_document({"z": same, "a": same, "text": "two\nlines\n", "umlaut": "ä", "n": "y"})

    assert text == ("z:\n  name: a\na:\n  name: a\ntext: |\n  two\n  lines\numlaut: ä\n'n': 'y'\n")


def test_the_crds_are_read() -> None:
    for path in sorted(Path(__file__).parents[2].joinpath("crds").glob("*.yaml")):
        [node] = read_documents(path.read_text(), path.name)
        assert node.weight > 100
