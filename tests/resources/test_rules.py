from collections.abc import Iterator

from controller.resources.rules import PREDICATES
from tests.resources.shelf import CRDS, schema


def rules(node: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Walk a schema and give each rule with its place."""
    if not isinstance(node, dict):
        return
    for rule in node.get("x-kubernetes-validations", []):
        yield path, rule["rule"]
    for name, inner in node.get("properties", {}).items():
        yield from rules(inner, f"{path}.{name}".removeprefix("."))
    yield from rules(node.get("items"), f"{path}[*]")


def test_every_rule_of_the_crds_has_a_predicate_and_the_other_way_round() -> None:
    written = {rule for kind in CRDS for rule in rules(schema(kind))}

    assert written == set(PREDICATES)


def test_every_rule_has_a_message_of_its_own() -> None:
    def messages(node: object) -> Iterator[str]:
        if isinstance(node, dict):
            yield from (rule["message"] for rule in node.get("x-kubernetes-validations", []))
            for inner in node.values():
                yield from messages(inner)

    for kind in CRDS:
        said = list(messages(schema(kind)))
        assert len(said) == len(set(said))
        assert all(message and not message.endswith(".") for message in said)


def test_predicates_stand_values_of_any_type() -> None:
    for (place, _), holds in PREDICATES.items():
        if place in ("spec", "spec.ref", "spec.fullSync", "spec.env[*]"):
            assert holds("no map", None) in (True, False)
