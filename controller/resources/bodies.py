"""What a Registry or a ConnectorSync asks for, out of its body with the defaults filled in."""

from collections.abc import Mapping
from enum import Enum

from controller.model.names import ResourceName, SourceName, parse_resource_name
from controller.model.registry import (
    DesiredRegistry,
    GitReference,
    RepositoryLimits,
    UpdatePolicy,
)
from controller.model.sync import (
    DesiredSync,
    HttpPolicy,
    RetryPolicy,
    RunLimits,
    VariableSource,
)
from controller.resources import reading

GROUP = "contextharness.dev"
API_VERSION = f"{GROUP}/v1alpha1"
RECONCILE_REQUESTED = f"{GROUP}/reconcile-requested-at"
FULL_SYNC_REQUESTED = f"{GROUP}/full-sync-requested-at"
FLUX_RECONCILE_REQUESTED = "reconcile.fluxcd.io/requestedAt"

_REGISTRY = DesiredRegistry("", ResourceName(""), "", 0, "")
_LIMITS = RunLimits()
_RETRY = RetryPolicy()


class SourceNaming(Enum):
    """How a source is called whose ConnectorSync does not say."""

    LAPTOP = "script:<name>"
    CLUSTER = "script:<namespace>/<name>"


def registry_of(body: Mapping[str, object]) -> DesiredRegistry:
    """
    Read a Registry that `schema.problems` found nothing wrong with.

    Raises:
        InvalidSpecError: The name is none that the API server would take.
    """
    metadata, spec = reading.table(body, "metadata"), reading.table(body, "spec")
    return DesiredRegistry(
        namespace=_namespace(metadata),
        name=parse_resource_name(reading.text(metadata, "name")),
        uid=_uid(body),
        generation=reading.number(metadata, "generation", 1),
        url=reading.text(spec, "url"),
        reference=_reference(reading.table(spec, "ref")),
        path=reading.text(spec, "path", "."),
        interval=reading.duration(spec, "interval") or _REGISTRY.interval,
        timeout=reading.duration(spec, "timeout") or _REGISTRY.timeout,
        secret=reading.text(reading.table(spec, "secretRef"), "name") or None,
        insecure=reading.flag(spec, "insecure"),
        precedence=reading.number(spec, "precedence", _REGISTRY.precedence),
        update_policy=UpdatePolicy(reading.text(spec, "updatePolicy", "Automatic")),
        limits=_repository_limits(reading.table(spec, "limits")),
        revision_history_limit=reading.number(
            spec, "revisionHistoryLimit", _REGISTRY.revision_history_limit
        ),
        suspended=reading.flag(spec, "suspend"),
        reconcile_requested_at=_requested_at(metadata),
        deleted="deletionTimestamp" in metadata,
    )


def sync_of(body: Mapping[str, object], *, naming: SourceNaming) -> DesiredSync:
    """
    Read a ConnectorSync that `schema.problems` found nothing wrong with.

    Raises:
        InvalidSpecError: The name is none that the API server would take.
    """
    metadata, spec = reading.table(body, "metadata"), reading.table(body, "spec")
    connector, full = reading.table(spec, "connector"), _full_sync(spec)
    registry = reading.text(reading.table(connector, "registryRef"), "name")
    return DesiredSync(
        namespace=_namespace(metadata),
        name=parse_resource_name(reading.text(metadata, "name")),
        uid=_uid(body),
        generation=reading.number(metadata, "generation", 1),
        connector=reading.text(connector, "name"),
        source=_source(metadata, spec, naming),
        registry=ResourceName(registry) if registry else None,
        config=reading.table(spec, "config"),
        env=tuple(_variable(row) for row in reading.rows(spec, "env")),
        schedule=reading.text(spec, "schedule") or None,
        time_zone=reading.text(spec, "timeZone", "UTC"),
        interval=reading.duration(spec, "interval"),
        starting_deadline=reading.duration(spec, "startingDeadline"),
        full_schedule=reading.text(full, "schedule") or None,
        full_interval=reading.duration(full, "interval"),
        sync_on_update=reading.flag(spec, "syncOnUpdate", default=True),
        suspended=reading.flag(spec, "suspend"),
        limits=_run_limits(spec),
        http=_http(reading.table(spec, "http")),
        retry=_retry(reading.table(spec, "retry")),
        history_limit=reading.number(spec, "historyLimit", 5),
        reconcile_requested_at=_requested_at(metadata),
        full_sync_requested_at=_annotation(metadata, FULL_SYNC_REQUESTED),
        deleted="deletionTimestamp" in metadata,
    )


def _namespace(metadata: Mapping[str, object]) -> str:
    return reading.text(metadata, "namespace", "default")


def _uid(body: Mapping[str, object]) -> str:
    # A file has no uid; its kind and name stay the same as long as it is the same resource.
    metadata = reading.table(body, "metadata")
    name = f"{_namespace(metadata)}/{reading.text(metadata, 'name')}"
    return reading.text(metadata, "uid") or f"{reading.text(body, 'kind')}/{name}"


def _annotation(metadata: Mapping[str, object], name: str) -> str:
    return reading.text(reading.table(metadata, "annotations"), name)


def _requested_at(metadata: Mapping[str, object]) -> str:
    """Take our own request; else Flux's, so that its tools work on our resources."""
    return _annotation(metadata, RECONCILE_REQUESTED) or _annotation(
        metadata, FLUX_RECONCILE_REQUESTED
    )


def _source(
    metadata: Mapping[str, object], spec: Mapping[str, object], naming: SourceNaming
) -> SourceName:
    name = reading.text(metadata, "name")
    if naming is SourceNaming.CLUSTER:
        name = f"{_namespace(metadata)}/{name}"
    return SourceName(reading.text(spec, "sourceName", f"script:{name}"))


def _reference(ref: Mapping[str, object]) -> GitReference:
    return GitReference(
        branch=reading.text(ref, "branch"),
        tag=reading.text(ref, "tag"),
        semver=reading.text(ref, "semver"),
        name=reading.text(ref, "name"),
        commit=reading.text(ref, "commit"),
    )


def _repository_limits(limits: Mapping[str, object]) -> RepositoryLimits:
    default = RepositoryLimits()
    return RepositoryLimits(
        size=reading.size(limits, "maxSize", default.size),
        files=reading.number(limits, "maxFiles", default.files),
        file_size=reading.size(limits, "maxFileSize", default.file_size),
    )


def _full_sync(spec: Mapping[str, object]) -> Mapping[str, object]:
    # Written but empty means: never on a schedule.  Left out means the default.
    return reading.table(spec, "fullSync") if "fullSync" in spec else {"interval": "168h"}


def _run_limits(spec: Mapping[str, object]) -> RunLimits:
    limits = reading.table(spec, "limits")
    return RunLimits(
        timeout=reading.duration(spec, "timeout") or _LIMITS.timeout,
        deadline=reading.duration(spec, "deadline") or _LIMITS.deadline,
        memory=reading.size(limits, "memory", _LIMITS.memory),
        response=reading.size(limits, "maxResponseSize", _LIMITS.response),
        items=reading.number(limits, "maxItems", _LIMITS.items),
    )


def _http(http: Mapping[str, object]) -> HttpPolicy:
    return HttpPolicy(reading.texts(http, "allowedHosts"), reading.texts(http, "allowedCIDRs"))


def _retry(retry: Mapping[str, object]) -> RetryPolicy:
    return RetryPolicy(
        limit=reading.number(retry, "limit", _RETRY.limit),
        backoff=reading.duration(retry, "backoff") or _RETRY.backoff,
        max_backoff=reading.duration(retry, "maxBackoff") or _RETRY.max_backoff,
    )


def _variable(row: Mapping[str, object]) -> VariableSource:
    origin = reading.table(row, "valueFrom")
    secret = reading.table(origin, "secretKeyRef")
    config_map = reading.table(origin, "configMapKeyRef")
    return VariableSource(
        name=reading.text(row, "name"),
        value=reading.text(row, "value") if "value" in row else None,
        secret=_key(secret),
        config_map=_key(config_map),
        optional=reading.flag(secret or config_map, "optional"),
    )


def _key(reference: Mapping[str, object]) -> tuple[str, str] | None:
    if not reference:
        return None
    return reading.text(reference, "name"), reading.text(reference, "key")
