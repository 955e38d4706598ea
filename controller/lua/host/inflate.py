"""
Decompress a response while it arrives, a bounded piece at a time.

A few kilobytes can stand for gigabytes; a piece never holds more than `PIECE`
bytes, so whoever counts them can stop before the memory is gone.
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

PIECE: Final = 256 * 1024
ACCEPTED: Final = "gzip, deflate"
"""What we ask servers for."""

_GZIP: Final = 16 + zlib.MAX_WBITS
_NAMES: Final = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": zlib.MAX_WBITS}


class InflateError(Exception):
    """The body is not what its Content-Encoding says, or ends too early."""


class _Inflater(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /, max_length: int) -> bytes: ...


def inflate(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """
    Decompress `gzip` or `deflate`; anything else passes as it is.

    Raises:
        InflateError: While iterating.
    """
    bits = _NAMES.get(encoding.strip().lower())
    if bits is None:
        yield from chunks
        return
    try:
        yield from _inflate(chunks, bits)
    except zlib.error as error:
        raise InflateError(f"the body is no valid {encoding.strip()}") from error


def _inflate(chunks: Iterable[bytes], bits: int) -> Iterator[bytes]:
    inflater: _Inflater | None = None
    begun = False
    for chunk in chunks:
        # Zeros may pad the space between and after members.
        rest = chunk.lstrip(b"\0") if begun and inflater is None else chunk
        more = bool(rest)
        while more:
            if inflater is None:
                inflater = zlib.decompressobj(_bits_for(rest, bits))
                begun = True
            piece = inflater.decompress(rest, max_length=PIECE)
            yield piece
            rest = inflater.unconsumed_tail
            # A full piece may leave more in zlib's window, even without input.
            more = bool(rest) or len(piece) == PIECE
            if inflater.eof:
                rest = inflater.unused_data.lstrip(b"\0")
                more = bool(rest)
                inflater = None
    if inflater is not None:
        raise InflateError("the compressed body ends too early")


def _bits_for(start: bytes, bits: int) -> int:
    """Servers send `deflate` with and without zlib's header; its first byte tells."""
    if bits == _GZIP or (start[0] & 0x0F == 8 and start[0] >> 4 <= 7):
        return bits
    return -zlib.MAX_WBITS
