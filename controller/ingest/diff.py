"""What one page of a scan would change: the step that a dry run and a real run share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controller.model.document import SourceItem

Key = tuple[str, str]
"""Source and source_id."""


@dataclass(frozen=True, slots=True)
class PageDiff:
    """One page, sorted by what has to be done; every item with its digest."""

    new: tuple[tuple[SourceItem, bytes], ...]
    changed: tuple[tuple[SourceItem, bytes], ...]
    unchanged: int
    duplicates: int
    """Items of the page that a later item of the page replaces."""


def latest_items(items: Sequence[SourceItem]) -> dict[Key, SourceItem]:
    """Key the items of a page; of two with the same key the last one stays."""
    return {(item.source, item.source_id): item for item in items}


def diff_page(items: Sequence[SourceItem], known: Mapping[Key, bytes]) -> PageDiff:
    """
    Compare one page of a scan with the digests that the store knows for its keys.

    Says nothing about documents that are absent: that is known only at the end
    of a complete scan.
    """
    latest = latest_items(items)
    new: list[tuple[SourceItem, bytes]] = []
    changed: list[tuple[SourceItem, bytes]] = []
    unchanged = 0
    for key, item in latest.items():
        digest = item.digest()
        old = known.get(key)
        if old is None:
            new.append((item, digest))
        elif old != digest:
            changed.append((item, digest))
        else:
            unchanged += 1
    return PageDiff(tuple(new), tuple(changed), unchanged, len(items) - len(latest))
