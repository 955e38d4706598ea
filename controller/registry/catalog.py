"""What all registries on this machine hold together: list, resolve, search."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from controller.errors import ConnectorNotFoundError
from controller.model.extension import ExtensionKind, Layer, RegistryManifest, ResolvedExtension
from controller.model.names import parse_extension
from controller.registry.discovery import discover, load_manifest
from controller.registry.precedence import resolve_all, winner_of


@dataclass(frozen=True, slots=True)
class Catalog:
    """Registries by precedence; made by `open_catalog`."""

    extensions: tuple[ResolvedExtension, ...]
    """All of them; a shadowed one names the registry that wins."""

    def resolve(self, extension: str) -> ResolvedExtension:
        """
        Find what `connectors/jira` means.

        Raises:
            UsageError: The text is no extension.
            ConnectorNotFoundError: No registry has it.
        """
        kind, name = parse_extension(extension)
        found = winner_of(self.extensions, ExtensionKind(kind), name)
        if found is None:
            raise ConnectorNotFoundError(
                f"no registry has {extension}", hint="`ctx registry list` shows what there is"
            )
        return found

    def search(self, query: str) -> tuple[ResolvedExtension, ...]:
        """Find winners whose name, description or tags hold a text, whatever its case."""
        wanted = query.casefold()
        return tuple(
            extension
            for extension in self.extensions
            if not extension.shadowed_by and wanted in _searchable(extension)
        )


def open_catalog(layers: Sequence[Layer]) -> Catalog:
    """Merge registries that were loaded with `load_layer`."""
    return Catalog(resolve_all(layers))


def load_layer(registry: str, root: Path, precedence: int, *, readonly: bool) -> Layer:
    """
    Read one registry from its directory.

    A writable registry also offers what lies in its directories without being
    in its manifest: an override is a copied directory and must take effect.

    Raises:
        ManifestError: registry.toml cannot be used.
    """
    manifest = load_manifest(root)
    if not readonly:
        manifest = _with_unlisted(manifest, discover(root))
    return Layer(registry, str(root.absolute()), manifest, precedence, readonly)


def readme_of(extension: ResolvedExtension) -> str | None:
    """Read the README beside an extension's script; None when there is none."""
    try:
        path = (Path(extension.root) / extension.entry.path).with_name("README.md")
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _with_unlisted(manifest: RegistryManifest, found: RegistryManifest) -> RegistryManifest:
    listed = {(entry.kind, entry.name) for entry in manifest.extensions}
    unlisted = tuple(e for e in found.extensions if (e.kind, e.name) not in listed)
    return RegistryManifest(
        manifest.name,
        manifest.description,
        manifest.url,
        manifest.min_version,
        manifest.extensions + unlisted,
        manifest.warnings,
    )


def _searchable(extension: ResolvedExtension) -> str:
    entry = extension.entry
    return "\n".join((entry.name, entry.description, *entry.tags)).casefold()
