"""TOML as it is written: new sections with the right quotes, edits that keep the comments."""

from collections.abc import Mapping, Sequence

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table

from controller.errors import ConfigError, ConfigSyntaxError


def section_text(key: Sequence[str], values: Mapping[str, object]) -> str:
    """Write one section, `[connectors.script.NAME]` and its keys, ready to be pasted."""
    table = tomlkit.table()
    for name, value in values.items():
        table.add(name, tomlkit.item(value))
    for name in reversed(key[1:]):
        outer = tomlkit.table(is_super_table=True)
        outer.add(name, table)
        table = outer
    document = tomlkit.document()
    document.add(key[0], table)
    return tomlkit.dumps(document)


def with_value(text: str, key: tuple[str, str], value: str) -> str:
    """
    Set one key of one table in a TOML text; everything else, comments too, stays.

    Raises:
        ConfigSyntaxError: The text is no TOML.
        ConfigError: The table is something else.
    """
    try:
        document = tomlkit.parse(text)
    except TOMLKitError as error:
        raise ConfigSyntaxError(f"cannot edit [{key[0]}]: {error}") from error
    table = document.setdefault(key[0], tomlkit.table())
    if not isinstance(table, Table):
        raise ConfigError(f"cannot edit [{key[0]}]: it is no table")
    table[key[1]] = value
    return tomlkit.dumps(document)
