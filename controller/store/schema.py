"""
The schema as numbered plain SQL, and what a database may be compared with it.

Reads the files of `migrations/`; runs nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from controller.errors import StoreCorruptError

_NAME = re.compile(r"(\d{4})_\w+\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema; once released its text never changes."""

    version: int
    checksum: str
    sql: str


def shipped_migrations() -> tuple[Migration, ...]:
    """Read the migrations of this release, in order."""
    found = []
    # Not by importlib.resources: that is 8 ms of each start, for files which lie here.
    for file in (Path(__file__).parent / "migrations").iterdir():
        name = _NAME.fullmatch(file.name)
        if name is not None:
            sql = file.read_text(encoding="utf-8")
            found.append(Migration(int(name[1]), sha256(sql.encode()).hexdigest(), sql))
    return tuple(sorted(found, key=lambda migration: migration.version))


def missing_migrations(
    shipped: tuple[Migration, ...], applied: Mapping[int, str], location: str
) -> tuple[Migration, ...]:
    """
    Compare a database (version to checksum) with this release; what has to be run, in order.

    Raises:
        StoreCorruptError: A migration was run with another text than this release has.
    """
    for migration in shipped:
        if applied.get(migration.version, migration.checksum) != migration.checksum:
            raise StoreCorruptError(
                f"the schema of {location} is not this product's: "
                f"migration {migration.version} was run with another text"
            )
    return tuple(migration for migration in shipped if migration.version not in applied)
