"""Every adapter of the Store protocol, by name: one suite holds all of them to its promises."""

from collections.abc import Callable
from pathlib import Path

from controller.store.base import Store
from controller.store.lookup import open_store

ADAPTERS: dict[str, Callable[[Path], Store]] = {
    "sqlite": lambda directory: open_store(directory / "ctx.sqlite", writable=True)
}


class Place:
    """One location that can be opened more than once, as several processes would."""

    def __init__(self, adapter: str, directory: Path) -> None:
        self.adapter = adapter
        self.directory = directory
        self._opened: list[Store] = []

    def open(self) -> Store:
        store = ADAPTERS[self.adapter](self.directory)
        self._opened.append(store)
        return store

    def close(self) -> None:
        for store in self._opened:
            store.close()
