"""How a registry is called."""

from controller.model.names import ResourceName
from controller.model.registry import DesiredRegistry


def test_a_registry_is_named_by_namespace_and_name() -> None:
    desired = DesiredRegistry("team", ResourceName("tools"), "uid", 1, "https://example.com/x.git")

    assert desired.key() == "team/tools"
