"""
Which registry wins when several hold an extension of the same name.

Pure.  Higher precedence wins; of equals, the registry whose name comes first.
"""

from collections.abc import Iterable, Sequence

from controller.model.extension import ExtensionKind, Layer, ResolvedExtension


def ordered(layers: Iterable[Layer]) -> list[Layer]:
    """Sort registries from the winner down."""
    return sorted(layers, key=lambda layer: (-layer.precedence, layer.registry))


def resolve_all(layers: Iterable[Layer]) -> tuple[ResolvedExtension, ...]:
    """
    List every extension of every registry; a shadowed one names the registry that wins.

    Sorted by kind (agents, connectors, tools) and name, the winner of a name first.
    """
    winners: dict[tuple[ExtensionKind, str], str] = {}
    resolved: list[ResolvedExtension] = []
    for layer in ordered(layers):
        for entry in layer.manifest.extensions:
            winner = winners.setdefault((entry.kind, entry.name), layer.registry)
            shadow = "" if winner == layer.registry else winner
            resolved.append(ResolvedExtension(layer.registry, layer.root, entry, shadow))
    # Sorting is stable, so the order of registries stays within a name.
    resolved.sort(key=lambda extension: (extension.entry.kind, extension.entry.name))
    return tuple(resolved)


def winner_of(
    resolved: Sequence[ResolvedExtension], kind: ExtensionKind, name: str
) -> ResolvedExtension | None:
    """Find the extension that a name means; None when no registry has it."""
    for extension in resolved:
        if extension.entry.kind is kind and extension.entry.name == name:
            return extension
    return None
