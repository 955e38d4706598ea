"""Which connector a ConnectorSync means, and what is wrong with its config before a run."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.dev.resolve import (
    Candidate,
    Found,
    config_problem,
    credentials_of,
    resolve_connector,
    run_request,
)
from controller.model.condition import Reason
from controller.model.names import CommitId, Digest, ResourceName, RunId, SourceName
from controller.model.recorded import Failure
from controller.model.registry import Artifact, DesiredRegistry, PublishedExtension, RevisionIndex
from controller.model.sync import DesiredSync, RunMode, Trigger, VariableSource
from controller.reconcile.actions import StartRun

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SYNC = DesiredSync(
    namespace="team",
    name=ResourceName("jira"),
    uid="u",
    generation=3,
    connector="jira",
    source=SourceName("script:jira"),
)


def registry(
    name: str, *connectors: str, precedence: int = 100, namespace: str = "team"
) -> Candidate:
    desired = DesiredRegistry(
        namespace, ResourceName(name), name, 1, "https://example.com/x.git", precedence=precedence
    )
    artifact = Artifact(
        "main@sha1:aa", CommitId("aa"), Digest("sha256:0"), f"/r/{name}", 1, 1, NOON
    )
    extensions = tuple(
        PublishedExtension(
            "connector",
            each,
            f"connectors/{each}/connector.lua",
            Digest(f"sha256:{name}"),
            required_config=("url", "token"),
        )
        for each in connectors
    )
    return Candidate(desired, RevisionIndex(artifact, extensions))


def test_the_highest_precedence_that_has_the_connector_wins() -> None:
    found = resolve_connector(
        SYNC,
        [
            registry("a", "jira"),
            registry("b", "jira", precedence=200),
            registry("c", precedence=300),
        ],
    )

    assert isinstance(found, Found)
    assert found.connector.registry == "team/b"
    assert found.connector.root == "/r/b"
    assert found.connector.digest == "sha256:b"


def test_equal_precedence_goes_to_the_first_name() -> None:
    found = resolve_connector(SYNC, [registry("z", "jira"), registry("a", "jira")])

    assert isinstance(found, Found)
    assert found.connector.registry == "team/a"


def test_a_named_registry_is_the_only_one_that_counts() -> None:
    named = replace(SYNC, registry=ResourceName("a"))

    found = resolve_connector(named, [registry("a", "jira"), registry("b", "jira", precedence=900)])

    assert isinstance(found, Found)
    assert found.connector.registry == "team/a"


@pytest.mark.parametrize(
    ("desired", "candidates", "reason"),
    [
        (SYNC, [], Reason.REGISTRY_NOT_FOUND),
        (SYNC, [registry("a", "jira", namespace="other")], Reason.REGISTRY_NOT_FOUND),
        (replace(SYNC, registry=ResourceName("x")), [registry("a")], Reason.REGISTRY_NOT_FOUND),
        (SYNC, [registry("a", "slack")], Reason.CONNECTOR_NOT_FOUND),
        (
            SYNC,
            [registry("b", "jira"), Candidate(registry("a", precedence=200).desired, None)],
            Reason.REGISTRY_NOT_READY,
        ),
    ],
)
def test_what_cannot_be_resolved_says_why(
    desired: DesiredSync, candidates: list[Candidate], reason: Reason
) -> None:
    found = resolve_connector(desired, candidates)

    assert isinstance(found, Failure)
    assert found.reason is reason
    assert found.hint


def test_required_config_is_asked_for_before_a_run() -> None:
    found = resolve_connector(SYNC, [registry("a", "jira")])
    assert isinstance(found, Found)

    nothing = config_problem(SYNC, found)
    empty = config_problem(replace(SYNC, config={"url": "x", "token": ""}), found)
    complete = config_problem(replace(SYNC, config={"url": "x", "token": 0}), found)

    assert nothing is not None
    assert nothing.message == "connector jira needs spec.config.url and spec.config.token"
    assert empty is not None
    assert empty.message == "connector jira needs spec.config.token"
    assert not empty.retryable
    assert complete is None


def test_a_variable_that_env_does_not_declare_is_found_before_a_run() -> None:
    found = resolve_connector(SYNC, [registry("a", "jira")])
    assert isinstance(found, Found)
    wish = replace(SYNC, config={"url": "x", "token": "${TOKEN}"})

    undeclared = config_problem(wish, found)
    declared = config_problem(replace(wish, env=(VariableSource("TOKEN", value="x"),)), found)

    assert undeclared is not None
    assert undeclared.reason is Reason.UNDEFINED_VARIABLE
    assert declared is None


def test_a_request_pins_the_revision_and_carries_no_value() -> None:
    found = resolve_connector(SYNC, [registry("a", "jira")])
    assert isinstance(found, Found)
    wish = replace(SYNC, env=(VariableSource("TOKEN", secret=("jira", "token")),))
    start = StartRun(
        RunId("r1"), Trigger.SCHEDULE, RunMode.FULL, 2, found.connector, generation=3, inputs="i"
    )

    request = run_request(wish, start, Path("/state/ctx.sqlite"))

    assert request.script == "/r/a/connectors/jira/connector.lua"
    assert request.directory == "/r/a/connectors/jira"
    assert request.chunk_name == "connectors/jira/connector.lua"
    assert (request.owner, request.revision) == ("team/jira", "main@sha1:aa")
    assert request.variables == ("TOKEN",)
    assert request.http.allow_loopback


def test_a_registry_secret_that_is_nowhere_is_said() -> None:
    plain = registry("a").desired
    private = replace(plain, secret="git-token")

    assert credentials_of(plain, {}) is None
    assert credentials_of(private, {"username": "x"}) is None
    missing = credentials_of(private, {})
    assert missing is not None
    assert missing.reason is Reason.SECRET_NOT_FOUND
    assert "CTX_SECRET_GIT_TOKEN_<KEY>" in missing.hint
