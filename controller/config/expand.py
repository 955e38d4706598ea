"""
`${NAME}` in the settings of a connector, over a mapping that is handed in.

Pure.  One pass: a value that contains `${…}` itself is never expanded again, so
no variable can pull in another.  `$${` writes a literal `${`; text that only
looks similar, such as `${not a name}`, stays as it is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.errors import UndefinedVariableError

_PLACEHOLDER = re.compile(r"\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Expanded:
    """Settings with every placeholder filled in."""

    values: dict[str, object]
    names: tuple[str, ...]
    """Variables that were used, in order of first use; `env.get` serves these."""
    secrets: tuple[str, ...]
    """Their values, for redaction; empty ones left out."""


@dataclass(frozen=True, slots=True)
class _Expansion:
    variables: Mapping[str, str]
    where: str
    used: dict[str, str] = field(default_factory=dict)

    def value(self, value: object, key: str) -> object:
        if isinstance(value, str):
            return self.text(value, key)
        if isinstance(value, Mapping):
            return {
                name: self.value(inner, f"{key}.{name}" if key else str(name))
                for name, inner in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.value(inner, f"{key}[{index}]") for index, inner in enumerate(value)]
        return value

    def text(self, text: str, key: str) -> str:
        return _PLACEHOLDER.sub(lambda found: self._replace(found, key), text)

    def _replace(self, found: re.Match[str], key: str) -> str:
        name = found[1]
        if name is None:
            return "${"
        if name not in self.variables:
            raise UndefinedVariableError(
                f"{self.where}: {key} uses ${{{name}}}, and {name} is not set",
                hint=f"set the variable {name}, or write $${{{name}}} for the text itself",
            )
        self.used[name] = self.variables[name]
        return self.variables[name]


def expand_values(
    values: Mapping[str, object], variables: Mapping[str, str], *, where: str
) -> Expanded:
    """
    Fill in `${NAME}` in every text of a table, however deeply nested.

    `where` opens the message of an error: the file, and the section in it.

    Raises:
        UndefinedVariableError: A variable has no value; an empty one is a value.
    """
    expansion = _Expansion(variables, where)
    filled = {name: expansion.value(value, name) for name, value in values.items()}
    secrets = dict.fromkeys(value for value in expansion.used.values() if value)
    return Expanded(filled, tuple(expansion.used), tuple(secrets))


def expand_text(text: str, variables: Mapping[str, str], *, where: str, key: str) -> str:
    """
    Fill in `${NAME}` in one text, such as a path.

    Raises:
        UndefinedVariableError: A variable has no value.
    """
    return _Expansion(variables, where).text(text, key)


def names_in(values: Mapping[str, object]) -> tuple[str, ...]:
    """List the variables that a table uses, whether they have a value or not."""
    names: dict[str, None] = {}
    _collect(values, names)
    return tuple(names)


def _collect(value: object, names: dict[str, None]) -> None:
    if isinstance(value, str):
        names.update((found[1], None) for found in _PLACEHOLDER.finditer(value) if found[1])
    elif isinstance(value, Mapping):
        for inner in value.values():
            _collect(inner, names)
    elif isinstance(value, list | tuple):
        for inner in value:
            _collect(inner, names)
