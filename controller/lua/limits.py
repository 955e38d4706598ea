"""The bounds of one guest, as plain numbers; stdlib only, since the guest imports it."""

from dataclasses import dataclass

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class GuestLimits:
    """Bounds of a guest: seconds, bytes, counts (specification 002 §8.4)."""

    timeout: float = 300.0
    """Seconds for one call, without the waits that the host recorded."""
    memory: int = 256 * MEBIBYTE
    response: int = 50 * MEBIBYTE
    """One HTTP response after decompression, or one file."""
    items: int = 1_000_000
    item_bytes: int = 10 * MEBIBYTE
    """All fields of one item."""
    page: int = 500
    """Items that leave the guest at once."""
    depth: int = 64
    """Nesting of values that cross, and of `json.encode`."""
    json_depth: int = 512
    json_nodes: int = 2_000_000
    log_lines: int = 10_000
    log_bytes: int = 8 * 1024
    """One log line; the rest is cut."""
