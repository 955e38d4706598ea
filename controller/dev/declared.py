"""
What the files below a directory declare, as `kubectl apply` would take it.

A resource that breaks a rule is refused with file, line and field, and the one
accepted before stays, as it would in a cluster; so does everything that stood
in a file which cannot be read any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from controller.config.manifests import FileProblem, Manifest, Severity, load_manifests
from controller.dev.inputs import read_secret
from controller.errors import HarnessError
from controller.model.registry import DesiredRegistry
from controller.model.sync import DesiredSync
from controller.resources.bodies import SourceNaming, registry_of, sync_of
from controller.resources.schema import problems, with_defaults

Identity = tuple[str, str, str]
"""Kind, namespace, name."""

Body = dict[str, object]

OURS = frozenset({"Registry", "ConnectorSync"})


@dataclass(frozen=True, slots=True)
class Accepted:
    """A resource that keeps every rule, with the body that a status is added to."""

    body: Body
    file: Path


@dataclass(frozen=True, slots=True)
class Declared:
    """Everything that holds now."""

    resources: Mapping[Identity, Accepted] = field(default_factory=dict)
    registries: tuple[DesiredRegistry, ...] = ()
    syncs: tuple[DesiredSync, ...] = ()
    secrets: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    config_maps: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    problems: tuple[FileProblem, ...] = ()
    """Notes too."""

    def errors(self) -> tuple[FileProblem, ...]:
        """List what keeps a file or a resource from being used."""
        return tuple(each for each in self.problems if each.severity is Severity.ERROR)

    def body(self, kind: str, key: str) -> Body | None:
        """Find the body of a resource by `namespace/name`."""
        namespace, _, name = key.partition("/")
        found = self.resources.get((kind, namespace, name))
        return found.body if found is not None else None


def read_declared(
    directory: Path,
    crds: Mapping[str, Mapping[str, object]],
    recorded: Mapping[Identity, Body],
    before: Declared,
) -> Declared:
    """
    Read a directory.

    `recorded` are the bodies that earlier rounds saved: a resource whose spec
    is theirs keeps its generation, any other moves on by one.
    """
    found = load_manifests(directory)
    broken = {problem.file for problem in found.problems if problem.severity is Severity.ERROR}
    trouble: list[FileProblem] = list(found.problems)
    resources: dict[Identity, Accepted] = {}
    refused: set[Identity] = set()
    for manifest in found.resources:
        if manifest.kind not in OURS:
            continue
        identity = (manifest.kind, manifest.namespace, manifest.name)
        wrong = _check(manifest, crds[manifest.kind], recorded.get(identity))
        if wrong:
            trouble.extend(wrong)
            refused.add(identity)
            continue
        body = _body(manifest, crds[manifest.kind], recorded.get(identity))
        resources[identity] = Accepted(body, manifest.file)
    for identity, accepted in before.resources.items():
        if identity in refused or (accepted.file in broken and identity not in resources):
            resources[identity] = accepted
    values = {
        (kind, *key): value
        for kind, kept in (("Secret", before.secrets), ("ConfigMap", before.config_maps))
        for key, value in kept.items()
        if broken
    }
    values.update(_values(found.resources))
    return _desired(resources, values, trouble)


def _check(
    manifest: Manifest, crd: Mapping[str, object], recorded: Body | None
) -> list[FileProblem]:
    wrong = [
        FileProblem(
            manifest.file,
            manifest.line_of(problem.path),
            f"{manifest.kind} {manifest.name}: {problem.text()}",
        )
        for problem in problems(manifest.body, crd, old=_settled(recorded))
    ]
    if wrong:
        return wrong
    try:
        body = with_defaults(manifest.body, crd)
        if manifest.kind == "Registry":
            registry_of(body)
        else:
            sync_of(body, naming=SourceNaming.LAPTOP)
    except HarnessError as error:
        return [FileProblem(manifest.file, manifest.line, error.message)]
    return []


def _settled(recorded: Body | None) -> Body | None:
    """
    Give the body that rules about what may not change compare with.

    Nothing hangs on the name of a sync that never ran: here its author is
    still writing it, and may correct a slip.
    """
    if recorded is None or not _table(recorded.get("status")).get("history"):
        return None
    return recorded


def _body(manifest: Manifest, crd: Mapping[str, object], recorded: Body | None) -> Body:
    body = dict(with_defaults(manifest.body, crd))
    body.pop("status", None)
    metadata = dict(_table(body.get("metadata")))
    metadata["namespace"] = manifest.namespace
    metadata["generation"] = _generation(body, recorded)
    body["metadata"] = metadata
    return body


def _generation(body: Body, recorded: Body | None) -> int:
    if recorded is None:
        return 1
    before = _table(recorded.get("metadata")).get("generation")
    generation = before if isinstance(before, int) else 1
    return generation if recorded.get("spec") == body.get("spec") else generation + 1


def _desired(
    resources: Mapping[Identity, Accepted],
    values: Mapping[Identity, Mapping[str, str]],
    trouble: list[FileProblem],
) -> Declared:
    registries = [each.body for (kind, _, _), each in resources.items() if kind == "Registry"]
    syncs = [each.body for (kind, _, _), each in resources.items() if kind == "ConnectorSync"]
    return Declared(
        resources=resources,
        registries=tuple(registry_of(body) for body in registries),
        syncs=tuple(sync_of(body, naming=SourceNaming.LAPTOP) for body in syncs),
        secrets={
            identity[1:]: each for identity, each in values.items() if identity[0] == "Secret"
        },
        config_maps={
            identity[1:]: each for identity, each in values.items() if identity[0] == "ConfigMap"
        },
        problems=tuple(trouble),
    )


def _values(manifests: tuple[Manifest, ...]) -> dict[Identity, Mapping[str, str]]:
    return {
        (manifest.kind, manifest.namespace, manifest.name): read_secret(manifest.body)
        for manifest in manifests
        if manifest.kind not in OURS
    }


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
