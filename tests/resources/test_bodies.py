from datetime import timedelta

import pytest

from controller.errors import InvalidSpecError
from controller.model.names import ResourceName
from controller.model.registry import (
    MEBIBYTE,
    DesiredRegistry,
    GitReference,
    RepositoryLimits,
    UpdatePolicy,
)
from controller.model.sync import DesiredSync, HttpPolicy, RetryPolicy, RunLimits, VariableSource
from controller.resources.bodies import (
    FLUX_RECONCILE_REQUESTED,
    FULL_SYNC_REQUESTED,
    RECONCILE_REQUESTED,
    SourceNaming,
    registry_of,
    sync_of,
)
from controller.resources.schema import with_defaults
from tests.resources.shelf import crd, registry, schema, sync, with_metadata

LAPTOP, CLUSTER = SourceNaming.LAPTOP, SourceNaming.CLUSTER


@pytest.mark.parametrize("name", ["", "Company", "a b", "-a", "a" * 254])
def test_a_name_that_the_api_server_refuses_is_refused(name: str) -> None:
    with pytest.raises(InvalidSpecError):
        registry_of(with_metadata(registry(), name=name))
    with pytest.raises(InvalidSpecError):
        sync_of(with_metadata(sync(), name=name), naming=LAPTOP)


def test_the_defaults_of_the_crd_and_of_the_model_are_the_same() -> None:
    assert registry_of(with_defaults(registry(), crd("Registry"))) == registry_of(registry())
    filled = with_defaults(sync(), crd("ConnectorSync"))
    assert sync_of(filled, naming=LAPTOP) == sync_of(sync(), naming=LAPTOP)


def test_a_registry_is_read_whole() -> None:
    body = with_metadata(
        registry(
            url="http://127.0.0.1:7347/x.git",
            ref={"semver": ">=1.2 <2"},
            path="team",
            interval="1m",
            timeout="1500ms",
            secretRef={"name": "git"},
            insecure=True,
            precedence=200,
            updatePolicy="OnRequest",
            limits={"maxSize": "1Mi", "maxFiles": 7, "maxFileSize": 512},
            revisionHistoryLimit=1,
            suspend=True,
        ),
        namespace="docs",
        uid="uid-1",
        generation=4,
        annotations={RECONCILE_REQUESTED: "now"},
        deletionTimestamp="2026-11-24T12:00:00Z",
    )

    assert registry_of(body) == DesiredRegistry(
        namespace="docs",
        name=ResourceName("company"),
        uid="uid-1",
        generation=4,
        url="http://127.0.0.1:7347/x.git",
        reference=GitReference(semver=">=1.2 <2"),
        path="team",
        interval=timedelta(minutes=1),
        timeout=timedelta(milliseconds=1500),
        secret="git",
        insecure=True,
        precedence=200,
        update_policy=UpdatePolicy.ON_REQUEST,
        limits=RepositoryLimits(size=MEBIBYTE, files=7, file_size=512),
        revision_history_limit=1,
        suspended=True,
        reconcile_requested_at="now",
        deleted=True,
    )


def test_a_sync_is_read_whole() -> None:
    body = with_metadata(
        sync(
            connector={"name": "jira", "registryRef": {"name": "company"}},
            sourceName="script:tickets",
            config={"url": "https://jira.example.com", "token": "${TOKEN}"},
            env=[
                {"name": "A", "value": ""},
                {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                {
                    "name": "C",
                    "valueFrom": {"configMapKeyRef": {"name": "m", "key": "k", "optional": True}},
                },
            ],
            schedule="0 3 * * *",
            timeZone="Europe/Berlin",
            startingDeadline="10m",
            fullSync={"schedule": "0 4 * * 0"},
            syncOnUpdate=False,
            suspend=True,
            timeout="60s",
            deadline="1h",
            limits={"memory": "64Mi", "maxResponseSize": 1024, "maxItems": 10},
            http={"allowedHosts": ["*.example.com"], "allowedCIDRs": ["10.0.0.0/8"]},
            retry={"limit": 2, "backoff": "1s", "maxBackoff": "2s"},
            historyLimit=2,
        ),
        namespace="docs",
        uid="uid-1",
        generation=4,
        annotations={RECONCILE_REQUESTED: "now", FULL_SYNC_REQUESTED: "then"},
    )

    read = sync_of(body, naming=CLUSTER)

    assert read == DesiredSync(
        namespace="docs",
        name=ResourceName("jira"),
        uid="uid-1",
        generation=4,
        connector="jira",
        source=read.source,
        registry=ResourceName("company"),
        config={"url": "https://jira.example.com", "token": "${TOKEN}"},
        env=(
            VariableSource("A", value=""),
            VariableSource("B", secret=("s", "k")),
            VariableSource("C", config_map=("m", "k"), optional=True),
        ),
        schedule="0 3 * * *",
        time_zone="Europe/Berlin",
        starting_deadline=timedelta(minutes=10),
        full_schedule="0 4 * * 0",
        full_interval=None,
        sync_on_update=False,
        suspended=True,
        limits=RunLimits(timedelta(minutes=1), timedelta(hours=1), 64 * MEBIBYTE, 1024, 10),
        http=HttpPolicy(("*.example.com",), ("10.0.0.0/8",)),
        retry=RetryPolicy(2, timedelta(seconds=1), timedelta(seconds=2)),
        history_limit=2,
        reconcile_requested_at="now",
        full_sync_requested_at="then",
    )
    assert read.source == "script:tickets"


def test_a_sync_may_have_an_interval_and_may_be_on_its_way_out() -> None:
    body = with_metadata(sync(interval="5m"), deletionTimestamp="2026-11-24T12:00:00Z")

    read = sync_of(body, naming=LAPTOP)

    assert read.interval == timedelta(minutes=5)
    assert read.deleted


def test_a_source_is_named_by_its_resource() -> None:
    body = with_metadata(sync(), namespace="docs")

    assert sync_of(body, naming=LAPTOP).source == "script:jira"
    assert sync_of(body, naming=CLUSTER).source == "script:docs/jira"
    assert sync_of(sync(), naming=CLUSTER).source == "script:default/jira"


def test_without_a_full_sync_it_is_weekly_and_with_an_empty_one_never() -> None:
    assert sync_of(sync(), naming=LAPTOP).full_interval == timedelta(days=7)
    assert sync_of(sync(fullSync={}), naming=LAPTOP).full_interval is None


def test_the_request_of_flux_is_heard_and_ours_goes_before_it() -> None:
    flux = with_metadata(registry(), annotations={FLUX_RECONCILE_REQUESTED: "flux"})
    both = with_metadata(
        registry(), annotations={FLUX_RECONCILE_REQUESTED: "flux", RECONCILE_REQUESTED: "ours"}
    )

    assert registry_of(flux).reconcile_requested_at == "flux"
    assert registry_of(both).reconcile_requested_at == "ours"


def test_a_resource_of_a_file_has_a_uid_that_stays() -> None:
    assert registry_of(registry()).uid == "Registry/default/company"
    assert sync_of(sync(), naming=LAPTOP).uid == "ConnectorSync/default/jira"


REGISTRY_SAMPLES: dict[str, object] = {
    "url": "https://git.example.com/other.git",
    "ref": {"branch": "main"},
    "path": "team",
    "interval": "1m",
    "timeout": "10s",
    "secretRef": {"name": "git"},
    "insecure": True,
    "precedence": 1,
    "updatePolicy": "OnRequest",
    "limits": {"maxFiles": 1},
    "revisionHistoryLimit": 1,
    "suspend": True,
}
SYNC_SAMPLES: dict[str, object] = {
    "connector": {"name": "wiki"},
    "sourceName": "script:wiki",
    "config": {"a": 1},
    "env": [{"name": "A", "value": "1"}],
    "schedule": "0 3 * * *",
    "timeZone": "Europe/Berlin",
    "interval": "5m",
    "startingDeadline": "5m",
    "fullSync": {},
    "deadline": "1h",
    "syncOnUpdate": False,
    "suspend": True,
    "timeout": "10s",
    "limits": {"maxItems": 1},
    "http": {"allowedHosts": ["a"]},
    "retry": {"limit": 1},
    "historyLimit": 1,
}


def spec_fields(kind: str) -> set[str]:
    """List the fields of the spec as the CRD has them."""
    properties = schema(kind)["properties"]
    assert isinstance(properties, dict)
    return set(properties["spec"]["properties"])


@pytest.mark.parametrize("name", sorted(spec_fields("Registry")))
def test_every_field_of_a_registry_in_the_crd_is_honoured(name: str) -> None:
    assert registry_of(registry(**{name: REGISTRY_SAMPLES[name]})) != registry_of(registry())


@pytest.mark.parametrize("name", sorted(spec_fields("ConnectorSync")))
def test_every_field_of_a_sync_in_the_crd_is_honoured(name: str) -> None:
    changed = sync_of(sync(**{name: SYNC_SAMPLES[name]}), naming=LAPTOP)

    assert changed != sync_of(sync(), naming=LAPTOP)
