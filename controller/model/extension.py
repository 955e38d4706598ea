"""What registry.toml says (specification 004 §4.1), and what resolves from all registries."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class ExtensionKind(StrEnum):
    """Sections of registry.toml are the plural of these."""

    CONNECTOR = "connector"
    TOOL = "tool"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class ExtensionEntry:
    """One extension as a manifest, or the directory convention, describes it."""

    kind: ExtensionKind
    name: str
    path: str
    """Of the script, relative to the registry's root, POSIX."""
    description: str = ""
    tags: tuple[str, ...] = ()
    required_config: tuple[str, ...] = ()
    host_apis: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    line: int = field(default=0, compare=False)
    """Of `path` in registry.toml; 0 where the directories say it."""


@dataclass(frozen=True, slots=True)
class RegistryManifest:
    """`registry.toml`, or what the directories say where there is none."""

    name: str = ""
    description: str = ""
    url: str = ""
    min_version: str = ""
    extensions: tuple[ExtensionEntry, ...] = ()
    warnings: tuple[str, ...] = ()
    """Unknown keys with the nearest known name; one per line, with file and key."""


@dataclass(frozen=True, slots=True)
class ResolvedExtension:
    """An extension with the registry that it comes from (specification 004 §9)."""

    registry: str
    root: str
    """Absolute directory of the registry."""
    entry: ExtensionEntry
    shadowed_by: str = ""
    """The registry whose extension of the same name wins; empty for the winner."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One registry on disk, as far as precedence needs it."""

    registry: str
    root: str
    manifest: RegistryManifest
    precedence: int
    readonly: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)
