"""Compressed bodies, a bounded piece at a time."""

import gzip
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.lua.host.inflate import PIECE, InflateError, inflate

PLAIN = b"the quick brown fox " * 5000


def raw_deflate(plain: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(plain) + packer.flush()


def split(packed: bytes, size: int) -> Iterator[bytes]:
    return (packed[start : start + size] for start in range(0, len(packed), size))


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(PLAIN)),
        ("GZIP ", gzip.compress(PLAIN)),
        ("x-gzip", gzip.compress(PLAIN)),
        ("gzip", gzip.compress(PLAIN[:70]) + gzip.compress(PLAIN[70:])),
        ("gzip", gzip.compress(PLAIN) + bytes(1000)),
        ("deflate", zlib.compress(PLAIN)),
        ("deflate", raw_deflate(PLAIN)),
        ("identity", PLAIN),
        ("", PLAIN),
        ("br", PLAIN),
        ("gzip, gzip", PLAIN),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 65536])
def test_what_went_in_comes_out(encoding: str, packed: bytes, size: int) -> None:
    assert b"".join(inflate(split(packed, size), encoding)) == PLAIN


@given(st.binary(max_size=2000), st.integers(1, 50), st.sampled_from(["gzip", "deflate"]))
def test_any_content_survives(plain: bytes, size: int, encoding: str) -> None:
    packed = gzip.compress(plain) if encoding == "gzip" else zlib.compress(plain)

    assert b"".join(inflate(split(packed, size), encoding)) == plain


@pytest.mark.parametrize("length", [PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_nothing_is_left_in_the_window(length: int) -> None:
    assert sum(map(len, inflate([gzip.compress(bytes(length))], "gzip"))) == length


def test_no_body_is_no_error() -> None:
    assert b"".join(inflate([], "gzip")) == b""
    assert b"".join(inflate([b""], "deflate")) == b""


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", b"no gzip at all"),
        ("gzip", zlib.compress(PLAIN)),
        ("gzip", gzip.compress(PLAIN)[:-9] + b"broken!!!"),
        ("gzip", gzip.compress(PLAIN) + b"garbage"),
        ("deflate", b"\xff\xff\xff"),
        ("deflate", gzip.compress(PLAIN)),
    ],
)
def test_a_body_that_is_something_else_is_an_error(encoding: str, packed: bytes) -> None:
    with pytest.raises(InflateError, match=f"no valid {encoding}"):
        list(inflate([packed], encoding))


@pytest.mark.parametrize("missing", [1, 8, 20])
def test_a_body_that_ends_too_early_is_an_error(missing: int) -> None:
    with pytest.raises(InflateError, match="ends too early"):
        list(inflate([gzip.compress(PLAIN)[:-missing]], "gzip"))


def test_a_bomb_takes_no_more_memory_than_a_piece() -> None:
    bomb = gzip.compress(bytes(100 * 1024 * 1024), compresslevel=1)

    tracemalloc.start()
    sizes = [len(piece) for piece in inflate([bomb], "gzip")]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert sum(sizes) == 100 * 1024 * 1024
    assert max(sizes) <= PIECE
    # Half a megabyte of input may be held once more than what comes out of it.
    assert peak < 6 * PIECE + 2 * len(bomb)
