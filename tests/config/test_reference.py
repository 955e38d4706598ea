import re
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

import pytest

from controller.config import settings

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "settings.md").read_text("utf-8")
SECTIONS: dict[str, Any] = {
    "[db]": settings.DatabaseSettings,
    "[chunking]": settings.ChunkingSettings,
    "[retrieval]": settings.RetrievalSettings,
    "[embedding]": settings.EmbeddingSettings,
    "[server]": settings.ServerSettings,
    "[connectors.script.NAME]": settings.ScriptSettings,
    "[registries.NAME]": settings.RegistrySettings,
}
NO_KEYS = {"name", "written_path", "origin", "config", "other"}
"""Fields that no key of the file sets by itself."""


def rows(section: str) -> dict[str, str]:
    [text] = re.findall(
        rf"^## `{re.escape(section)}`\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL
    )
    return dict(re.findall(r"^\| `(\w+)` \| (.+?) \| ", text, re.MULTILINE))


@pytest.mark.parametrize("section", SECTIONS)
def test_the_page_shows_every_key_of_a_section_and_no_other(section: str) -> None:
    keys = {field.name for field in fields(SECTIONS[section])} - NO_KEYS

    assert set(rows(section)) == keys


@pytest.mark.parametrize("section", ["[chunking]", "[retrieval]", "[server]", "[embedding]"])
def test_the_page_shows_the_defaults(section: str) -> None:
    shown = rows(section)
    defaults: dict[str, Field[Any]] = {field.name: field for field in fields(SECTIONS[section])}

    for key, text in shown.items():
        assert defaults[key].default is not MISSING
        assert text.strip("`") == str(defaults[key].default)
