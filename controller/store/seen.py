"""Which documents a run has seen: one bit each, so that a scan of millions costs no memory."""

from collections.abc import Iterable


class SeenIds:
    """A set of small positive integers."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, ids: Iterable[int]) -> int:
        """Put ids in, and count those that were in already."""
        again = 0
        for number in ids:
            index, bit = number >> 3, 1 << (number & 7)
            if index >= len(self._bits):
                # Doubled, so that ids in rising order do not copy the whole set each time.
                self._bits.extend(bytes(max(index + 1 - len(self._bits), len(self._bits))))
            if self._bits[index] & bit:
                again += 1
            self._bits[index] |= bit
        return again

    def __contains__(self, number: int) -> bool:
        index = number >> 3
        return index < len(self._bits) and bool(self._bits[index] & 1 << (number & 7))
