import pytest

from controller.resources.schema import Problem, problems, with_defaults
from tests.resources.shelf import crd, registry, sync, with_metadata

REGISTRY, SYNC = crd("Registry"), crd("ConnectorSync")


def said(body: dict[str, object], old: dict[str, object] | None = None) -> list[str]:
    """Check a body and write its problems."""
    definition = REGISTRY if body.get("kind") == "Registry" else SYNC
    return [problem.text() for problem in problems(body, definition, old=old)]


def variable(**fields: object) -> dict[str, object]:
    """Make a ConnectorSync with one variable."""
    return sync(env=[{"name": "TOKEN", **fields}])


@pytest.mark.parametrize(
    "body",
    [
        registry(),
        registry(url="ssh://git@git.example.com:22/company.git", insecure=None),
        registry(url="http://127.0.0.1:7347/x", insecure=True),
        registry(ref={"branch": "main", "commit": "a" * 40}),
        registry(limits={"maxSize": 1024, "maxFileSize": "8Mi"}, path="registries/team"),
        registry(interval="1m30s", timeout="900ms100ms"),
        sync(),
        sync(schedule="0 3 * * *", timeZone="Europe/Berlin", startingDeadline="5m"),
        sync(fullSync={"schedule": "0 3 * * 0"}, timeZone="Europe/Berlin"),
        sync(fullSync={}, retry={"limit": -1}),
        sync(config={"url": "https://x", "deep": {"er": [1, None, {"x": 1.5}]}, "empty": None}),
        variable(value=""),
        variable(valueFrom={"secretKeyRef": {"name": "jira", "key": "token", "optional": True}}),
        with_metadata(sync(), labels={"team": "a"}, annotations={"a/b": "c"}),
    ],
)
def test_a_resource_in_order_has_no_problem(body: dict[str, object]) -> None:
    assert said(body) == []


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({"kind": "Registry"}, "apiVersion: must be contextharness.dev/v1alpha1"),
        (
            {**registry(), "apiVersion": "contextharness.dev/v1beta9"},
            "apiVersion: must be contextharness.dev/v1alpha1",
        ),
        ({**sync(), "kind": "Connector"}, "kind: must be ConnectorSync"),
        ({**registry(), "spec": None}, "spec: is required"),
        ({**registry(), "spec": "https://x"}, "spec: must be a map"),
        ({**registry(), "metadata": None}, "metadata.name: is required"),
        ({**registry(), "metadata": "company"}, "metadata.name: is required"),
        ({**registry(), "sepc": {}}, "sepc: is no field; did you mean spec?"),
        (with_metadata(registry(), labelz={}), "metadata.labelz: is no field; did you mean labels?"),
        (with_metadata(registry(), labels={"a": 1}), "metadata.labels.a: must be a string"),
        (with_metadata(registry(), name=7), "metadata.name: must be a string"),
        (registry(url=None), "spec.url: is required"),
        (registry(url=5), "spec.url: must be a string"),
        (registry(url="git.example.com/x"), "spec.url: must begin with https:// or ssh://; for a directory use ctx dev --registry NAME=DIR"),
        (registry(url="ssh://x"), "spec.url: must have at least 8 characters"),
        (registry(url="http://git.example.com/x"), "spec: plain http needs spec.insecure=true"),
        (
            registry(url="https://me@git.example.com/x"),
            "spec.url: put credentials in secretRef, not in the url",
        ),
        (
            registry(url="ssh://git:pass@git.example.com/x"),
            "spec.url: put credentials in secretRef, not in the url",
        ),
        (registry(intervals="5m"), "spec.intervals: is no field; did you mean interval?"),
        (registry(verify={"mode": "HEAD"}), "spec.verify: is no field"),
        (registry(interval="5"), "spec.interval: must be a duration such as 30s, 5m or 1h30m"),
        (registry(interval="5m\n"), "spec.interval: must be a duration such as 30s, 5m or 1h30m"),
        (registry(interval="1s"), "spec.interval: must be between 10s and 24h"),
        (registry(timeout="1h"), "spec.timeout: must be a duration such as 30s or 5m"),
        (registry(timeout="31m"), "spec.timeout: must be between 1s and 30m"),
        (registry(path="/etc"), "spec.path: must be a relative path without '..'"),
        (registry(path="a/../../b"), "spec.path: must be a relative path without '..'"),
        (registry(precedence="high"), "spec.precedence: must be a whole number"),
        (registry(precedence=True), "spec.precedence: must be a whole number"),
        (registry(precedence=1001), "spec.precedence: must be at most 1000"),
        (registry(insecure="yes"), "spec.insecure: must be true or false"),
        (registry(updatePolicy="Never"), "spec.updatePolicy: must be one of Automatic, OnRequest"),
        (registry(limits={"maxSize": "5 MB"}), "spec.limits.maxSize: must be a size such as 64Mi or 1Gi"),
        (registry(limits={"maxSize": [5]}), "spec.limits.maxSize: must be a whole number or a string"),
        (registry(secretRef={}), "spec.secretRef.name: is required"),
        (registry(ref={"commit": "abc"}), "spec.ref.commit: must match ^([0-9a-f]{40}|[0-9a-f]{64})$"),
        (
            registry(ref={"branch": "main", "tag": "v1"}),
            "spec.ref: set one of branch, tag, semver, name, commit (commit may be paired with branch)",
        ),
        (
            registry(ref={"branch": "a", "tag": "b", "name": "refs/heads/a"}),
            "spec.ref: must have at most 2 fields",
        ),
        (sync(connector={"name": "Jira Cloud"}), "spec.connector.name: must match ^[a-z0-9]([a-z0-9_-]*[a-z0-9])?$"),
        (sync(connector={"name": ""}), "spec.connector.name: must have at least 1 character"),
        (sync(schedule="* * * * *", interval="5m"), "spec: schedule and interval are mutually exclusive"),
        (sync(timeZone="UTC"), "spec: timeZone needs schedule or fullSync.schedule"),
        (sync(startingDeadline="5m"), "spec: startingDeadline needs schedule or fullSync.schedule"),
        (sync(interval="1s"), "spec.interval: must be at least 30s"),
        (sync(interval=f"{'9' * 20}h"), "spec.interval: must be at least 30s"),
        (sync(timeout="25h"), "spec.timeout: must be between 1s and 24h"),
        (
            sync(fullSync={"schedule": "0 0 * * 0", "interval": "24h"}),
            "spec.fullSync: set one of fullSync.schedule, fullSync.interval",
        ),
        (variable(), "spec.env[0]: set exactly one of value, valueFrom"),
        (variable(value="a", valueFrom={"secretKeyRef": {"name": "a", "key": "b"}}), "spec.env[0]: set exactly one of value, valueFrom"),
        (variable(valueFrom={}), "spec.env[0].valueFrom: must have at least 1 field"),
        (variable(value=5), "spec.env[0].value: must be a string"),
        (
            sync(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]),
            "spec.env[1]: is given twice",
        ),
        (sync(env=[None]), "spec.env[0]: must be a map"),
        (sync(http={"allowedHosts": ["a", "a"]}), "spec.http.allowedHosts[1]: is given twice"),
        (sync(http={"allowedHosts": ["a"] * 65}), "spec.http.allowedHosts: must have at most 64 entries"),
        (sync(limits={"memory": "1Mi"}), "spec.limits.memory: must be a quantity of at least 16Mi"),
        (sync(limits={"maxItems": 0}), "spec.limits.maxItems: must be at least 1"),
        (sync(retry={"backoff": "20m"}), "spec.retry: backoff must be at least 1s and at most maxBackoff"),
        (sync(config=[1]), "spec.config: must be a map"),
        (sync(config={str(n): n for n in range(65)}), "spec.config: must have at most 64 fields"),
        (sync(prune={"policy": "Auto"}), "spec.prune: is no field"),
    ],
)  # fmt: skip
def test_a_broken_rule_is_named_with_its_field(body: dict[str, object], wanted: str) -> None:
    assert wanted in said(body)


def test_two_missing_fields_are_two_problems() -> None:
    body = variable(valueFrom={"secretKeyRef": {}})

    assert said(body) == [
        "spec.env[0].valueFrom.secretKeyRef.key: is required",
        "spec.env[0].valueFrom.secretKeyRef.name: is required",
    ]


def test_one_mistake_makes_one_message() -> None:
    assert said(registry(interval=5)) == ["spec.interval: must be a string"]


def test_a_problem_never_repeats_the_value() -> None:
    secret = "hunter2"
    body = sync(env=[{"name": secret + "!", "value": [secret]}], timeout=secret)

    assert secret not in " ".join(said(body))


def test_what_may_not_change_is_checked_against_the_resource_before() -> None:
    before, after = sync(), sync(connector={"name": "confluence"}, sourceName="script:wiki")

    assert said(after, old=before) == [
        "spec: spec.connector.name cannot change; create a new ConnectorSync",
        "spec: spec.sourceName cannot change; create a new ConnectorSync",
    ]
    assert said(after) == said(after, old=after) == []


def test_a_rule_inside_a_list_is_asked_without_what_was_there_before() -> None:
    assert said(variable(value="a"), old=variable(value="b")) == []


def test_a_problem_without_a_path_is_its_message() -> None:
    assert Problem((), "is nothing").text() == "is nothing"


def test_defaults_are_filled_in_and_the_body_stays_as_it_was() -> None:
    body = sync(retry={"limit": 2})

    filled = with_defaults(body, SYNC)

    assert body == sync(retry={"limit": 2})
    assert filled["spec"] == {
        "connector": {"name": "jira"},
        "retry": {"limit": 2, "backoff": "30s", "maxBackoff": "15m"},
        "fullSync": {"interval": "168h"},
        "deadline": "6h",
        "syncOnUpdate": True,
        "suspend": False,
        "timeout": "300s",
        "limits": {"memory": "256Mi", "maxResponseSize": "50Mi", "maxItems": 1_000_000},
        "historyLimit": 5,
    }
    assert filled["status"] == {"observedGeneration": -1}


def test_a_null_counts_as_left_out() -> None:
    filled = with_defaults(registry(interval=None, secretRef=None), REGISTRY)

    assert isinstance(filled["spec"], dict)
    assert filled["spec"]["interval"] == "5m"
    assert "secretRef" not in filled["spec"]


def test_a_null_in_free_form_config_stays() -> None:
    filled = with_defaults(sync(config={"project": None}), SYNC)

    assert isinstance(filled["spec"], dict)
    assert filled["spec"]["config"] == {"project": None}


def test_two_fillings_share_nothing() -> None:
    one, two = with_defaults(sync(), SYNC), with_defaults(sync(), SYNC)
    assert isinstance(one["spec"], dict)
    one["spec"]["retry"] = {}
    one["spec"]["fullSync"]["interval"] = "1h"

    assert with_defaults(sync(), SYNC) == two
