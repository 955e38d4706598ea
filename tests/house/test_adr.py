import re
from pathlib import Path

import pytest

from tests.house.tree import ROOT

DECISIONS = ROOT / "docs" / "adr"
PAGES = sorted(DECISIONS.glob("[0-9]*.md"))
SECTIONS = ["Context", "Decision", "Consequences", "What would reopen it"]
LONGEST = 700
"""Words: about a page."""


def title_of(page: Path) -> str:
    return page.read_text().splitlines()[0].removeprefix("# ")


def test_numbers_run_without_a_gap() -> None:
    numbers = [int(page.name[:4]) for page in PAGES]

    assert numbers == list(range(1, len(PAGES) + 1))
    assert len(PAGES) >= 10


def test_the_index_lists_every_decision_with_its_title_in_order() -> None:
    index = (DECISIONS / "README.md").read_text()

    listed = re.findall(r"^- \[(.+?)\]\((\d{4}-[a-z0-9-]+\.md)\)", index, re.MULTILINE)

    assert listed == [(title_of(page), page.name) for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_decision_fits_one_page_and_says_what_would_reopen_it(page: Path) -> None:
    text = page.read_text()

    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert title_of(page).startswith(f"{page.name[:4]}: ")
    assert len(text.split()) <= LONGEST
    assert re.search(r"^Status: (accepted|replaced by \[\d{4}\])", text, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_decision_links_to_pages_that_exist(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)", page.read_text()):
        assert (page.parent / target).exists(), target
