import re
from pathlib import Path

import pytest

HANDBOOK = Path(__file__).parents[2] / "examples" / "quickstart" / "handbook"
PAGES = sorted(HANDBOOK.glob("*.md"))


def links(page: Path) -> list[str]:
    return re.findall(r"\]\(([^)]+)\)", page.read_text())


def test_there_are_more_than_fifty_pages() -> None:
    assert len(PAGES) >= 52


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_is_short_and_has_one_title_and_sections(page: Path) -> None:
    text = page.read_text()

    assert 150 <= len(text.split()) <= 500
    assert text.startswith("# ")
    assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1
    assert len(re.findall(r"^## ", text, re.MULTILINE)) >= 2


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_links_to_pages_that_exist(page: Path) -> None:
    found = links(page)

    assert found
    assert [target for target in found if not (HANDBOOK / target).is_file()] == []


def test_every_page_but_the_index_is_reached_from_another() -> None:
    reached = {target for page in PAGES for target in links(page) if target != page.name}

    assert {page.name for page in PAGES} - reached - {"index.md"} == set()


def test_no_two_pages_have_the_same_title() -> None:
    titles = [page.read_text().splitlines()[0] for page in PAGES]

    assert len(set(titles)) == len(titles)
