"""What a run needs beside its request, as one value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from controller.lua.supervisor import Engine
from controller.store.base import Store


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come, for whoever draws a bar."""

    scanned: int
    written: int


@dataclass(frozen=True, slots=True)
class Parts:
    """Built in `assemble`, handed down as arguments."""

    engine: Engine
    store: Store | None
    """None for a dry run that has no store to compare with."""
    clock: Callable[[], datetime]
    log: Callable[[str, str], None]
    variables: Mapping[str, str]
    secrets: tuple[str, ...]
    proxies: Mapping[str, str]
    cancelled: Callable[[], bool]
    chunk_bytes: int
    """`chunking.max_tokens` times four."""
    progress: Callable[[Progress], None]
    pulse_seconds: float
    """A sign of life is written at least this often while a script is at work."""
