"""Settings and stores as commands want them: warnings told, connections closed."""

from collections.abc import Iterator
from contextlib import contextmanager

from controller import assemble
from controller.cli.options import Invocation
from controller.cli.output import write_warning
from controller.config.load import Loaded
from controller.config.settings import Settings
from controller.store.base import Store


def load(invocation: Invocation) -> Loaded:
    """Load the settings that hold here, and print what is odd about them."""
    loaded = assemble.load_settings(invocation.config)
    for warning in loaded.warnings:
        write_warning(warning)
    return loaded


@contextmanager
def reading(settings: Settings) -> Iterator[Store]:
    """Hold the store open for reading."""
    store = assemble.open_store(settings, writable=False)
    try:
        yield store
    finally:
        store.close()
