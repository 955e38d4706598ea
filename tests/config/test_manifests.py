import os
from pathlib import Path

import pytest

from controller.config.manifests import MOST_BYTES, Manifest, Severity, load_manifests

HEAD = "apiVersion: contextharness.dev/v1alpha1\nkind: Registry\n"
GOOD = HEAD + "metadata:\n  name: company\nspec:\n  url: https://x\n"


def problems(directory: Path) -> list[str]:
    """Load a directory and write its problems, paths relative to it."""
    return [
        problem.text().replace(f"{directory}/", "").replace(str(directory), ".")
        for problem in load_manifests(directory).problems
    ]


def names(directory: Path) -> list[str]:
    """Load a directory and name its resources."""
    return [f"{each.kind}/{each.name}" for each in load_manifests(directory).resources]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("- a\n- b\n", "x.yaml:1: the document is a list, not a resource"),
        ("just text", "x.yaml:1: the document is a string, not a resource"),
        ("5", "x.yaml:1: the document is a number, not a resource"),
        ("1.5", "x.yaml:1: the document is a number, not a resource"),
        ("true", "x.yaml:1: the document is a boolean, not a resource"),
        ("a: [", "x.yaml:2: while parsing a flow node, did not find expected node content"),
        ("kind: Registry", "x.yaml:1: apiVersion is missing"),
        ("apiVersion: contextharness.dev/v1alpha1\n", "x.yaml:1: kind is missing"),
        ("apiVersion: v1\nkind: [Secret]", "x.yaml:2: kind is a list, not a string"),
        ("apiVersion: v1\nkind: ''", "x.yaml:2: kind is missing"),
        (HEAD, "x.yaml:1: metadata.name is missing"),
        (HEAD + "metadata: company", "x.yaml:3: metadata.name is missing"),
        (HEAD + "metadata:\n  labels: {}\n", "x.yaml:3: metadata.name is missing"),
        (HEAD + "metadata:\n  name: 5\n", "x.yaml:4: metadata.name is a number, not a string"),
        (
            HEAD + "metadata:\n  name: a\n  namespace: {}\n",
            "x.yaml:5: metadata.namespace is a map, not a string",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_line(
    tmp_path: Path, text: str, wanted: str
) -> None:
    (tmp_path / "x.yaml").write_text(text)

    assert problems(tmp_path) == [wanted]
    assert names(tmp_path) == []


def test_one_broken_file_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: [")
    (tmp_path / "b.yaml").write_text(GOOD)

    assert names(tmp_path) == ["Registry/company"]


def test_one_broken_document_does_not_stop_the_others_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"kind: Registry\n---\n{GOOD}")

    assert names(tmp_path) == ["Registry/company"]
    assert problems(tmp_path) == ["a.yaml:1: apiVersion is missing"]


def test_of_a_file_with_a_syntax_error_nothing_is_taken(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"{GOOD}---\na: [")

    assert names(tmp_path) == []


def test_bytes_that_are_not_utf8_are_named_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"a: 1\nb: \xff\n")

    assert problems(tmp_path) == ["a.yaml:2: it is not UTF-8"]


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbf" + GOOD.encode())

    assert names(tmp_path) == ["Registry/company"]


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("#" * (MOST_BYTES + 1))

    assert problems(tmp_path) == ["a.yaml: the file is larger than 1 MiB"]


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.yaml")

    assert problems(tmp_path) == ["a.yaml: it is no regular file"]


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to(tmp_path / "gone")

    assert problems(tmp_path) == ["a.yaml: No such file or directory"]


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert problems(tmp_path / "gone") == [".: No such file or directory"]


def test_a_resource_declared_twice_is_taken_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yml").write_text(f"# again\n{GOOD}")

    [resource] = load_manifests(tmp_path).resources
    assert resource.file == tmp_path / "a.yaml"
    assert problems(tmp_path) == [
        "b.yml:2: Registry default/company is declared a second time, the first is at a.yaml:1"
    ]


def test_the_same_name_in_another_namespace_is_another_resource(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text(GOOD.replace("name:", "namespace: docs\n  name:"))

    assert [each.namespace for each in load_manifests(tmp_path).resources] == ["default", "docs"]


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
        "apiVersion: harbor.example.com/v1\nkind: Registry\nmetadata: {name: a}\n",
        "apiVersion: contextharness.dev/v1alpha1\nkind: Secret\nmetadata: {name: a}\n",
        "apiVersion: v1\nkind: List\nitems: []\n",
    ],
)
def test_other_kinds_are_left_alone_with_a_note(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yaml").write_text(text)

    [note] = load_manifests(tmp_path).problems

    assert note.severity is Severity.NOTE
    assert note.line == 2
    assert note.message.endswith("is left alone: it is no kind of ours")


def test_resources_are_found_below_in_order_and_not_in_hidden_places(tmp_path: Path) -> None:
    for place in ("b.yaml", "a/c.yml", ".ctx/d.yaml", "a/.git/e.yaml", ".f.yaml", "g.yaml.bak", "h.json"):  # fmt: skip
        path = tmp_path / place
        path.parent.mkdir(exist_ok=True)
        path.write_text(GOOD.replace("company", path.stem.strip(".")))

    assert names(tmp_path) == ["Registry/b", "Registry/c"]


def test_secrets_and_config_maps_are_taken_and_never_shown(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: jira}\nstringData: {token: hunter2}\n"
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: site}\ndata: {url: x}\n"
    )

    found = load_manifests(tmp_path)

    assert [each.kind for each in found.resources] == ["Secret", "ConfigMap"]
    assert found.resources[0].body["stringData"] == {"token": "hunter2"}
    assert "hunter2" not in repr(found)


def test_a_field_is_found_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"---\n{GOOD}")

    [resource] = load_manifests(tmp_path).resources

    assert isinstance(resource, Manifest)
    assert resource.line == 2
    assert resource.line_of(("spec", "url")) == 7
    assert resource.locate(("spec", "interval")) == f"{tmp_path / 'a.yaml'}:6"
