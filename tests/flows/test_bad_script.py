"""Scripts that are broken, or return what no connector should."""

import signal

import pytest

from tests.flows.place import Place

GOOD = """
connector = { name = "jira" }
function connector.scan(config)
  return { { source_id = "a", body = "otter one" }, { source_id = "b", body = "otter two" } }
end
"""


@pytest.fixture
def synced(place: Place) -> Place:
    """A source with two documents, whose script is about to break."""
    place.connector("jira", GOOD)
    assert place.ctx("sync", "script:jira").code == 0
    return place


def scanning(body: str) -> str:
    return "connector = {}\nfunction connector.scan(config)\n" + body + "\nend\n"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (
            "connector = {}\nfunction connector.scan(c)\n  local items = {\n  return items\nend\n",
            "jira.lua:4: unexpected symbol near 'return'",
        ),
        ("local x = 1\n", "jira.lua: defines no global table 'connector'"),
        ("connector = 'jira'\n", "jira.lua: 'connector' must be a table, and is a string"),
        (
            "connector = {}\nfunction connector.scna() end\n",
            "jira.lua: 'connector.scan' must be a function, and is nil",
        ),
        (
            scanning("  return nil"),
            "jira.lua: scan returned nil; return an array of items, or {} for none",
        ),
        (
            scanning("  return 'done'"),
            "jira.lua: scan returned a string; return an array of items, or {} for none",
        ),
        (
            scanning("  return { items = {} }"),
            (
                "jira.lua: scan returned a table without an array part (it has the key 'items');"
                " return an array of items, or {} for none"
            ),
        ),
        (
            scanning("  local knot = {}; knot.knot = knot\n  return {}, knot"),
            "jira.lua: the checkpoint contains itself",
        ),
    ],
    ids=["syntax", "no-connector", "text", "no-scan", "nil", "string", "map", "cyclic-checkpoint"],
)
def test_a_script_that_is_no_connector_is_told_what_is_wrong_and_costs_nothing(
    synced: Place, script: str, said: str
) -> None:
    synced.connector("jira", script)

    told = synced.ctx("sync", "script:jira")

    assert told.code == 1
    assert told.out.splitlines()[-1] == "failed"
    assert told.err.splitlines()[:2] == ["Error: script connector 'jira' failed:", f"  {said}"]
    assert synced.found("otter") == ["a", "b"]


def test_an_error_names_the_line_and_the_way_to_it(synced: Place) -> None:
    synced.connector(
        "jira",
        "connector = {}\n"
        "local function title(issue)\n"
        "  return issue.fields.summary\n"
        "end\n" + scanning("  return { { source_id = 'c', body = title({}) } }"),
    )

    told = synced.ctx("sync", "script:jira")

    assert told.code == 1
    assert told.err == (
        "Error: script connector 'jira' failed:\n"
        "  jira.lua:3: attempt to index a nil value (field 'fields')\n"
        "  stack traceback:\n"
        "    jira.lua:3: in upvalue 'title'\n"
        "    jira.lua:7: in function 'scan'\n"
    )
    assert synced.stored() == {"script:jira": 2}


def test_what_was_emitted_before_an_error_is_whole_and_stays(synced: Place) -> None:
    synced.connector(
        "jira",
        scanning(
            "  for i = 1, 1200 do emit { source_id = 'n' .. i, body = 'badger ' .. i } end\n"
            "  error('the source went away')"
        ),
    )

    told = synced.ctx("sync", "script:jira")

    assert told.code == 1
    assert "jira.lua:4: the source went away" in told.err
    stored = synced.stored()["script:jira"] - 2
    assert f"  upserted documents: {stored:,}\n" in told.out
    # Pages are stored whole or not at all.
    assert stored in {500, 1000, 1200}


def test_a_table_with_holes_gives_its_entries(place: Place) -> None:
    place.connector(
        "jira",
        scanning(
            "  local items = {}\n"
            "  for _, i in ipairs({ 1, 3, 40 }) do\n"
            "    items[i] = { source_id = 'n' .. i, body = 'badger' }\n"
            "  end\n"
            "  return items"
        ),
    )

    told = place.ctx("sync", "script:jira")

    assert told.code == 0
    assert "  fetched: 3 items\n" in told.out
    assert sorted(place.found("badger")) == ["n1", "n3", "n40"]


def test_items_that_cannot_be_stored_are_told_one_by_one_and_the_others_are(place: Place) -> None:
    place.connector(
        "jira",
        scanning(
            "  local knot = {}; knot.knot = knot\n"
            "  return {\n"
            "    { body = 'no id' },\n"
            "    { source_id = '', body = 'empty id' },\n"
            "    { source_id = 'empty', body = '' },\n"
            "    { source_id = 0 / 0, body = 'a number that is none' },\n"
            "    { source_id = {}, body = 'a table' },\n"
            "    'a text',\n"
            "    knot,\n"
            "    { source_id = 'latin', body = 'badger caf\\xe9' },\n"
            "    { source_id = 'nan', body = 'badger', updated_at = 0 / 0, metadata = { n = 0 / 0 } },\n"
            "    { source_id = 'knot', body = 'badger', metadata = knot },\n"
            "    { source_id = 'json', body = 'badger', metadata_json = '{oops' },\n"
            "    { source_id = 'fine', body = 'badger' },\n"
            "  }"
        ),
    )

    told = place.ctx("sync", "script:jira")

    assert told.code == 0
    assert told.err.splitlines() == [
        "[script:jira] WARN: Skipping item at index 1: missing required field 'source_id'",
        "[script:jira] WARN: Skipping item at index 2: 'source_id' is empty",
        "[script:jira] WARN: Skipping item at index 3: 'body' is empty",
        "[script:jira] WARN: Skipping item at index 4: 'source_id' is not a finite number",
        "[script:jira] WARN: Skipping item at index 5: 'source_id' is no string",
        "[script:jira] WARN: Skipping item at index 6: the item is no table",
        "[script:jira] WARN: Skipping item at index 7: missing required field 'source_id'",
        "[script:jira] WARN: Item at index 8 (latin): 'body' is not UTF-8; broken bytes were replaced",
        "[script:jira] WARN: Item at index 9 (nan): 'updated_at' is no time that can be read and was left out",
        "[script:jira] WARN: Item at index 10 (knot): 'metadata' is no JSON object and was left out",
        "[script:jira] WARN: Item at index 11 (json): 'metadata_json' is no JSON object and was left out",
    ]
    assert "  skipped, invalid: 7\n" in told.out
    assert sorted(place.found("badger")) == ["fine", "json", "knot", "latin", "nan"]
    latin = place.ctx("get", "script:jira/latin", "--output", "json").json()
    assert latin["body"] == "badger caf\N{REPLACEMENT CHARACTER}"


def test_a_million_items_in_one_table_meet_the_memory_limit(synced: Place) -> None:
    synced.connector(
        "jira",
        scanning(
            "  local items = {}\n"
            "  for i = 1, 1000000 do items[i] = { source_id = 'n' .. i, body = 'badger ' .. i } end\n"
            "  return items"
        ),
        memory_limit=32,
    )

    told = synced.ctx("sync", "script:jira")

    assert told.code == 1
    lines = told.err.splitlines()
    assert lines[:2] == [
        "Error: script connector 'jira' failed:",
        "  needs more than its memory_limit of 32 MiB",
    ]
    # Between the two a traceback, if there was memory left for it.
    assert lines[-1] == "Hint: raise memory_limit, or hand items over with emit(item) as they come"
    assert synced.found("otter") == ["a", "b"]


@pytest.mark.timeout(60)
def test_a_hundred_thousand_emitted_items_fit_into_a_small_guest(place: Place) -> None:
    place.connector(
        "jira",
        scanning("  for i = 1, 100000 do emit { source_id = 'n' .. i, body = 'badger ' .. i } end"),
        memory_limit=16,
    )

    told = place.ctx("sync", "script:jira")

    assert told.code == 0
    assert "  fetched: 100,000 items\n" in told.out
    assert place.stored() == {"script:jira": 100_000}
    assert place.found("99999") == ["n99999"]


def test_an_item_that_is_too_large_ends_the_run_and_keeps_what_came_before(place: Place) -> None:
    place.connector(
        "jira",
        scanning(
            "  emit { source_id = 'small', body = 'badger' }\n"
            "  emit { source_id = 'large', body = ('x'):rep(11 * 1024 * 1024) }"
        ),
    )

    told = place.ctx("sync", "script:jira")

    assert told.code == 1
    assert "returned an item larger than 10 MiB" in told.err
    assert "Hint: split the item" in told.err
    assert place.found("badger") == ["small"]


def test_a_script_that_never_ends_is_stopped_at_its_timeout(synced: Place) -> None:
    synced.connector("jira", scanning("  while true do end"), timeout=1)

    told = synced.ctx("sync", "script:jira")

    assert told.code == 1
    assert told.out.splitlines()[-1] == "timed out"
    assert told.err.splitlines() == [
        "Error: script connector 'jira' timed out after 1 second",
        "  stack traceback:",
        "    jira.lua:3: in function 'scan'",
        "Hint: raise timeout, or hand items over with emit(item) and return a checkpoint",
    ]
    assert synced.found("otter") == ["a", "b"]


def test_a_run_that_is_stopped_says_so_and_keeps_its_pages(synced: Place) -> None:
    synced.connector(
        "jira",
        scanning(
            "  for i = 1, 600 do emit { source_id = 'n' .. i, body = 'badger' } end\n"
            "  log.info('napping')\n"
            "  sleep(60)"
        ),
    )

    with synced.start("sync", "script:jira") as running:
        assert running.stderr is not None
        assert running.stderr.readline() == b"[script:jira] INFO: napping\n"
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=5)

    assert running.returncode == 130
    assert out.splitlines()[-1] == b"cancelled"
    assert err == b"Stopped script:jira: what was stored before stays\n"
    assert synced.stored() == {"script:jira": 502}
    assert synced.ctx("sync", "script:jira", "--limit", "1").code == 0
