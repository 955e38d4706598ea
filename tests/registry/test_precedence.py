from hypothesis import given
from hypothesis import strategies as st

from controller.model.extension import (
    ExtensionEntry,
    ExtensionKind,
    Layer,
    RegistryManifest,
)
from controller.registry.precedence import resolve_all, winner_of

layers_of_worlds = st.lists(
    st.builds(
        lambda name, precedence, entries: _layer(name, precedence, *entries),
        st.sampled_from("abcdef"),
        st.integers(0, 2),
        st.lists(st.sampled_from(["jira", "wiki", "mail"]), unique=True),
    ),
    unique_by=lambda layer: layer.registry,
)


def test_the_higher_precedence_wins_and_shadows() -> None:
    community = _layer("community", 100, "jira", "wiki")
    company = _layer("company", 200, "jira")

    found = resolve_all([community, company])

    assert [(e.registry, e.entry.name, e.shadowed_by) for e in found] == [
        ("company", "jira", ""),
        ("community", "jira", "company"),
        ("community", "wiki", ""),
    ]


def test_of_equals_the_first_name_wins() -> None:
    found = resolve_all([_layer("b", 100, "jira"), _layer("a", 100, "jira")])

    assert [(e.registry, e.shadowed_by) for e in found] == [("a", ""), ("b", "a")]


def test_a_tool_does_not_shadow_a_connector() -> None:
    tool = RegistryManifest(extensions=(ExtensionEntry(ExtensionKind.TOOL, "jira", "t.lua"),))

    found = resolve_all([Layer("tools", "/t", tool, 500), _layer("company", 200, "jira")])

    assert [e.shadowed_by for e in found] == ["", ""]


def test_a_name_that_no_registry_has_means_nothing() -> None:
    found = resolve_all([_layer("company", 200, "jira")])

    assert winner_of(found, ExtensionKind.CONNECTOR, "wiki") is None
    assert winner_of(found, ExtensionKind.TOOL, "jira") is None


@given(layers_of_worlds)
def test_the_order_in_which_registries_are_given_does_not_matter(layers: list[Layer]) -> None:
    assert resolve_all(layers) == resolve_all(list(reversed(layers)))


@given(layers_of_worlds)
def test_each_name_has_one_winner_and_it_is_found_first(layers: list[Layer]) -> None:
    found = resolve_all(layers)

    for name in {extension.entry.name for extension in found}:
        same = [extension for extension in found if extension.entry.name == name]
        assert [extension.shadowed_by for extension in same] == [
            "",
            *[same[0].registry] * (len(same) - 1),
        ]
        assert winner_of(found, ExtensionKind.CONNECTOR, name) is same[0]


def _layer(registry: str, precedence: int, *names: str) -> Layer:
    entries = tuple(ExtensionEntry(ExtensionKind.CONNECTOR, name, f"{name}.lua") for name in names)
    return Layer(registry, f"/{registry}", RegistryManifest(extensions=entries), precedence)
