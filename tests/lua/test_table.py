"""The table of host functions, its documentation, and what a guest really has."""

from pathlib import Path

import pytest

from controller.lua.supervisor import Engine
from controller.lua.table import HOST_FUNCTIONS, HostFunction, names_for
from tests.lua.worlds import World, values

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "lua.md"
CAPABILITIES = tuple(dict.fromkeys(row.capability for row in HOST_FUNCTIONS if row.capability))


@pytest.mark.parametrize("row", HOST_FUNCTIONS, ids=lambda row: row.name)
def test_every_host_function_has_its_line_in_the_reference(row: HostFunction) -> None:
    signature = f"{row.name}({row.parameters})" if row.parameters else row.name
    line = f"| `{signature}` | {row.returns} | {row.about} |"

    assert line in REFERENCE.read_text(encoding="utf-8")


def test_the_reference_names_no_function_that_is_not_there() -> None:
    tables = REFERENCE.read_text(encoding="utf-8").split("| function | gives | |\n|---|---|---|\n")

    rows = [
        line.split("|")[1].strip(" `").partition("(")[0]
        for table in tables[1:]
        for line in table.partition("\n\n")[0].splitlines()
    ]

    assert sorted(rows) == sorted(row.name for row in HOST_FUNCTIONS)


def test_names_are_unique_and_capabilities_few() -> None:
    names = [row.name for row in HOST_FUNCTIONS]

    assert len(names) == len(set(names))
    assert CAPABILITIES == (
        "http.request",
        "fs.read",
        "fs.list",
        "env.get",
        "log.write",
        "sleep",
    )


def test_only_connectors_can_emit() -> None:
    assert "emit" in names_for("connector", ())
    assert "emit" not in names_for("tool", CAPABILITIES)


def test_a_guest_has_each_name_of_the_table(engine: Engine) -> None:
    world = World({name: lambda _, __: None for name in CAPABILITIES})
    names = names_for("connector", CAPABILITIES)

    found = values(engine, ",".join(f"type({name})" for name in names), world=world)

    expected = [b"table" if name == "json.null" else b"function" for name in names]
    assert found == expected
