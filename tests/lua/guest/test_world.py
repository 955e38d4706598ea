"""The world of a script has no door: attacks on the VM, each in the guest that production builds."""

from typing import Any

import pytest

from controller.errors import ScriptError
from controller.lua.host.base import Capabilities
from controller.lua.limits import GuestLimits
from controller.lua.supervisor import Engine
from tests.lua.guest.stage import Refusal, play, scanning, values
from tests.lua.worlds import LIMITS, connector, scan
from tests.lua.worlds import scanning as real_scanning


def failure(body: str, **more: Any) -> str:
    return play(scanning(body, **more)).failed().message.decode()


@pytest.mark.parametrize(
    "name",
    [
        "os",
        "io",
        "debug",
        "package",
        "require",
        "dofile",
        "loadfile",
        "python",
        "warn",
        "string.dump",
        "_ENV.python",
        "_G.debug",
        "getmetatable('').__index",
        "coroutine.debug",
    ],
)
def test_what_reaches_out_is_absent(name: str) -> None:
    [found] = values(f"(function() local ok, v = pcall(function() return {name} end)"
                     " return tostring(ok and v) end)()")  # fmt: skip

    assert found in (b"nil", b"false")


WALK = """
local seen, found = {}, {}
local function walk(v, path)
  local kind = type(v)
  if kind == "userdata" or kind == "thread" then found[#found + 1] = path .. ": " .. kind end
  if kind ~= "table" or seen[v] then return end
  seen[v] = true
  for k, entry in next, v do
    walk(k, path .. ".key")
    walk(entry, path .. "." .. tostring(k))
  end
  walk(getmetatable(v), path .. ".meta")
end
walk(_G, "_G")
walk(getmetatable(""), "string.meta")
walk({ http.get("u") }, "response")
walk({ fs.list(".") }, "entries")
walk({ pcall(env.get, "X") }, "refusal")
walk({ pcall(json.parse, "{") }, "json error")
walk({ pcall(string.rep, "x", 1 << 40) }, "library error")
walk({ pcall(error, {}) }, "own error")
walk(config, "config")
emit { body = table.concat(found, "\\n") }
return {}
"""


def test_no_python_object_lies_anywhere_in_a_scripts_reach() -> None:
    page = {"status": 200, "ok": True, "body": b"{}", "headers": {}}
    entry = {"path": "a", "name": "a", "size": 1, "modified": 1, "is_dir": False}

    done = play(scanning(WALK, answers=[page, [entry], Refusal("no")]))

    assert done.bodies() == [b""]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("load('\\27Lua')()", "attempt to call a nil value"),
        ("error(select(2, load('\\27Lua', 'x', 'b')), 0)", "attempt to load a binary chunk"),
        ("setmetatable({}, { __gc = function() end })", "__gc is not available to scripts"),
        ("getmetatable('').__index = nil", "attempt to index a boolean value"),
        ("setmetatable('', {})", "bad argument #1 to 'setmetatable'"),
        ("load('os.exit()')()", "attempt to index a nil value (global 'os')"),
        ("load('return debug', 'x', 't', _G)().x = 1", "attempt to index a nil value"),
        ("xpcall(error, 5)", "bad argument #2 to 'xpcall' (function expected)"),
        ("local t = {} for i = 1, 1e5 do t = setmetatable({}, { __index = t }) end t.x()", "loop"),
        ("return table.unpack({}, 1, 1e7)", "too many results to unpack"),
        ("local s = ('('):rep(1e5) load(s .. '1')()", "attempt to call a nil value"),
    ],
)
def test_an_attack_ends_as_an_ordinary_error(body: str, said: str) -> None:
    assert said in failure(body)


RUIN = """
for _, library in ipairs({ string, table, math, json, http, fs, env, log }) do
  for k in pairs(library) do library[k] = error end
end
return {}
"""


def test_recursion_without_end_is_an_ordinary_error() -> None:
    endless = "local function f() return f() + 1 end f()"

    assert failure(endless, limits=GuestLimits()) == "x.lua:1: stack overflow"


@pytest.mark.parametrize(
    "body",
    [
        # The script's copies are its own; the host uses what it captured before.
        "string.rep, string.format, table.concat, next, type, pcall = nil return {}",
        RUIN,
        "setmetatable(_G, { __index = error, __newindex = error }) return {}",
        "setmetatable(_G, { __index = function() while true do end end }) return {}",
        "local g = _G for k in pairs(g) do g[k] = nil end return {}",
        "local m = getmetatable(json.parse('[]')) assert(m == false) return {}",
        "setmetatable(json.parse('[]'), { __index = error }) return {}",
        "collectgarbage('stop') collectgarbage('setpause', 1) return {}",
        "coroutine.close(coroutine.create(function() end)) return {}",
    ],
)
def test_a_script_that_ruins_its_world_ruins_only_its_own(body: str) -> None:
    done = play(scanning(f"emit {{ source_id = 'a', metadata = {{ 1 }} }} {body}"))

    assert done.returned().items == 1


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("select('#', pcall(error))", 2),
        ("select(2, pcall(error, 'x', 0))", b"x"),
        ("select(2, xpcall(error, function(e) return e .. '!' end, 'x'))", b"x!"),
        ("select(2, coroutine.resume(coroutine.create(function(a) return a + 1 end), 1))", 2),
        ("coroutine.wrap(function() coroutine.yield(7) end)()", 7),
        ("select(2, pcall(coroutine.wrap(function() error('in', 0) end)))", b"in"),
        ("coroutine.isyieldable()", True),
        ("load('return 1 + 1')()", 2),
        ("load('return x', 'c', 't', { x = 5 })()", 5),
        ("load(coroutine.wrap(function() coroutine.yield('return 6') end))()", 6),
        ("select(2, load('x ='))", b'[string "x ="]:1: unexpected symbol near <eof>'),
        ("collectgarbage('count') > 0", True),
        ("collectgarbage()", 0),
        ("collectgarbage('isrunning')", True),
        ("_G.string == string and _G._G == _G", True),
        ("_VERSION", b"Lua 5.4"),
        ("('x'):rep(3)", b"xxx"),
        ("#utf8.char(228)", 2),
        ("tostring(json.null)", b"null"),
        ("getmetatable(setmetatable({}, { __metatable = 9 }))", 9),
        ("rawlen({ 1, 2 })", 2),
        ("string.format('%s', setmetatable({}, { __tostring = function() return 'T' end }))", b"T"),
    ],
)
def test_the_language_works_as_its_manual_says(expression: str, value: object) -> None:
    assert values(expression) == [value]


def test_deep_traces_are_cut() -> None:
    failed = play(scanning("local function f(n) local x = n == 0 and error('x') or f(n - 1)"
                           " return x end f(100)")).failed()  # fmt: skip

    assert failed.traceback.count(b"\n") == 22


def test_long_names_in_a_trace_are_cut() -> None:
    body = "local t = {} local n = ('x'):rep(1e6) t[n] = function() error('e') end t[n]() return {}"

    assert len(play(scanning(body)).failed().traceback) < 1000


def test_a_tail_call_of_a_host_function_still_says_what_is_wrong() -> None:
    assert failure("return json.parse(nil)") == "json.parse: the text must be a string, and is nil"


def test_a_million_traps_leave_the_engine_whole(engine: Engine) -> None:
    for body in ("error({})", "return nil", "coroutine.yield()", "return json.parse('{')"):
        with pytest.raises(ScriptError):
            scan(engine, real_scanning(body))

    with engine.open(connector("connector = { scan = next }"), LIMITS, Capabilities({})) as guest:
        assert guest.load().functions == ("scan",)


SMALL = GuestLimits(timeout=8.0, memory=3 * 1024 * 1024)
FILLING = """
local function fill(step)
  local t, n = {}, 0
  while true do
    n = n + 1
    t[n] = ("x"):rep(step) .. n
    if n % 7 == 0 then json.encode({ n, t[n] }) end
    if n % 5 == 0 then env.get("X") end
    if n % 3 == 0 then emit { source_id = n, metadata = { n } } end
  end
end
"""


@pytest.mark.parametrize("step", [10, 99, 1000, 7777, 30_011, 65_536, 250_007])
def test_memory_that_runs_out_anywhere_ends_as_such(engine: Engine, step: int) -> None:
    from_host = Capabilities({"env.get": lambda _, __: b"v" * step})

    with (
        engine.open(real_scanning(f"{FILLING} fill({step})"), SMALL, from_host) as guest,
        pytest.raises(ScriptError) as caught,
    ):
        guest.scan({}, None, lambda _: None)

    assert caught.value.reason == "MemoryLimitExceeded"
