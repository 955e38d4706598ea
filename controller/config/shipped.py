"""The files that are shipped with the code: in a wheel beside their rooms, in a checkout at the top."""

from collections.abc import Mapping
from pathlib import Path

from controller.errors import ConfigError

_PACKAGE = Path(__file__).parent.parent
_CRD_FILES = {"Registry": "registry.yaml", "ConnectorSync": "connectorsync.yaml"}


def crd_texts() -> Mapping[str, str]:
    """Read the CustomResourceDefinitions: kind → YAML text."""
    directory = _shipped("resources/crds", "crds")
    return {
        kind: (directory / name).read_text(encoding="utf-8") for kind, name in _CRD_FILES.items()
    }


def registry_template() -> Path:
    """Name the directory that a new registry is copied from."""
    return _shipped("registry/template", "registry-template")


def _shipped(packaged: str, checked_out: str) -> Path:
    for directory in (_PACKAGE / packaged, _PACKAGE.parent / checked_out):
        if directory.is_dir():
            return directory
    raise ConfigError(
        f"this installation lacks {packaged}", hint="install context-harness-controller again"
    )
