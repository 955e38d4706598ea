"""Scripts in real guests: what they return, what they may call, and how they fail."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from controller.errors import (
    CapabilityError,
    ContractError,
    GuestCrashError,
    ScriptError,
    ScriptSyntaxError,
)
from controller.lua.host.base import Capabilities
from controller.lua.supervisor import Engine, JailReport, ScanEnd, Script
from controller.model.document import RawItem
from tests.lua.worlds import LIMITS, World, connector, scan, scanning, values

RETURN = "; return an array of items, or {} for none"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("", "defines no global table 'connector'"),
        ("connector = 7", "'connector' must be a table, and is a number"),
        ("connector = {}", "'connector.scan' must be a function, and is nil"),
        ("connector = { scan = 'x' }", "'connector.scan' must be a function, and is a string"),
        ("return 'connector'", "'connector' must be a table, and is a string"),
    ],
)
def test_a_script_that_is_no_connector_is_told_what_is_missing(
    engine: Engine, script: str, said: str
) -> None:
    with (
        engine.open(connector(script), LIMITS, Capabilities({})) as guest,
        pytest.raises(ContractError) as caught,
    ):
        guest.load()

    assert caught.value.message == f"connectors/jira.lua: {said}"
    assert caught.value.hint is not None


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("nil", f"scan returned nil{RETURN}"),
        ("'done'", f"scan returned a string{RETURN}"),
        ("42", f"scan returned a number{RETURN}"),
        ("function() end", f"scan returned a function{RETURN}"),
        (
            "{ source_id = 'one' }",
            f"scan returned a table without an array part (it has the key 'source_id'){RETURN}",
        ),
        (
            "{}, function() end",
            "scan returned a function as its checkpoint; return any JSON value",
        ),
        (
            "{}, coroutine.create(print or next)",
            "scan returned a thread as its checkpoint; return any JSON value",
        ),
        (
            "{}, ('x'):rep(2000000)",
            "the checkpoint is larger than 1048576 bytes of JSON",
        ),
    ],
)
def test_a_wrong_return_value_says_what_to_return(engine: Engine, returned: str, said: str) -> None:
    with pytest.raises(ContractError) as caught:
        scan(engine, scanning(f"return {returned}"))

    assert caught.value.message == f"connectors/jira.lua: {said}"


def test_a_cyclic_checkpoint_is_refused(engine: Engine) -> None:
    with pytest.raises(ContractError, match="the checkpoint contains itself"):
        scan(engine, scanning("local t = {} t.t = t return {}, t"))


def test_a_syntax_error_names_file_and_line(engine: Engine) -> None:
    with pytest.raises(ScriptSyntaxError) as caught:
        engine.compile(connector("connector = {}\nfunction ("), LIMITS)

    assert caught.value.message == "connectors/jira.lua:2: <name> expected near '('"


@pytest.mark.parametrize("text", [b"\x1bLua\x54\x00", b"\x00", b"\xff\xfe", b"x = = 1"])
def test_what_is_no_lua_text_does_not_compile(engine: Engine, text: bytes) -> None:
    with pytest.raises(ScriptSyntaxError):
        engine.compile(connector(text), LIMITS)


@pytest.mark.parametrize("text", [b"\xef\xbb\xbfx = 1", b"#!/usr/bin/lua\nx = 1", b"#", b""])
def test_a_byte_order_mark_and_a_shebang_are_skipped(engine: Engine, text: bytes) -> None:
    engine.compile(connector(text), LIMITS)


def test_compiling_runs_nothing(engine: Engine) -> None:
    engine.compile(connector("while true do end"), LIMITS)


def test_an_error_carries_message_and_traceback_as_specified(engine: Engine) -> None:
    script = connector(
        "connector = {}\n"
        "local function title(issue)\n"
        "  return issue.fields.summary .. ''\n"
        "end\n"
        "function connector.scan(config)\n"
        "  local t = title({})\n"
        "  return { t }\n"
        "end\n"
    )

    with pytest.raises(ScriptError) as caught:
        scan(engine, script)

    assert caught.value.message == (
        "connectors/jira.lua:3: attempt to index a nil value (field 'fields')"
    )
    assert caught.value.traceback == (
        "stack traceback:\n"
        "  connectors/jira.lua:3: in upvalue 'title'\n"
        "  connectors/jira.lua:6: in function 'scan'"
    )


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        ("error({ code = 1 })", "(error object is a table value)"),
        ("error(nil)", "(error object is a nil value)"),
        ("error(true)", "(error object is a boolean value)"),
        ("error(12)", "12"),
        (
            "error(setmetatable({}, { __tostring = function() while true do end end }))",
            "(error object is a table value)",
        ),
        ("error('a\\27[31m\\nb\\0', 0)", "a\\x1b[31m\\nb\\x00"),
        ("error('\\xff\\u{202e}', 0)", "\ufffd\\u202e"),
        ("coroutine.yield(1)", "attempt to yield from outside a coroutine"),
    ],
)
def test_any_error_object_becomes_a_safe_text(engine: Engine, raised: str, said: str) -> None:
    with pytest.raises(ScriptError) as caught:
        scan(engine, scanning(raised))

    assert caught.value.message == said


def test_the_hint_for_os_names_what_takes_its_place(engine: Engine) -> None:
    with pytest.raises(ScriptError) as caught:
        scan(engine, scanning("return { os.date() }"))

    assert "global 'os'" in caught.value.message
    assert "env.get" in (caught.value.hint or "")


def test_the_config_arrives_as_lua_values(engine: Engine) -> None:
    config = {
        "url": "https://x.example/ä",
        "pages": 3,
        "ratio": 0.5,
        "deep": {"on": True, "list": ["a", 2]},
        "empty": [],
        "since": datetime(2026, 1, 1, tzinfo=UTC),
        "huge": 2**70,
    }
    body = "return {{ body = json.encode(config), title = type(config.huge) }}"

    [item] = scan(engine, scanning(body), config=config).items

    assert isinstance(item.body, bytes)
    assert json.loads(item.body) == {
        **{key: config[key] for key in ("url", "pages", "ratio", "deep", "empty")},
        "huge": 2.0**70,
    }
    assert item.title == b"number"


def test_a_checkpoint_comes_back_as_it_was_returned(engine: Engine) -> None:
    body = "return {}, { since = checkpoint and checkpoint.since + 1 or 1, has_more = true }"

    first = scan(engine, scanning(body)).end
    second = scan(engine, scanning(body), checkpoint=first.checkpoint).end

    assert first == ScanEnd('{"has_more":true,"since":1}', has_more=True, items=0)
    assert second.checkpoint == '{"has_more":true,"since":2}'


def test_a_stored_checkpoint_that_is_no_json_is_an_error_not_a_crash(engine: Engine) -> None:
    with pytest.raises(ScriptError, match="the checkpoint of the last run is no JSON"):
        scan(engine, scanning("return {}"), checkpoint="{")


def test_scan_may_be_called_again_in_the_same_guest(engine: Engine) -> None:
    script = connector(
        "local calls = 0 connector = { scan = function()"
        " calls = calls + 1 emit { source_id = calls } return {}, calls end }"
    )

    with engine.open(script, LIMITS, Capabilities({})) as guest:
        ends = [guest.scan({}, None, lambda _: None) for _ in range(3)]

    assert [end.checkpoint for end in ends] == ["1", "2", "3"]
    assert [end.items for end in ends] == [1, 1, 1]


def test_loading_reads_what_a_script_says_of_itself(engine: Engine) -> None:
    script = connector(
        "return { name = 'jira', version = 1.5, description = 'Issues',"
        " scan = function() end, after = function() end }"
    )

    with engine.open(script, LIMITS, Capabilities({})) as guest:
        loaded = guest.load()

    assert (loaded.name, loaded.version, loaded.description) == ("jira", "1.5", "Issues")
    assert loaded.functions == ("after", "scan")
    assert loaded.jail == JailReport(seccomp=True, no_new_privs=True, rlimits=True)


def test_the_global_table_wins_over_the_returned_one(engine: Engine) -> None:
    script = connector("connector = { name = 'global', scan = next } return { name = 'returned' }")

    with engine.open(script, LIMITS, Capabilities({})) as guest:
        loaded = guest.load()

    assert loaded.name == "global"


def test_tools_and_agents_have_contracts_of_their_own(engine: Engine) -> None:
    tool = Script("tool", "t", "tools/t.lua", b"tool = { execute = function() end }")
    agent = Script("agent", "a", "agents/a.lua", b"agent = { resolve = function() end }")

    with (
        engine.open(tool, LIMITS, Capabilities({})) as first,
        engine.open(agent, LIMITS, Capabilities({})) as second,
    ):
        found = (first.load().functions, second.load().functions)

    assert found == (("execute",), ("resolve",))


def test_a_refusal_of_the_host_is_an_error_at_the_scripts_line(engine: Engine) -> None:
    def refuse(_: Sequence[object], __: object) -> None:
        raise CapabilityError("fs.read: path escapes sandbox: ../x", hint="stay inside")

    world = World().offer("fs.read", refuse)
    script = connector("connector = { scan = function()\n\n local t = fs.read('../x') end }")

    with pytest.raises(ScriptError) as caught:
        scan(engine, script, world=world)

    assert caught.value.message == ("connectors/jira.lua:3: fs.read: path escapes sandbox: ../x")
    assert caught.value.hint == "stay inside"


def test_a_refusal_of_the_host_can_be_caught(engine: Engine) -> None:
    def refuse(_: Sequence[object], __: object) -> None:
        raise CapabilityError("no")

    world = World().offer("env.get", refuse)

    assert values(engine, "select(2, pcall(env.get, 'X'))", world=world) == [
        b"connectors/jira.lua:1: no"
    ]


def test_a_defect_of_a_host_function_comes_out_and_ends_the_guest(engine: Engine) -> None:
    def fail(_: Sequence[object], __: object) -> None:
        raise ZeroDivisionError

    world = World().offer("env.get", fail)

    with engine.open(scanning("env.get('X')"), LIMITS, world.capabilities()) as guest:
        with pytest.raises(ZeroDivisionError):
            guest.scan({}, None, lambda _: None)
        assert not guest.is_alive()


def test_an_error_of_the_page_taker_comes_out_and_ends_the_guest(engine: Engine) -> None:
    def fail(_: Sequence[RawItem]) -> None:
        raise BufferError("disk full")

    with engine.open(scanning("while true do emit {} end"), LIMITS, Capabilities({})) as guest:
        with pytest.raises(BufferError, match="disk full"):
            guest.scan({}, None, fail)
        with pytest.raises(GuestCrashError, match="the script's process has ended"):
            guest.scan({}, None, fail)


def test_what_the_host_does_not_offer_is_absent(engine: Engine) -> None:
    assert values(engine, "tostring(fs), tostring(http), tostring(os), type(json)") == [
        b"nil",
        b"nil",
        b"nil",
        b"table",
    ]
