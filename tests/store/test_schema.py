import re
from pathlib import Path

import pytest

from controller.errors import StoreCorruptError
from controller.store.schema import Migration, missing_migrations, shipped_migrations
from controller.store.sqlite_database import SCHEMA_VERSION

SHIPPED = (Migration(1, "aa", "…"), Migration(2, "bb", "…"), Migration(3, "cc", "…"))


def test_a_changed_text_is_refused() -> None:
    with pytest.raises(StoreCorruptError, match="migration 2 was run with another text"):
        missing_migrations(SHIPPED, {1: "aa", 2: "other"}, "db")


def test_what_has_not_run_is_named_in_order() -> None:
    assert missing_migrations(SHIPPED, {}, "db") == SHIPPED
    assert missing_migrations(SHIPPED, {1: "aa"}, "db") == SHIPPED[1:]
    assert missing_migrations(SHIPPED, {1: "aa", 2: "bb", 3: "cc"}, "db") == ()


def test_readers_know_the_newest_migration() -> None:
    shipped = shipped_migrations()

    assert [migration.version for migration in shipped] == list(range(1, SCHEMA_VERSION + 1))


def test_every_table_is_in_the_reference() -> None:
    text = (Path(__file__).parents[2] / "docs/reference/store.md").read_text(encoding="utf-8")
    made = re.compile(r"CREATE (?:VIRTUAL )?(?:TABLE|VIEW) (\w+)")

    tables = [name for migration in shipped_migrations() for name in made.findall(migration.sql)]

    assert len(tables) == 9
    assert [name for name in [*tables, "schema_migrations"] if f"| `{name}` |" not in text] == []
