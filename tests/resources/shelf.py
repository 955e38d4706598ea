"""The CRDs as shipped, and bodies to begin with."""

from collections.abc import Mapping
from pathlib import Path

from controller.config.documents import read_documents

ROOT = Path(__file__).parents[2]
CRDS = {"Registry": "registry", "ConnectorSync": "connectorsync"}


def crd(kind: str) -> Mapping[str, object]:
    """Read a CRD of this checkout."""
    path = ROOT / "crds" / f"{CRDS[kind]}.yaml"
    [document] = read_documents(path.read_text(), path.name)
    assert isinstance(document.value, dict)
    return document.value


def schema(kind: str) -> dict[str, object]:
    """Take the schema out of a CRD."""
    spec = crd(kind)["spec"]
    assert isinstance(spec, dict)
    made = spec["versions"][0]["schema"]["openAPIV3Schema"]
    assert isinstance(made, dict)
    return made


def registry(**spec: object) -> dict[str, object]:
    """Make a Registry that is in order but for what is given."""
    return {
        "apiVersion": "contextharness.dev/v1alpha1",
        "kind": "Registry",
        "metadata": {"name": "company"},
        "spec": {"url": "https://git.example.com/company.git", **spec},
    }


def sync(**spec: object) -> dict[str, object]:
    """Make a ConnectorSync that is in order but for what is given."""
    return {
        "apiVersion": "contextharness.dev/v1alpha1",
        "kind": "ConnectorSync",
        "metadata": {"name": "jira"},
        "spec": {"connector": {"name": "jira"}, **spec},
    }


def with_metadata(body: dict[str, object], **metadata: object) -> dict[str, object]:
    """Add to the metadata of a body."""
    before = body["metadata"]
    assert isinstance(before, dict)
    return {**body, "metadata": {**before, **metadata}}
