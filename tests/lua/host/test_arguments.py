"""Values of scripts, with Lua's own coercions."""

import pytest

from controller.errors import CapabilityError
from controller.lua.host.arguments import (
    argument,
    as_bytes,
    as_list,
    as_map,
    as_number,
    as_text,
    spell,
    spell_size,
)
from controller.lua.host.base import Value


def test_arguments_left_out_are_nil() -> None:
    assert argument([b"a"], 0) == b"a"
    assert argument([b"a"], 1) is None


@pytest.mark.parametrize(
    ("value", "taken"),
    [(b"\xff", b"\xff"), ("ü", b"\xc3\xbc"), (3, b"3"), (3.0, b"3.0"), (0.1, b"0.1"), (b"", b"")],
)
def test_text_and_numbers_are_taken_as_bytes(value: Value, taken: bytes) -> None:
    assert as_bytes(value, "it") == taken


@pytest.mark.parametrize(
    ("value", "kind"),
    [(None, "nil"), (True, "a boolean"), ([], "a table"), ({}, "a table")],
)
def test_anything_else_is_no_text(value: Value, kind: str) -> None:
    with pytest.raises(CapabilityError, match=f"^it must be a string, and is {kind}$"):
        as_bytes(value, "it")


def test_text_must_be_utf8() -> None:
    assert as_text(b"\xc3\xbc", "it") == "ü"
    with pytest.raises(CapabilityError, match="it is not UTF-8"):
        as_text(b"\xff", "it")


@pytest.mark.parametrize(("value", "number"), [(3, 3.0), (b" 2.5 ", 2.5), ("1e3", 1000.0)])
def test_numbers_and_numerals_are_numbers(value: Value, number: float) -> None:
    assert as_number(value, "it") == number


@pytest.mark.parametrize("value", [True, None, [], b"", b"x", b"nan", float("inf"), 10**999])
def test_anything_else_is_no_number(value: Value) -> None:
    with pytest.raises(CapabilityError, match="it must be a"):
        as_number(value, "it")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (3, "3"),
        (3.0, "3.0"),
        (-3.0, "-3.0"),
        (1e100, "1e+100"),
        (0.1, "0.1"),
        (1 / 3, "0.33333333333333"),
    ],
)
def test_numbers_are_spelled_as_lua_spells_them(number: float, text: str) -> None:
    assert spell(number) == text


def test_a_map_has_text_for_keys() -> None:
    assert as_map({b"a": 1, "b": 2, 3: 4}, "it") == {"a": 1, "b": 2, "3": 4}


@pytest.mark.parametrize("value", [None, [], {}])
def test_nil_and_empty_tables_are_empty_both_ways(value: Value) -> None:
    assert as_map(value, "it") == {}
    assert list(as_list(value, "it")) == []


@pytest.mark.parametrize("value", [b"x", 3, True, [1]])
def test_anything_else_is_no_map(value: Value) -> None:
    with pytest.raises(CapabilityError, match="it must be a table with names"):
        as_map(value, "it")


@pytest.mark.parametrize("value", [b"x", 3, True, {b"a": 1}])
def test_anything_else_is_no_list(value: Value) -> None:
    with pytest.raises(CapabilityError, match="it must be an array"):
        as_list(value, "it")


def test_a_key_that_is_no_text_is_refused() -> None:
    with pytest.raises(CapabilityError, match="a key of it"):
        as_map({True: 1}, "it")


def test_sizes_are_spelled_as_people_set_them() -> None:
    assert spell_size(50 * 1024 * 1024) == "50 MiB"
    assert spell_size(1000) == "1000 bytes"
