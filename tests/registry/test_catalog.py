from pathlib import Path

import pytest

from controller.errors import ConnectorNotFoundError, ManifestError, UsageError
from controller.registry.catalog import Catalog, load_layer, open_catalog, readme_of

MANIFEST = """
[connectors.jira]
path = "connectors/jira/connector.lua"
description = "Issues of a tracker"
tags = ["Atlassian"]
[tools.summarize]
path = "tools/summarize/tool.lua"
"""


@pytest.fixture
def community(tmp_path: Path) -> Path:
    root = tmp_path / "community"
    _write(root, {"registry.toml": MANIFEST, "connectors/jira/README.md": "# Jira"})
    return root


@pytest.mark.parametrize("name", ["jira", "connector/jira", "connectors/", "plugins/jira"])
def test_what_is_no_extension_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="is no extension"):
        Catalog(()).resolve(name)


def test_an_extension_that_no_registry_has_is_not_found() -> None:
    with pytest.raises(ConnectorNotFoundError, match="no registry has connectors/jira"):
        Catalog(()).resolve("connectors/jira")


def test_a_layer_with_a_broken_manifest_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, {"registry.toml": "[["})

    with pytest.raises(ManifestError):
        load_layer("broken", tmp_path, 100, readonly=True)


def test_the_winner_of_a_name_is_resolved(community: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    _write(own, {"connectors/jira/connector.lua": "-- mine"})
    catalog = open_catalog(
        [
            load_layer("community", community, 100, readonly=True),
            load_layer("own", own, 900, readonly=False),
        ]
    )

    found = catalog.resolve("connectors/jira")

    assert (found.registry, found.root) == ("own", str(own))
    assert [e.shadowed_by for e in catalog.extensions if e.entry.name == "jira"] == ["", "own"]


def test_a_copied_directory_counts_in_a_writable_registry_only(community: Path) -> None:
    _write(community, {"connectors/wiki/connector.lua": ""})

    written = load_layer("own", community, 100, readonly=False).manifest
    read = load_layer("own", community, 100, readonly=True).manifest

    assert [e.name for e in written.extensions] == ["jira", "summarize", "wiki"]
    assert [e.name for e in read.extensions] == ["jira", "summarize"]


@pytest.mark.parametrize("query", ["JIR", "tracker", "atlassian"])
def test_a_search_looks_at_names_descriptions_and_tags(community: Path, query: str) -> None:
    catalog = open_catalog([load_layer("community", community, 100, readonly=True)])

    assert [extension.entry.name for extension in catalog.search(query)] == ["jira"]


def test_a_search_shows_no_shadowed_extension(community: Path) -> None:
    catalog = open_catalog(
        [
            load_layer("community", community, 100, readonly=True),
            load_layer("company", community, 200, readonly=True),
        ]
    )

    assert [extension.registry for extension in catalog.search("jira")] == ["company"]


def test_the_readme_lies_beside_the_script(community: Path) -> None:
    catalog = open_catalog([load_layer("community", community, 100, readonly=True)])

    assert readme_of(catalog.resolve("connectors/jira")) == "# Jira"
    assert readme_of(catalog.resolve("tools/summarize")) is None


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
