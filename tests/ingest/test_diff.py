from dataclasses import replace

from controller.ingest.diff import Key, diff_page, latest_items
from controller.model.document import SourceItem
from controller.model.names import SourceName

JIRA = SourceName("script:jira")


def item(source_id: str, body: str = "body", source: str = JIRA) -> SourceItem:
    return SourceItem(SourceName(source), source_id, body)


def test_an_empty_page_changes_nothing() -> None:
    diff = diff_page([], {(JIRA, "a"): b"digest"})

    assert (diff.new, diff.changed, diff.unchanged, diff.duplicates) == ((), (), 0, 0)


def test_items_are_new_changed_or_unchanged_by_their_digest() -> None:
    new, changed, same = item("n"), item("c"), item("s")
    known: dict[Key, bytes] = {
        (JIRA, "c"): b"another",
        (JIRA, "s"): same.digest(),
        (JIRA, "gone"): b"x",
    }

    diff = diff_page([new, changed, same], known)

    assert diff.new == ((new, new.digest()),)
    assert diff.changed == ((changed, changed.digest()),)
    assert diff.unchanged == 1


def test_the_last_of_two_items_with_one_key_wins() -> None:
    first, second = item("a", "first"), item("a", "second")

    diff = diff_page([first, item("b"), second], {})

    assert [pair[0].body for pair in diff.new] == ["second", "body"]
    assert diff.duplicates == 1


def test_the_same_id_in_two_sources_is_two_items() -> None:
    items = [item("a"), item("a", source="script:jira/sub")]

    assert list(latest_items(items)) == [(JIRA, "a"), ("script:jira/sub", "a")]


def test_every_field_that_a_reader_sees_makes_an_item_changed() -> None:
    before = item("a")
    changes = [
        replace(before, title="other"),
        replace(before, author="other"),
        replace(before, source_url="https://example.com"),
        replace(before, content_type="text/html"),
        replace(before, metadata='{"a":1}'),
    ]

    diffs = [diff_page([after], {(JIRA, "a"): before.digest()}) for after in changes]

    assert [len(diff.changed) for diff in diffs] == [1] * 5
