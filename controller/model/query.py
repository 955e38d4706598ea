"""A keyword query: what is asked, and which of its words count."""

import re
from dataclasses import dataclass
from datetime import datetime

WORDS_LIMIT = 64
"""Distinct words of a query that are looked up; a pasted page asks no better question."""

_ENGLISH = """
    a about above after again against all also am an and any are as at
    be because been before being below between both but by
    can could did do does doing don down during each either
    few for from further get got had has have having he her here hers him his how
    i if in into is it its itself just ll me might more most must my
    no nor not now of off on once only or other our ours out over own
    re s same shall she should so some such t than that the their theirs them then there these
    they this those through to too under until up upon us
    ve very was we were what when where which while who whom whose why will with would
    yet you your yours
"""

STOP_WORDS = frozenset(_ENGLISH.split())
"""
English words that say nothing about a text.

They are left out of queries and never out of the index, so that a query made of
nothing else still finds its sentence.
"""

# A combining accent belongs to its letter; `\w` alone would split the word there.
_WORD = re.compile(r"\w[\w\u0300-\u036f]*")


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A keyword query.  Filters apply before the candidates are cut."""

    text: str
    source: str | None = None
    """A source and everything below it (`script:x/…`), or a bare type (`script`)."""
    since: datetime | None = None
    limit: int = 12


def query_words(text: str) -> tuple[str, ...]:
    """
    Split a query into the words to look for, in order, each once.

    A document that holds any of them matches.  Only letters, digits and `_`
    are left, so no word can be mistaken for an operator of a query language.
    """
    words = {word.lower(): word for word in _WORD.findall(text)}
    telling = [word for lower, word in words.items() if lower not in STOP_WORDS]
    return tuple(telling or words.values())[:WORDS_LIMIT]
