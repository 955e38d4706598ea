"""What a person types, checked: the same rules for the command line, REST and MCP."""

from controller.errors import UsageError
from controller.instants import parse_instant
from controller.model.names import parse_source
from controller.model.query import SearchRequest

HITS_DEFAULT = 12
HITS_LIMIT = 1000


def parse_query(
    text: str, *, source: str | None = None, since: str | None = None, limit: int = HITS_DEFAULT
) -> SearchRequest:
    """
    Make a request of a query and its filters.

    Raises:
        UsageError: The query is blank, the source or the date cannot be read,
            or the limit lies outside 1 to 1000.
    """
    if not text.strip():
        raise UsageError("the query is empty", hint="name a word that the documents hold")
    if not 1 <= limit <= HITS_LIMIT:
        raise UsageError(f"the limit {limit} is not between 1 and {HITS_LIMIT}")
    earliest = None
    if since is not None:
        earliest = parse_instant(since)
        if earliest is None:
            raise UsageError(f"'{since}' is no date", hint="write 2026-02-20 or 2026-02-20T08:00Z")
    return SearchRequest(
        text=text,
        source=None if source is None else parse_source(source),
        since=earliest,
        limit=limit,
    )
