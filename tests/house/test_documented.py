import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller import errors
from controller.errors import HarnessError
from controller.model.condition import ConditionType, Reason
from tests.house.tree import PACKAGE, ROOT, files, named, parse

REFERENCE = ROOT / "docs" / "reference"
ERRORS = [
    found
    for _, found in inspect.getmembers(errors, inspect.isclass)
    if issubclass(found, HarnessError)
]
WHAT_USERS_TOUCH = [
    *files(".py", below=PACKAGE / "cli"),
    *files(".py", below=PACKAGE / "lua" / "host"),
    *files(".py", below=PACKAGE / "resources"),
    *(
        path
        for path in (PACKAGE / "config" / "settings.py", PACKAGE / "lua" / "table.py")
        if path.exists()
    ),
]

Documentable = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def public(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Documentable]]:
    """Walk public classes, functions, and the public methods of public classes."""
    for node in body:
        if not isinstance(node, Documentable) or node.name.startswith("_"):
            continue
        yield f"{prefix}{node.name}", node
        if isinstance(node, ast.ClassDef):
            yield from public(node.body, f"{prefix}{node.name}.")


def undocumented_fields(settings: ast.ClassDef) -> Iterator[str]:
    """Walk fields without a string below; the section's name and a section's class tell enough."""
    following = [*settings.body[1:], None]
    for node, after in zip(settings.body, following, strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            told = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            section = ast.unparse(node.annotation).endswith("Settings")
            if not (told or section or node.target.id == "name" or node.target.id[0] == "_"):
                yield f"{settings.name}.{node.target.id}"


@pytest.mark.parametrize("path", WHAT_USERS_TOUCH, ids=named)
def test_what_users_touch_has_docstrings(path: Path) -> None:
    silent = [name for name, node in public(parse(path).body) if not ast.get_docstring(node)]

    assert silent == []


@pytest.mark.parametrize(
    "path", [p for p in WHAT_USERS_TOUCH if p.name == "settings.py"], ids=named
)
def test_every_setting_is_documented_below_its_field(path: Path) -> None:
    silent = [
        field
        for _, node in public(parse(path).body)
        if isinstance(node, ast.ClassDef)
        for field in undocumented_fields(node)
    ]

    assert silent == []


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: str(error.__name__))
def test_an_error_is_documented_and_known_by_a_reason(error: type[HarnessError]) -> None:
    assert error.__doc__
    assert error.__name__.endswith("Error")
    assert error.reason in set(Reason)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: str(error.__name__))
def test_the_page_of_errors_says_what_the_code_says(error: type[HarnessError]) -> None:
    rows = [row for row in table(REFERENCE / "errors.md") if row[0] == f"`{error.__name__}`"]

    [(_, reason, retryable, meaning, what_to_do)] = rows or [("", "", "", "", "")]
    retried = "yes" if error.retryable else "no"
    assert (reason, retryable) == (f"`{error.reason}`", retried), row_for(error)
    assert meaning == first_sentence(error), row_for(error)
    assert what_to_do, row_for(error)


def test_the_page_of_errors_names_no_class_that_is_gone() -> None:
    listed = {row[0].strip("`") for row in table(REFERENCE / "errors.md")}

    assert listed == {error.__name__ for error in ERRORS}


def test_the_drawing_at_the_top_of_the_errors_shows_the_tree() -> None:
    assert drawn_tree(str(errors.__doc__)) == {
        error.__name__: error.__bases__[0].__name__ for error in ERRORS if error is not HarnessError
    }


def test_every_reason_and_condition_is_explained() -> None:
    page = (REFERENCE / "conditions.md").read_text()

    silent = [word for word in (*Reason, *ConditionType) if f"`{word}`" not in page]

    assert silent == []


@pytest.mark.parametrize("page", sorted(REFERENCE.glob("*.md")), ids=named)
def test_reference_pages_link_to_files_that_exist(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_contributing_names_files_that_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named_there = re.findall(r"`((?:controller|tests|docs|crds|registry-template)/[\w./-]*)`", text)

    gone = [name for name in named_there if "NAME" not in name and not (ROOT / name).exists()]

    assert named_there
    assert gone == []


def table(page: Path) -> list[tuple[str, ...]]:
    """Read the rows of the tables of a page, without heads and rules."""
    rows = [
        tuple(cell.strip() for cell in line.strip("|").split(" | "))
        for line in page.read_text().splitlines()
        if line.startswith("| `")
    ]
    return [tuple(cell.removesuffix(" |") for cell in row) for row in rows]


def first_sentence(error: type[HarnessError]) -> str:
    """Take the first paragraph of a docstring as one line; a bar would end the table's cell."""
    return inspect.cleandoc(str(error.__doc__)).split("\n\n")[0].replace("\n", " ")


def row_for(error: type[HarnessError]) -> str:
    """Write the row as it should stand in the page, for whoever adds a class."""
    retried = "yes" if error.retryable else "no"
    return f"| `{error.__name__}` | `{error.reason}` | {retried} | {first_sentence(error)} | … |"


def drawn_tree(drawing: str) -> dict[str, str]:
    """Read parents from the indentation of the drawing: two blanks are a level."""
    parents: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for line in drawing.splitlines():
        names = re.findall(r"\b[A-Z]\w+Error\b", line.split("   ")[0] if line[:1] != " " else line)
        indent = len(line) - len(line.lstrip())
        if not names or not line.startswith("    "):
            continue
        while above and above[-1][0] >= indent:
            above.pop()
        parents |= {name: above[-1][1] for name in names if above}
        above.append((indent, names[-1]))
    return parents
