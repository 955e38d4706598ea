"""Which connector a ConnectorSync means, and the request for a run of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from controller.config.expand import names_in
from controller.model.condition import Reason
from controller.model.recorded import Failure
from controller.model.registry import DesiredRegistry, PublishedExtension, RevisionIndex
from controller.model.sync import DesiredSync, ResolvedConnector, RunRequest
from controller.reconcile.actions import StartRun


@dataclass(frozen=True, slots=True)
class Candidate:
    """A registry with what lies published of it; None where nothing does yet."""

    desired: DesiredRegistry
    index: RevisionIndex | None


@dataclass(frozen=True, slots=True)
class Found:
    """A connector, and the lines of its manifest that a config is checked against."""

    connector: ResolvedConnector
    required_config: tuple[str, ...]


def resolve_connector(desired: DesiredSync, candidates: Sequence[Candidate]) -> Found | Failure:
    """
    Find the connector that a ConnectorSync names.

    Without `registryRef` all registries of its namespace compete: the highest
    precedence wins, ties go to the first name.  A registry that has nothing
    published yet may hold the winner, so nothing resolves before it does.
    """
    near = [each for each in candidates if each.desired.namespace == desired.namespace]
    if desired.registry is not None:
        near = [each for each in near if each.desired.name == desired.registry]
        if not near:
            return Failure(
                Reason.REGISTRY_NOT_FOUND,
                f"there is no Registry {desired.namespace}/{desired.registry}",
                "declare it, or correct spec.connector.registryRef.name",
            )
    if not near:
        return Failure(
            Reason.REGISTRY_NOT_FOUND,
            f"there is no Registry in namespace {desired.namespace}",
            "declare one that holds the connector",
        )
    for candidate in sorted(near, key=lambda each: (-each.desired.precedence, each.desired.name)):
        if candidate.index is None:
            return Failure(
                Reason.REGISTRY_NOT_READY,
                f"Registry {candidate.desired.key()} has no revision on the disk yet",
                "its own status says why",
            )
        found = _find(desired.connector, candidate.index)
        if found is not None:
            return Found(
                _resolved(candidate.desired, candidate.index, found), found.required_config
            )
    names = ", ".join(sorted(each.desired.name for each in near))
    return Failure(
        Reason.CONNECTOR_NOT_FOUND,
        f"no connector {desired.connector} in {names}",
        "`ctx registry lint` lists what a registry holds",
    )


def config_problem(desired: DesiredSync, found: Found) -> Failure | None:
    """Check what can be checked before a run: required keys, and `${NAME}` against `spec.env`."""
    missing = [key for key in found.required_config if desired.config.get(key) in (None, "")]
    if missing:
        return Failure(
            Reason.MISSING_REQUIRED_CONFIG,
            f"connector {desired.connector} needs "
            + " and ".join(f"spec.config.{key}" for key in missing),
            "its README says what they mean",
            retryable=False,
        )
    declared = {variable.name for variable in desired.env}
    for name in names_in(desired.config):
        if name not in declared:
            return Failure(
                Reason.UNDEFINED_VARIABLE,
                f"spec.config uses ${{{name}}}, and spec.env does not declare {name}",
                f"add {name} to spec.env with a value or a secretKeyRef",
                retryable=False,
            )
    return None


def run_request(desired: DesiredSync, start: StartRun, database: Path) -> RunRequest:
    """Write down what a run needs; loopback is open, since this is a laptop."""
    script = Path(start.resolved.root) / start.resolved.path
    return RunRequest(
        run_id=start.run_id,
        name=desired.name,
        source=desired.source,
        owner=f"{desired.namespace}/{desired.name}",
        script=str(script),
        directory=str(script.parent),
        chunk_name=str(PurePosixPath(start.resolved.path)),
        origin=f"ConnectorSync {desired.namespace}/{desired.name} spec.config",
        config=desired.config,
        variables=tuple(variable.name for variable in desired.env),
        limits=desired.limits,
        http=replace(desired.http, allow_loopback=True),
        mode=start.mode,
        trigger=start.trigger,
        attempt=start.attempt,
        revision=start.resolved.revision,
        connector_digest=start.resolved.digest,
        database=str(database),
    )


def credentials_of(desired: DesiredRegistry, keys: Mapping[str, str]) -> Failure | None:
    """Say that the Secret which a Registry names is nowhere; None where it is found or not asked."""
    if desired.secret is None or keys:
        return None
    return Failure(
        Reason.SECRET_NOT_FOUND,
        f"{desired.key()}: there is no Secret {desired.secret}",
        f"add a Secret manifest {desired.secret}, or files {desired.secret}/<key> under --secrets"
        f" DIR, or set CTX_SECRET_{desired.secret.upper().replace('-', '_')}_<KEY>",
    )


def _find(name: str, index: RevisionIndex) -> PublishedExtension | None:
    for extension in index.extensions:
        if extension.kind == "connector" and extension.name == name:
            return extension
    return None


def _resolved(
    registry: DesiredRegistry, index: RevisionIndex, found: PublishedExtension
) -> ResolvedConnector:
    return ResolvedConnector(
        registry=registry.key(),
        revision=index.artifact.revision,
        root=index.artifact.path,
        path=found.path,
        digest=found.digest,
        version=found.version,
    )
