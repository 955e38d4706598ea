"""
Settings and stores as reading commands want them: warnings told, connections closed.

Not by way of `assemble`: that brings the script engine along, a fifth of the
time a search has to start in.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from controller.cli.options import Invocation
from controller.cli.output import write_warning
from controller.config.load import Loaded, load_settings, read_environment
from controller.config.settings import Settings
from controller.store.base import Store
from controller.store.lookup import open_store


def load(invocation: Invocation) -> Loaded:
    """Load the settings that hold here, and print what is odd about them."""
    loaded = load_settings(invocation.config, read_environment(), Path.cwd())
    for warning in loaded.warnings:
        write_warning(warning)
    return loaded


@contextmanager
def reading(settings: Settings) -> Iterator[Store]:
    """Hold the store open for reading."""
    store = open_store(settings.db.path, writable=False)
    try:
        yield store
    finally:
        store.close()
