import re
from collections.abc import Iterator

import pytest

from controller.model.condition import ConditionType, Reason
from tests.resources.pages import PAGE, page
from tests.resources.shelf import CRDS, ROOT, schema

CONDITIONS = (ROOT / "docs" / "reference" / "conditions.md").read_text()


def first_cells(text: str) -> list[str]:
    """List the words in the first cells of all tables of a page."""
    return re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)


def undescribed(node: object, path: str = "") -> Iterator[str]:
    """Walk the fields of a schema that have no description."""
    if not isinstance(node, dict):
        return
    for name, inner in node.get("properties", {}).items():
        if "description" not in inner and f"{path}.{name}" != ".metadata":
            yield f"{path}.{name}"
        yield from undescribed(inner, f"{path}.{name}")
        yield from undescribed(inner.get("items"), f"{path}.{name}[]")


def test_every_type_and_reason_is_explained_once() -> None:
    types, reasons = CONDITIONS.split("## Reasons")

    assert first_cells(types) == [str(kind) for kind in ConditionType]
    assert sorted(first_cells(reasons)) == sorted(str(reason) for reason in Reason)


@pytest.mark.parametrize("line", re.findall(r"^\| `.*$", CONDITIONS, re.MULTILINE))
def test_every_row_says_what_it_means_and_what_to_do(line: str) -> None:
    cells = [cell.strip() for cell in line.strip("| ").split(" | ")]

    assert all(cells)
    assert len(cells) in (3, 4)


def test_the_page_of_the_crds_is_the_one_they_make() -> None:
    assert PAGE.read_text() == page(), "write it anew with `python -m tests.resources.pages`"


@pytest.mark.parametrize("kind", CRDS)
def test_every_field_of_a_crd_explains_itself(kind: str) -> None:
    assert list(undescribed(schema(kind))) == []


@pytest.mark.parametrize("kind", CRDS)
def test_every_list_and_every_string_of_a_spec_is_bounded(kind: str) -> None:
    def unbounded(node: object, path: str) -> Iterator[str]:
        if not isinstance(node, dict):
            return
        bounds = {"string": ("maxLength", "enum", "pattern"), "array": ("maxItems",)}
        wanted = bounds.get(str(node.get("type")), ())
        if wanted and not any(bound in node for bound in wanted):
            yield path
        for name, inner in node.get("properties", {}).items():
            yield from unbounded(inner, f"{path}.{name}")
        yield from unbounded(node.get("items"), f"{path}[]")

    properties = schema(kind)["properties"]
    assert isinstance(properties, dict)

    assert list(unbounded(properties["spec"], "spec")) == []
