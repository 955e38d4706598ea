"""The extensions of a directory: from its manifest, or by convention where it has none."""

from pathlib import Path

from controller.errors import ManifestError
from controller.model.extension import ExtensionEntry, ExtensionKind, RegistryManifest
from controller.registry.manifest import FILE_NAME, parse_manifest

SCRIPTS = {
    ExtensionKind.CONNECTOR: ("connector.lua",),
    ExtensionKind.TOOL: ("tool.lua",),
    # Where an agent has both, the script wins.
    ExtensionKind.AGENT: ("agent.lua", "agent.toml"),
}
"""The file of an extension `<kind>s/<name>/`, by specification 004 §4.4."""


def load_manifest(root: Path) -> RegistryManifest:
    """
    Read what a registry holds.

    Raises:
        ManifestError: There is a registry.toml, and it cannot be used.  The
            directories are not searched then: that would hide the mistake.
    """
    text = manifest_text(root)
    return discover(root) if text is None else parse_manifest(text)


def manifest_text(root: Path) -> str | None:
    """
    Read registry.toml; None when there is none.

    Raises:
        ManifestError: It is not UTF-8, or cannot be read.
    """
    path = root / FILE_NAME
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ManifestError(f"{FILE_NAME}:{line}: the file is not UTF-8") from error
    except OSError as error:
        raise ManifestError(f"{FILE_NAME}: {error.strerror}") from error


def discover(root: Path) -> RegistryManifest:
    """List extensions by the directory convention, sorted by kind and name."""
    entries = [
        ExtensionEntry(kind, directory.name, f"{kind}s/{directory.name}/{script.name}")
        for kind in ExtensionKind
        for directory in _directories(root / f"{kind}s")
        if (script := script_in(directory, kind)) is not None
    ]
    return RegistryManifest(name=root.name, extensions=tuple(entries))


def script_in(directory: Path, kind: ExtensionKind) -> Path | None:
    """Find the file that makes a directory an extension."""
    for name in SCRIPTS[kind]:
        if (directory / name).is_file():
            return directory / name
    return None


def _directories(parent: Path) -> list[Path]:
    if not parent.is_dir():
        return []
    return sorted(
        entry for entry in parent.iterdir() if entry.is_dir() and not entry.name.startswith(".")
    )
