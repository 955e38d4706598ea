"""
Composes the tickets of the quickstart: 520 of them, the same ones every time.

The sentences are written by hand in `situations/`; chance only chooses between
them and fills in services, regions and figures.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

TICKETS = 520
SEED = "quickstart"
LAST_DAY = datetime(2026, 10, 30, 17, 0, tzinfo=UTC)
"""Tickets end here, so that a second run finds nothing new."""

SITUATIONS = Path(__file__).parent / "situations"

SERVICES = (
    "checkout", "ledger", "catalog", "search-api", "notifications", "identity", "billing",
    "media-resizer", "reports", "gateway", "inventory", "session-store", "webhooks", "scheduler",
)  # fmt: skip
DATABASES = ("orders-db", "ledger-db", "catalog-db", "identity-db", "billing-db", "reports-db")
REGIONS = ("eu-west", "eu-north", "us-east", "ap-south")
TEAMS = ("payments", "storefront", "identity", "data", "platform", "support tools", "logistics")
QUEUES = ("order-events", "mail-outbox", "image-jobs", "invoice-runs", "audit-trail", "webhook-out")
PEOPLE = (
    "Mara Lindqvist", "Tomas Rivera", "Aiko Tanaka", "Jonas Weber", "Priya Nair", "Lena Kowalska",
    "Daniel Okafor", "Sofia Marino", "Henrik Dahl", "Noor Haddad", "Clara Dubois", "Ivan Petrov",
    "Grace Mensah", "Rasmus Holm", "Elif Aydin", "Pedro Alves",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Situation:
    """One kind of trouble: phrases to choose from, and comments in the order they would come."""

    labels: tuple[str, ...]
    priority: tuple[str, ...]
    titles: tuple[str, ...]
    opening: tuple[str, ...]
    detail: tuple[str, ...]
    ask: tuple[str, ...]
    comments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comment:
    """As the API shows it."""

    author: str
    created_at: str
    body: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """As the API shows it; times are RFC 3339."""

    key: str
    title: str
    description: str
    status: str
    priority: str
    reporter: str
    labels: tuple[str, ...]
    created_at: str
    updated_at: str
    url: str
    comments: tuple[Comment, ...]


def compose(count: int = TICKETS) -> tuple[Ticket, ...]:
    """Compose the first `count` tickets, oldest first; equal counts give equal tickets."""
    situations = load_situations()
    order = Random(SEED).sample(range(len(situations)), len(situations))
    return tuple(
        _compose_one(number, situations[order[number % len(order)]], count)
        for number in range(count)
    )


def as_json(tickets: Sequence[Ticket]) -> list[dict[str, object]]:
    """Turn tickets into what the API sends."""
    return [asdict(ticket) for ticket in tickets]


def load_situations(directory: Path = SITUATIONS) -> tuple[Situation, ...]:
    """Read every `*.toml` of a directory, in the order of their names."""
    found = []
    for file in sorted(directory.glob("*.toml")):
        entries: list[Mapping[str, list[str]]] = tomllib.loads(file.read_text())["situation"]
        found += [
            Situation(**{key: tuple(values) for key, values in entry.items()}) for entry in entries
        ]
    return tuple(found)


def _compose_one(number: int, situation: Situation, count: int) -> Ticket:
    chance = Random(f"{SEED} {number}")
    people = chance.sample(PEOPLE, 4)
    slots = _fill_slots(chance, people[3])
    opened = _opened_at(number, count, chance)
    comments = _compose_comments(situation, slots, people[1:3], opened, chance)
    # One variant throughout: the cause and the wish belong to what was seen.
    variant = chance.randrange(len(situation.opening))
    parts = (situation.opening, situation.detail, situation.ask)
    changed = datetime.fromisoformat(comments[-1].created_at) if comments else opened
    return Ticket(
        key=f"OPS-{number + 1}",
        title=_pick(situation.titles, variant).format_map(slots),
        description="\n\n".join(_pick(part, variant).format_map(slots) for part in parts),
        status=_status(len(comments), len(situation.comments)),
        priority=chance.choice(situation.priority),
        reporter=people[0],
        labels=(*situation.labels, slots["service"]),
        created_at=_written(opened),
        updated_at=_written(changed),
        url=f"https://tickets.example.com/browse/OPS-{number + 1}",
        comments=comments,
    )


def _pick(phrases: Sequence[str], variant: int) -> str:
    return phrases[variant % len(phrases)]


def _fill_slots(chance: Random, engineer: str) -> dict[str, str]:
    region = chance.choice(REGIONS)
    service = chance.choice(SERVICES)
    major, minor = chance.randrange(1, 6), chance.randrange(2, 40)
    return {
        "service": service,
        "database": chance.choice(DATABASES),
        "region": region,
        "team": chance.choice(TEAMS),
        "queue": chance.choice(QUEUES),
        "engineer": engineer,
        "cluster": f"{region}-{chance.choice('abc')}",
        "node": f"node-{chance.randrange(1, 48):02}",
        "host": f"{service}.{region}.example.com",
        "version": f"v{major}.{minor}.0",
        "previous": f"v{major}.{minor - 1}.{chance.randrange(5)}",
        "clock": f"{chance.randrange(24):02}:{chance.randrange(0, 60, 5):02}",
        "percent": str(chance.randrange(3, 96)),
        "minutes": str(chance.randrange(2, 45)),
        "hours": str(chance.randrange(2, 12)),
        "days": str(chance.randrange(2, 21)),
        "count": str(chance.choice((120, 180, 250, 400, 640, 900, 1200, 1500, 2400, 4000))),
    }


def _opened_at(number: int, count: int, chance: Random) -> datetime:
    age = timedelta(days=540) * (count - number) / count
    return LAST_DAY - timedelta(days=7) - age + timedelta(minutes=chance.randrange(600))


def _compose_comments(
    situation: Situation,
    slots: Mapping[str, str],
    authors: Sequence[str],
    opened: datetime,
    chance: Random,
) -> tuple[Comment, ...]:
    told = chance.randrange(len(situation.comments) + 1)
    if opened < LAST_DAY - timedelta(days=60):
        told = max(told, chance.randrange(len(situation.comments) + 1))
    when = opened
    comments = []
    for position in range(told):
        when += timedelta(minutes=chance.randrange(6, 60 * (1 + 4 * position)))
        text = situation.comments[position].format_map(slots)
        comments.append(Comment(authors[position % 2], _written(when), text))
    return tuple(comments)


def _status(told: int, whole: int) -> str:
    if told == 0:
        return "Open"
    return "Done" if told == whole else "In progress"


def _written(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
