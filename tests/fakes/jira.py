"""
The part of a ticket tracker's search that the specifications' connectors ask for.

    with HttpSource() as source:
        source.on("/rest/api/2/search", jira(ISSUES, login="ada@example.org:t0ken"))

Answers `startAt` and `maxResults` with `total`, as that API does; never more than
`most` issues at once, whatever is asked for.
"""

import base64
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.http_source import Answer, Connection, Seen, failing, page


def jira(issues: Sequence[dict[str, Any]], *, login: str, most: int = 50) -> Answer:
    """Serve issues to who logs in with `user:token`."""
    expected = "Basic " + base64.b64encode(login.encode()).decode()

    def answer(connection: Connection, asked: Seen) -> None:
        if asked.header("authorization") != expected:
            failing(401)(connection, asked)
            return
        wanted = {key: values[0] for key, values in parse_qs(urlsplit(asked.target).query).items()}
        start = int(wanted.get("startAt", "0"))
        size = min(int(wanted.get("maxResults", "50")), most)
        document = {
            "expand": "schema,names",
            "startAt": start,
            "maxResults": size,
            "total": len(issues),
            "issues": issues[start : start + size],
        }
        page(json.dumps(document).encode())(connection, asked)

    return answer


def issue(number: int, *, comments: int = 0, described: bool = True) -> dict[str, Any]:
    """One issue as that API writes it, with its nulls."""
    day = 1 + number % 27
    return {
        "id": str(10_000 + number),
        "key": f"ENG-{number}",
        "fields": {
            "summary": f"Ticket {number}: the café ☕ is closed",
            "description": f"Steps to reproduce marmot {number}" if described else None,
            "created": f"2026-01-{day:02d}T09:30:00.000+0000",
            "updated": f"2026-02-{day:02d}T14:30:00.000+0100",
            "creator": {"displayName": "Jane Smith"} if number % 2 else None,
            "reporter": {"displayName": "Sam O'Neil"},
            "status": {"name": "In Progress" if number % 2 else "Done"},
            "comment": {
                "comments": [
                    {
                        "author": {"displayName": f"Reviewer {at}"},
                        "created": f"2026-02-{day:02d}T15:0{at}:00.000+0100",
                        "body": f"Comment {at} on {number}: quokka",
                    }
                    for at in range(comments)
                ],
                "total": comments,
            },
        },
    }
