"""Items on their way out of real guests: flattened, marked, bounded, in order."""

import math

import pytest

from controller.errors import (
    ItemLimitError,
    ScriptError,
)
from controller.lua.host.base import Capabilities
from controller.lua.limits import GuestLimits
from controller.lua.supervisor import Engine, ScanEnd
from controller.model.document import RawItem
from tests.lua.worlds import LIMITS, connector, scan, scanning


def test_items_arrive_flattened_and_in_order(engine: Engine) -> None:
    given = scan(
        engine,
        scanning(
            "return {"
            " { source_id = 'a', title = 'A', body = 'text', metadata = { b = 1, a = {} } },"
            " { source_id = 7, updated_at = 1.5, id = true },"
            "}"
        ),
    )

    assert given.items == [
        RawItem(1, source_id=b"a", title=b"A", body=b"text", metadata=b'{"a":{},"b":1}'),
        RawItem(2, source_id=7, updated_at=1.5, id=True),
    ]
    assert given.end == ScanEnd(None, has_more=False, items=2)


def test_odd_items_pass_as_raw_and_are_marked(engine: Engine) -> None:
    given = scan(
        engine,
        scanning(
            "local cyclic = {} cyclic.self = cyclic "
            "return { 'text', {}, { body = {}, title = print, source_id = 'x' },"
            " { body = 'caf\\xe9', metadata = cyclic }, { updated_at = 0/0 } }"
        ),
    )

    assert given.items[0] == RawItem(1, odd=b"item")
    assert given.items[1] == RawItem(2)
    assert given.items[2] == RawItem(3, source_id=b"x", odd=b"body")
    assert given.items[3] == RawItem(4, body=b"caf\xe9", odd=b"metadata")
    assert isinstance(given.items[4].updated_at, float)
    assert math.isnan(given.items[4].updated_at)


def test_an_array_with_holes_gives_its_entries_in_order(engine: Engine) -> None:
    given = scan(
        engine,
        scanning(
            "local t = {} for _, n in ipairs({ 900, 3, -1, 5 }) do t[n] = { source_id = n } end"
            " t.note = 'ignored' t[1.5] = {} return t"
        ),
    )

    assert [(item.position, item.source_id) for item in given.items] == [
        (-1, -1),
        (3, 3),
        (5, 5),
        (900, 900),
    ]


def test_fields_behind_a_metatable_are_read_even_if_they_emit(engine: Engine) -> None:
    given = scan(
        engine,
        scanning(
            "local once = true "
            "local item = setmetatable({}, { __index = function(_, name)"
            "  if once then once = false emit { source_id = 'inner' } end"
            "  return name == 'source_id' and 'outer' or nil end })"
            "emit(item) return nil"
        ),
    )

    assert [(item.position, item.source_id) for item in given.items] == [
        (2, b"inner"),
        (1, b"outer"),
    ]


def test_emitted_items_make_a_return_value_unnecessary(engine: Engine) -> None:
    given = scan(engine, scanning("for i = 1, 1201 do emit { source_id = i } end"))

    assert [item.source_id for item in given.items] == list(range(1, 1202))


def test_emit_outside_scan_is_an_error_at_its_line(engine: Engine) -> None:
    with (
        engine.open(connector("emit {}"), LIMITS, Capabilities({})) as guest,
        pytest.raises(ScriptError) as caught,
    ):
        guest.load()

    assert caught.value.message == (
        "connectors/jira.lua:1: emit: items can be handed over during scan only"
    )


def test_pages_before_an_error_are_handed_over(engine: Engine) -> None:
    items: list[RawItem] = []
    script = scanning("emit { source_id = 1 } error('late')")

    with (
        engine.open(script, LIMITS, Capabilities({})) as guest,
        pytest.raises(ScriptError, match="late"),
    ):
        guest.scan({}, None, items.extend)

    assert [item.source_id for item in items] == [1]


def test_more_items_than_allowed_end_the_scan(engine: Engine) -> None:
    limits = GuestLimits(timeout=5.0, items=1000)

    with pytest.raises(ItemLimitError, match="returned more than 1000 items"):
        scan(engine, scanning("while true do emit {} end"), limits=limits)


def test_an_item_larger_than_allowed_ends_the_scan(engine: Engine) -> None:
    limits = GuestLimits(timeout=5.0, item_bytes=1024 * 1024)

    with pytest.raises(ItemLimitError, match="returned an item larger than 1 MiB"):
        scan(engine, scanning("emit { body = ('x'):rep(1024 * 1024 + 1) }"), limits=limits)
