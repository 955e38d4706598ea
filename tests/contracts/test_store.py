"""What every store promises of documents and searches."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from controller.errors import DocumentNotFoundError, SourceOwnedError, StoreError
from controller.ingest.apply import preview_page
from controller.model.names import RunId
from controller.model.query import SearchRequest
from controller.model.sync import RunCounts
from controller.store.base import PageWrite, Store
from tests.contracts.stores import ADAPTERS, Place
from tests.store.shapes import JIRA, LIMIT, NOON, item, put, start, sync


@pytest.fixture(params=sorted(ADAPTERS))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    place = Place(request.param, tmp_path)
    yield place
    place.close()


@pytest.fixture
def store(place: Place) -> Store:
    return place.open()


def found(store: Store, text: str, **filters: object) -> list[str]:
    request = replace(SearchRequest(text), **filters)  # type: ignore[arg-type]
    return [hit.source_id for hit in store.search(request)]


@pytest.fixture(scope="module", params=sorted(ADAPTERS))
def library(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store that is only read, shared by tests that ask it very often."""
    with TemporaryDirectory() as directory:
        place = Place(request.param, Path(directory))
        store = place.open()
        sync(store, [item("a", "alpha beta"), item("b", 'beta gamma NOT near "quoted"')])
        yield store
        place.close()


# Bad input


@given(text=st.text())
@example(text='"')
@example(text="NOT found")
@example(text="error AND")
@example(text="a:b* ^c {d} NEAR(e, 2) -f + (g")
@example(text="\0")
@example(text="\ud800")
@example(text="word " * 3000)
def test_no_text_of_a_user_makes_a_search_fail(library: Store, text: str) -> None:
    hits = library.search(SearchRequest(text))

    assert all(0 < hit.score <= 1 for hit in hits)


@pytest.mark.parametrize("text", ["", "   ", "?!", '"*"'])
def test_a_query_without_a_word_finds_nothing(library: Store, text: str) -> None:
    hits = library.search(SearchRequest(text))

    assert hits == []


@pytest.mark.parametrize(
    "wanted", ["", "/", "nothing", "script:jira/none", "00000000-0000-5000-8000-000000000000"]
)
def test_a_document_that_is_not_there_is_named_in_the_error(library: Store, wanted: str) -> None:
    with pytest.raises(DocumentNotFoundError) as caught:
        library.get(wanted)

    assert caught.value.message == f"there is no document {wanted}"


def test_half_a_surrogate_pair_is_refused_and_nothing_is_written(store: Store) -> None:
    store.begin_run(start())

    with pytest.raises(StoreError, match="surrogate"):
        put(store, [item("good"), item("bad", "half \ud800 pair")])

    assert store.state().documents == 0


def test_a_page_of_a_run_that_was_never_begun_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="run r9 is not open here"):
        store.write_page(RunId("r9"), PageWrite((), (), RunCounts()))


def test_an_item_may_not_file_itself_under_a_source_of_another_owner(store: Store) -> None:
    sync(store, [], "theirs", source="script:jira/wiki", owner="team/wiki")
    store.begin_run(start())

    with pytest.raises(SourceOwnedError, match="script:jira/wiki belongs to team/wiki"):
        put(store, [item("a"), item("b", source="script:jira/wiki")])

    assert store.state().documents == 0


# Documents


def test_a_document_comes_back_as_it_was_given(store: Store) -> None:
    given_item = replace(
        item("ENG-1", "First.\n\nSecond: ünïcödé.", "Title"),
        content_type="text/markdown",
        source_url="https://example.com/ENG-1",
        author="ana",
        created_at=NOON - timedelta(days=9, microseconds=1),
        metadata='{"k": "v"}',
    )

    sync(store, [given_item])
    document = store.get("script:jira/ENG-1")

    assert store.get(document.id) == document
    assert document.body == given_item.body
    assert document.chunks == ("First.\n\nSecond: ünïcödé.",)
    assert (document.title, document.author) == ("Title", "ana")
    assert (document.created_at, document.updated_at) == (given_item.created_at, NOON)
    assert (document.content_type, document.metadata) == ("text/markdown", '{"k": "v"}')
    assert document.source_url == given_item.source_url


def test_an_id_is_the_same_in_every_store_and_after_every_change(store: Store) -> None:
    sync(store, [item("a", "old")])
    before = store.get("script:jira/a").id

    sync(store, [item("a", "new")], "r2", after=100)

    assert store.get(before).body == "new"
    assert before == "8fb5e47a-89d2-5701-9c83-a9f8fcfb324f"


def test_both_halves_of_a_key_may_hold_slashes(store: Store) -> None:
    sync(store, [item("a/b", "outer"), item("b", "inner", source="script:jira/a")])

    documents = store.get("script:jira/a/b"), store.get(store.search(SearchRequest("outer"))[0].id)

    assert [document.body for document in documents] == ["inner", "outer"]


@pytest.fixture(scope="module", params=sorted(ADAPTERS))
def bench(request: pytest.FixtureRequest) -> Iterator[tuple[Store, Iterator[int]]]:
    """A store that many examples write to, and numbers that no two of them share."""
    with TemporaryDirectory() as directory:
        place = Place(request.param, Path(directory))
        yield place.open(), count()
        place.close()


@settings(max_examples=100)
@given(bodies=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=4))
@example(bodies=["nul \0 in the middle " * 30])
@example(bodies=["漢字" * 200, "é" * 399])
def test_any_text_survives_being_cut_and_overwritten(
    bench: tuple[Store, Iterator[int]], bodies: list[str]
) -> None:
    store, numbers = bench
    name = str(next(numbers))

    for number, body in enumerate(bodies):
        sync(store, [item(name, body)], f"{name}-{number}")

    document = store.get(f"script:jira/{name}")
    assert document.body == bodies[-1]
    assert all(len(chunk.encode()) <= LIMIT for chunk in document.chunks)


def test_times_that_were_not_given_are_those_of_first_sight_and_of_change(store: Store) -> None:
    sync(store, [item("a", "one", updated_at=None)])
    sync(store, [item("a", "one", updated_at=None)], "r2", after=100)
    unchanged = store.get("script:jira/a")
    sync(store, [item("a", "two", updated_at=None)], "r3", after=200)
    changed = store.get("script:jira/a")

    assert (unchanged.created_at, unchanged.updated_at) == (NOON, NOON)
    assert (changed.created_at, changed.updated_at) == (NOON, NOON + timedelta(seconds=200))


def test_an_instant_that_its_offset_moves_out_of_the_calendar_is_kept_at_its_end(
    store: Store,
) -> None:
    first = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))

    sync(store, [item("a", updated_at=first)])

    assert store.get("script:jira/a").updated_at == datetime(1, 1, 1, tzinfo=UTC)


# Pages


def test_a_page_counts_what_is_new_changed_and_unchanged(store: Store) -> None:
    sync(store, [item("a"), item("b"), item("c", "x " * 300)])

    outcome = sync(store, [item("a"), item("b", "other"), item("d")], "r2", after=100)

    assert outcome.counts == RunCounts(
        scanned=3, added=1, updated=1, unchanged=1, absent=1, chunks=2
    )
    assert outcome.documents == 4


def test_the_last_of_two_items_with_one_key_wins_and_is_counted(store: Store) -> None:
    store.begin_run(start())

    counts = put(store, [item("a", "first"), item("b"), item("a", "second")])
    counts = put(store, [item("a", "third"), item("c")], counts=counts)

    assert store.get("script:jira/a").body == "third"
    assert counts == RunCounts(scanned=5, added=3, updated=1, duplicates=2, chunks=4)


def test_a_dry_run_counts_the_same_and_writes_nothing(store: Store) -> None:
    sync(store, [item("a"), item("b")])
    page = [item("a"), item("b", "other"), item("c"), item("c", "twice")]

    counts = preview_page(store, page, LIMIT, RunCounts(scanned=4))
    alone = preview_page(None, page, LIMIT, RunCounts(scanned=4))

    assert counts == RunCounts(scanned=4, added=1, updated=1, unchanged=1, duplicates=1, chunks=2)
    assert alone == RunCounts(scanned=4, added=3, duplicates=1, chunks=3)
    assert store.state().documents == 2


def test_digests_of_unknown_keys_are_left_out(store: Store) -> None:
    sync(store, [item("a")])

    known = store.known_digests([(JIRA, "a"), (JIRA, "b"), ("script:none", "a")])

    assert known == {(JIRA, "a"): item("a").digest()}


def test_a_checkpoint_comes_with_its_page_and_stays_until_the_next(store: Store) -> None:
    store.begin_run(start())
    put(store, [item("a")], checkpoint='{"page": 1}')
    put(store, [item("b")])

    assert store.checkpoint(JIRA) == '{"page": 1}'


# Search


def test_a_word_finds_its_inflections_without_accents_or_case(store: Store) -> None:
    sync(store, [item("a", "The FOXES slept in the Résumé"), item("b", "nothing of that")])

    assert found(store, "fox") == ["a"]
    assert found(store, "resume") == ["a"]
    assert found(store, "re\u0301sume\u0301") == ["a"]


def test_any_word_of_a_question_is_enough_and_stop_words_do_not_count(store: Store) -> None:
    sync(store, [item("a", "fox den"), item("b", "zebra crossing"), item("c", "how is the")])

    assert sorted(found(store, "how is the fox like a zebra?")) == ["a", "b"]
    assert found(store, "how is the") == ["c"]


def test_a_title_weighs_more_than_a_body(store: Store) -> None:
    filler = [item(f"x{number}", "something else entirely") for number in range(5)]
    sync(
        store, [item("body", "certificate renewal"), item("title", "words", "certificate"), *filler]
    )

    assert found(store, "certificate") == ["title", "body"]


def test_a_document_is_found_once_by_its_best_chunk(store: Store) -> None:
    paragraphs = "\n\n".join(f"needle {number} " + "hay " * 40 for number in range(200))
    sync(store, [item("long", paragraphs), item("short", "needle")])

    hits = store.search(SearchRequest("needle", limit=2))

    assert [hit.source_id for hit in hits] == ["short", "long"]
    assert hits[0].score == 1.0
    assert ">>>needle<<<" in hits[1].snippet


def test_ties_go_to_the_newest_then_to_the_id_however_many_there_are(store: Store) -> None:
    twins = [
        item(f"{n:04}", "same words", updated_at=NOON - timedelta(hours=n)) for n in range(1500)
    ]
    sync(store, [*reversed(twins), item("twin", "same words", updated_at=NOON)])

    hits = store.search(SearchRequest("same", limit=5))

    first = sorted(hits[:2], key=lambda hit: hit.id)
    assert list(hits[:2]) == first
    assert {hit.source_id for hit in first} == {"0000", "twin"}
    assert [hit.source_id for hit in hits[2:]] == ["0001", "0002", "0003"]


def test_filters_apply_before_the_best_are_cut(store: Store) -> None:
    crowd = [item(f"{n}", "needle needle needle") for n in range(300)]
    sync(store, crowd)
    weak = "needle " + "hay " * 30
    sync(store, [item("x", weak, source="script:wiki")], "r2", source="script:wiki")
    sync(store, [item("y", weak, source="git")], "r3", source="git")
    sync(store, [item("z", weak, source="script:jira/sub")], "r4", after=100)
    sync(store, [item("new", weak, updated_at=NOON + timedelta(days=1))], "r5", after=200)

    assert found(store, "needle", source="script:wiki") == ["x"]
    assert found(store, "needle", source="git") == ["y"]
    assert found(store, "needle", source="script:jira/sub") == ["z"]
    assert len(found(store, "needle", source="script:jira", limit=1000)) == 302
    assert len(found(store, "needle", source="script", limit=1000)) == 303
    assert found(store, "needle", source="script:jir") == []
    assert found(store, "needle", since=NOON + timedelta(hours=1)) == ["new"]
    assert found(store, "needle", source="git", since=NOON + timedelta(hours=1)) == []


def test_a_hit_says_where_it_comes_from(store: Store) -> None:
    page = replace(item("ENG-1", "alpha\0beta", "Title"), source_url="https://example.com/1")
    sync(store, [page])

    [hit] = store.search(SearchRequest("alpha"))

    assert (hit.source, hit.source_id, hit.title) == (JIRA, "ENG-1", "Title")
    assert hit.source_url == "https://example.com/1"
    assert hit.updated_at == NOON
    assert hit.snippet.startswith(">>>alpha<<<")
    assert store.get(hit.id).source_id == "ENG-1"


def test_what_was_overwritten_is_not_found_any_more(store: Store) -> None:
    sync(store, [item("a", "old words. " * 60, "Old")])
    sync(store, [item("a", "new words", "New")], "r2", after=100)

    assert found(store, "old") == []
    assert found(store, "new") == ["a"]
    assert store.state().chunks == 1


def test_a_document_with_a_blank_body_is_found_by_its_title(store: Store) -> None:
    sync(store, [item("a", " \n ", "Lighthouse")])

    [hit] = store.search(SearchRequest("lighthouse"))

    assert (hit.source_id, hit.snippet) == ("a", "")
