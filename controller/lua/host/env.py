"""`env.get`: the variables that were granted to this source, and no others."""

from collections.abc import Mapping, Sequence

from controller.lua.deadline import Deadline
from controller.lua.host.arguments import argument, as_text
from controller.lua.host.base import Value
from controller.lua.host.log import ScriptLog

MAX_WARNINGS = 100
"""Names that are warned about; a script that asks for a million learns nothing more."""


class Variables:
    """Serves a mapping handed in; the process environment is never looked at."""

    def __init__(self, granted: Mapping[str, str], log: ScriptLog) -> None:
        self._granted = dict(granted)
        self._log = log
        self._warned: set[str] = set()

    def get(self, arguments: Sequence[Value], _deadline: Deadline) -> Value:
        """Serve `env.get(name)`: nil, and one warning, for a name that was not granted."""
        name = as_text(argument(arguments, 0), "env.get: the name")
        value = self._granted.get(name)
        if value is None and name not in self._warned and len(self._warned) < MAX_WARNINGS:
            self._warned.add(name)
            shown = name[:200]
            self._log.note(
                "warn",
                f"env.get('{shown}') is nil: the variable is not granted to this source;"
                f' add env = ["{shown}"] to its section, or the name to spec.env',
            )
        return value
