"""Cut a body into chunks: whole paragraphs, as many as fit, as byte spans of the body."""

import re
from collections.abc import Iterator

from controller.model.document import Chunk

SMALLEST_LIMIT = 4
"""Bytes of the longest UTF-8 character: less could make no progress."""

_EMPTY_LINE = re.compile(rb"\n\r?\n")
# What str.isspace() says, in UTF-8: of one byte, and of more.
_NARROW_BLANKS = b"\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f "
_WIDE_BLANK = (
    rb"(?:\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80)"
)
# Possessive: there is nothing to try again.
_BLANKS = re.compile(rb"(?:[\t-\r\x1c-\x20]++|" + _WIDE_BLANK + rb")*+")
_WIDE_BLANK_AT_END = re.compile(_WIDE_BLANK + rb"\Z")
_WIDEST_BLANK = 3
_TAIL = 256
"""Bytes that are looked at in one step back over the blanks at an end."""

_SPACED_ENDINGS = (b". ", b"! ", b"? ")
_WIDE_ENDINGS = ("。".encode(), "！".encode(), "？".encode())  # noqa: RUF001  Chinese and Japanese


def chunk_body(body: str, limit: int) -> tuple[Chunk, ...]:
    """
    Cut a body into chunks of at most `limit` bytes of UTF-8.

    Paragraphs end at an empty line (LF or CRLF).  A chunk holds as many whole
    paragraphs as fit.  A paragraph that is longer is cut at the last newline in
    reach, else after a sentence, else at a blank, else between two characters;
    its last piece is a chunk of its own.  No span begins or ends with white
    space; a body that is blank throughout is one empty chunk, so that its title
    can be found.

    Raises:
        ValueError: The limit is below 4 bytes.
    """
    if limit < SMALLEST_LIMIT:
        raise ValueError(f"a chunk of {limit} bytes cannot hold every character")
    text = body.encode("utf-8", "surrogatepass")
    chunks = tuple(
        Chunk(index, start, end - start) for index, (start, end) in enumerate(_spans(text, limit))
    )
    return chunks or (Chunk(0, 0, 0),)


def _spans(text: bytes, limit: int) -> Iterator[tuple[int, int]]:
    end = _trim_end(text, 0, len(text))
    position = _skip_blanks(text, 0, end)
    while end - position > limit:
        cut = _last_paragraph_end(text, position, position + limit)
        if cut is not None:
            yield position, _trim_end(text, position, cut)
        else:
            # Searched once for each long paragraph and never twice over the
            # same bytes, which keeps a large body linear.
            found = _EMPTY_LINE.search(text, position, end)
            cut = found.start() if found else end
            yield from _pieces(text, position, cut, limit)
        position = _skip_blanks(text, cut, end)
    if position < end:
        yield position, end


def _last_paragraph_end(text: bytes, start: int, reach: int) -> int | None:
    if text.startswith(b"\r\n\r\n", reach):
        return reach
    cut = max(text.rfind(b"\n\n", start, reach + 2), text.rfind(b"\n\r\n", start, reach + 3))
    return cut if cut > start else None


def _pieces(text: bytes, start: int, end: int, limit: int) -> Iterator[tuple[int, int]]:
    """Cut one paragraph that is longer than the limit, or was with the blanks at its end."""
    end = _trim_end(text, start, end)
    while end - start > limit:
        cut = _cut(text, start, start + limit)
        yield start, _trim_end(text, start, cut)
        start = _skip_blanks(text, cut, end)
    yield start, end


def _cut(text: bytes, start: int, reach: int) -> int:
    newline = text.rfind(b"\n", start, reach + 1)
    if newline > start:
        return newline
    sentence = _last_sentence_end(text, start, reach)
    if sentence is not None:
        return sentence
    blank = text.rfind(b" ", start, reach + 1)
    if blank > start:
        return blank
    while text[reach] & 0xC0 == 0x80:
        reach -= 1
    return reach


def _last_sentence_end(text: bytes, start: int, reach: int) -> int | None:
    # The blank after a full stop may lie just out of reach, the stop itself not.
    spaced = max(text.rfind(ending, start, reach + 1) for ending in _SPACED_ENDINGS)
    wide = max(text.rfind(ending, start, reach) for ending in _WIDE_ENDINGS)
    if wide > spaced:
        return wide + len(_WIDE_ENDINGS[0])
    return spaced + 1 if spaced >= 0 else None


def _skip_blanks(text: bytes, start: int, end: int) -> int:
    found = _BLANKS.match(text, start, end)
    return found.end() if found else start


def _trim_end(text: bytes, start: int, end: int) -> int:
    while True:
        tail = text[max(start, end - _TAIL) : end]
        narrow = len(tail) - len(tail.rstrip(_NARROW_BLANKS))
        wide = _WIDE_BLANK_AT_END.search(text, max(start, end - _WIDEST_BLANK), end)
        if narrow:
            end -= narrow
        elif wide:
            end = wide.start()
        else:
            return end
