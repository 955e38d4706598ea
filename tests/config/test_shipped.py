import tomli

from controller.config.shipped import crd_texts, registry_template


def test_both_definitions_are_shipped_under_their_kind() -> None:
    texts = crd_texts()

    assert set(texts) == {"Registry", "ConnectorSync"}
    for kind, text in texts.items():
        assert f"kind: {kind}" in text


def test_the_template_of_a_registry_is_shipped() -> None:
    manifest = registry_template() / "registry.toml"

    assert tomli.loads(manifest.read_text(encoding="utf-8"))["registry"]["name"] == "template"
