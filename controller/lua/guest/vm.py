"""A Lua VM with the world of one script inside, and nothing of Python in reach."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from lupa.lua54 import LuaError, LuaMemoryError, LuaRuntime

from controller.lua.guest.desk import Desk
from controller.lua.wire import ITEM_FIELDS, Bounds

BUILDING = 16 * 1024 * 1024
"""Bytes while the VM is built: a limit hit outside a protected call ends the process."""


class LuaSources(NamedTuple):
    """The Lua half of the guest, read before any jail."""

    boot: bytes
    codec: bytes
    feed: bytes
    api: bytes


class Ending(NamedTuple):
    """How a phase ended: `done`, or a cause as in `wire.Failed`."""

    cause: str
    message: bytes = b""
    traceback: bytes = b""


def read_sources() -> LuaSources:
    """Read the Lua files that lie beside this one."""
    here = Path(__file__).parent
    return LuaSources(*((here / f"{name}.lua").read_bytes() for name in LuaSources._fields))


class Machine:
    """One VM: `load` once, `scan` as often as asked."""

    def __init__(self, sources: LuaSources, bounds: Bounds, desk: Desk) -> None:
        self._runtime: Any = LuaRuntime(
            encoding=None,
            register_eval=False,
            register_builtins=False,
            attribute_handlers=(_deny, _deny),
            unpack_returned_tuples=True,
            max_memory=max(bounds.memory, BUILDING),
        )
        desk.watch(self)
        run = self._runtime.execute
        codec, feed, api = (
            self._runtime.compile(text, name=b"=[host]", mode="t")
            for text in (sources.codec, sources.feed, sources.api)
        )
        limits = run(_limits_chunk(bounds), name=b"=[host]")
        self._load, self._scan = run(
            sources.boot, desk.answer, limits, codec, feed, api, name=b"=[host]", mode="t"
        )
        # What the script's world takes is ours; from here on it is the script's.
        self._runtime.set_max_memory(self.used() + bounds.memory)

    def used(self) -> int:
        """Bytes that the VM holds."""
        return int(self._runtime.get_memory_used())

    def limit(self) -> int:
        """Bytes that the VM may hold."""
        return int(self._runtime.get_max_memory())

    def load(self) -> Ending:
        """Compile the script, run its top level, check its contract."""
        return _run(self._load)

    def scan(self) -> Ending:
        """Call `scan` once."""
        return _run(self._scan)


def _run(phase: Callable[[], Any]) -> Ending:
    try:
        cause, message, traceback = phase()
    except (LuaMemoryError, MemoryError):
        return Ending("memory")
    except LuaError as error:
        return Ending("defect", str(error).encode(errors="replace"))
    return Ending(cause.decode(), message or b"", traceback or b"")


def _limits_chunk(bounds: Bounds) -> bytes:
    numbers = {
        "depth": bounds.depth,
        "json_depth": bounds.json_depth,
        "nodes": bounds.json_nodes,
    }
    entries = ",".join(f"{name}={value}" for name, value in numbers.items())
    fields = ",".join(f'"{name}"' for name in ITEM_FIELDS)
    return f"return {{{entries},fields={{{fields}}}}}".encode()


def _deny(*_: object) -> None:
    raise AttributeError("Python objects are closed to scripts")
