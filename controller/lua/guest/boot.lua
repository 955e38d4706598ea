-- The world of a script: what it may call, and how it is stopped.
--
-- The real globals stay as they are and out of reach; the script lives in `env`.
-- Everything used below is captured first, so nothing a script does to its own
-- world changes this one.  The Python side answers `ask`; it never raises.

local receive, limits, codec, feed, api = ...

local host = python.as_function(receive)
python = nil
package.loaded.python = nil

local type, next, error, select, tostring = type, next, error, select, tostring
local rawget, rawset, pcall, xpcall, load, setmetatable = rawget, rawset, pcall, xpcall, load, setmetatable
local collectgarbage, concat, sub, format = collectgarbage, table.concat, string.sub, string.format
local create, resume, status, running = coroutine.create, coroutine.resume, coroutine.status, coroutine.running
local sethook, getinfo = debug.sethook, debug.getinfo
local getmetatable, put_metatable = debug.getmetatable, debug.setmetatable
local gmatch, sort, string_lib = string.gmatch, table.sort, string

local EVERY = 100000 -- instructions between two looks at the clock
local OUT_OF_MEMORY = "not enough memory"
local TEXT_BYTES = 8192

-- Once set, the script is over: every way to catch an error raises it again.
local doomed, doomed_at

local on_count
local titles = {} -- functions that a trace calls by their contract's name

local function place(info)
  if titles[info.func] then return "function '" .. titles[info.func] .. "'" end
  if info.what == "main" then return "main chunk" end
  local name = sub(info.name or "", 1, 80)
  if info.namewhat == "global" then return "function '" .. name .. "'" end
  if info.namewhat ~= "" then return info.namewhat .. " '" .. name .. "'" end
  return format("function <%s:%d>", info.short_src, info.linedefined)
end

local function trace(co)
  local lines, level = { "stack traceback:" }, 0
  while #lines < 23 do
    local info = getinfo(co, level, "Slnf")
    if not info then break end
    if info.what ~= "C" and info.short_src ~= "[host]" then
      lines[#lines + 1] = format("  %s:%d: in %s", info.short_src, info.currentline, place(info))
    end
    level = level + 1
  end
  return concat(lines, "\n")
end

local function traced(co)
  local fine, text = pcall(trace, co)
  return fine and text or ""
end

local function doom(cause)
  if not doomed then
    doomed = cause
    doomed_at = traced(running())
  end
  sethook(on_count, "", 1)
  error(doomed, 0)
end

local function sorted(fine, code, a)
  if not fine then return doom(code == OUT_OF_MEMORY and "memory" or "defect") end
  if code == 0 then return a, nil end
  if code == 1 then return nil, a end
  if code == 2 then return doom(a) end
  -- The answer does not fit: make room, then fetch it.
  collectgarbage()
  return sorted(pcall(host, "take"))
end

-- Raises where the script called, however many functions of ours lie between.
local function fail(message)
  local level = 2
  local info = getinfo(level, "Sl")
  while info and (info.what == "C" or info.short_src == "[host]") do
    level = level + 1
    info = getinfo(level, "Sl")
  end
  -- A tail call leaves no caller to name.
  error(info and format("%s:%d: %s", info.short_src, info.currentline, message) or message, 0)
end

-- Gives the answer, or nil and a message.
local function ask(...)
  if doomed then error(doomed, 0) end
  return sorted(pcall(host, ...))
end

function on_count()
  if doomed then doom() end
  ask("tick")
end

-- Runs host code that handles plain data only without the hook, which would
-- cost it half its speed.
local function unhooked(f, ...)
  sethook()
  local fine, a, b = pcall(f, ...)
  sethook(on_count, "", doomed and 1 or EVERY)
  if fine then return a, b end
  if a == OUT_OF_MEMORY then doom("memory") end
  return nil, a
end

local function checked(fine, ...)
  if doomed then doom() end
  if not fine and (...) == OUT_OF_MEMORY then doom("memory") end
  return fine, ...
end

local function copy(library)
  local t = {}
  for k, v in next, library do
    t[k] = v
  end
  return t
end

local env = {}
for name in gmatch("assert error ipairs next pairs rawequal rawget rawlen rawset select tonumber tostring type getmetatable", "%a+") do
  env[name] = _G[name]
end
env._G, env._VERSION = env, _VERSION
env.string, env.table, env.math, env.utf8 = copy(string), copy(table), copy(math), copy(utf8)
env.string.dump = nil
local shared = getmetatable("")
shared.__index, shared.__metatable = env.string, false

function env.pcall(...)
  return checked(pcall(...))
end

function env.xpcall(f, handler, ...)
  if type(handler) ~= "function" then fail("bad argument #2 to 'xpcall' (function expected)") end
  local function guarded(e)
    if doomed or e == OUT_OF_MEMORY then return e end
    return handler(e)
  end
  return checked(xpcall(f, guarded, ...))
end

-- JSON arrays carry a mark that scripts neither see nor lose by accident.
local ARRAY, NULL = { __metatable = false }, setmetatable({}, {
  __metatable = false,
  __newindex = function() fail("json.null cannot be changed") end,
  __tostring = function() return "null" end,
})

function env.setmetatable(t, meta)
  if type(meta) == "table" and rawget(meta, "__gc") ~= nil then
    fail("__gc is not available to scripts")
  end
  if type(t) == "table" and getmetatable(t) == ARRAY then put_metatable(t, nil) end
  return setmetatable(t, meta)
end

function env.load(chunk, name, _, ...)
  local world = env
  if select("#", ...) > 0 then world = (...) end
  if type(name) ~= "string" then name = type(chunk) == "string" and chunk or "=(load)" end
  local f, problem = load(chunk, name, "t", world)
  if doomed then doom() end
  if problem == OUT_OF_MEMORY then doom("memory") end
  return f, problem
end

function env.collectgarbage(option)
  if option == "count" then return collectgarbage("count") end
  if option == "isrunning" then return true end
  return 0
end

env.coroutine = copy(coroutine)

-- A hook belongs to one coroutine, so each new one gets its own.
function env.coroutine.create(f)
  local co = create(f)
  sethook(co, on_count, "", EVERY)
  return co
end

function env.coroutine.resume(...)
  return checked(resume(...))
end

function env.coroutine.close(...)
  return checked(coroutine.close(...))
end

local function unwrapped(fine, ...)
  checked(fine, ...)
  if not fine then error((...), 0) end
  return ...
end

function env.coroutine.wrap(f)
  local co = env.coroutine.create(f)
  return function(...)
    return unwrapped(resume(co, ...))
  end
end

local decode, encode = codec(limits, ARRAY, NULL)

-- Gives JSON text, or nil and what is wrong with the value.
local function to_json(value)
  local packed, problem = unhooked(encode.json, value)
  if packed == nil then return nil, problem end
  local text, refused = ask("json_encode", packed)
  if refused == "not UTF-8" then
    text, refused = ask("json_encode_bytes", (unhooked(encode.json_bytes, value)))
  end
  return text, refused
end

local desk = {
  ask = ask,
  fail = fail,
  unhooked = unhooked,
  decode = decode,
  to_json = to_json,
  encode_wire = encode.wire,
  ARRAY = ARRAY,
  NULL = NULL,
  string = string_lib,
}
local emit, start, take_array, end_of_call = feed(desk, limits)
desk.emit = emit

local built = api(desk)
for name in gmatch(ask("names"), "[^\n]+") do
  local library, field = string.match(name, "^(%w+)%.([%w_]+)$")
  local entry = built[name]
  if entry == nil then error("no such host function: " .. name) end
  if library then
    env[library] = env[library] or {}
    env[library][field] = entry
  else
    env[name] = entry
  end
end

local function say(e)
  if type(e) == "string" then return sub(e, 1, TEXT_BYTES) end
  if type(e) == "number" then return tostring(e) end
  return "(error object is a " .. type(e) .. " value)"
end

-- Runs one phase in a coroutine of its own: its stack is whole after an error.
local function drive(phase)
  local co = create(phase)
  sethook(co, on_count, "", EVERY)
  local fine, cause, message = resume(co)
  if doomed then return doomed, "", doomed_at end
  if not fine and cause == OUT_OF_MEMORY then return "memory", "", traced(co) end
  if not fine then return "runtime", say(cause), traced(co) end
  if status(co) ~= "dead" then
    return "runtime", "attempt to yield from outside a coroutine", traced(co)
  end
  return cause, message, ""
end

local ENTRY = { connector = "scan", tool = "execute", agent = "resolve" }
local kind, contract, entry

local function text_of(v)
  if type(v) == "string" then return sub(v, 1, TEXT_BYTES) end
  return type(v) == "number" and tostring(v) or ""
end

local function a(v)
  return v == nil and "nil" or "a " .. type(v)
end

local function check_contract(returned)
  local global = rawget(env, kind)
  contract = global
  if global == nil then contract = returned end
  if contract == nil then
    return format("defines no global table '%s'", kind)
  elseif type(contract) ~= "table" then
    return format("'%s' must be a table, and is %s", kind, a(contract))
  end
  entry = contract[ENTRY[kind]]
  if type(entry) ~= "function" then
    return format("'%s.%s' must be a function, and is %s", kind, ENTRY[kind], a(entry))
  end
  titles[entry] = ENTRY[kind]
  local names = {}
  for k, v in next, contract do
    if type(k) == "string" and type(v) == "function" and #names < 1000 then
      names[#names + 1] = sub(k, 1, 200)
    end
  end
  sort(names)
  ask(
    "loaded",
    text_of(contract.name),
    text_of(contract.version),
    text_of(contract.description),
    concat(names, "\n")
  )
  return nil
end

local function load_script()
  kind = ask("kind")
  local chunk, problem = load(ask("script"), ask("chunk_name"), "t", env)
  if problem == OUT_OF_MEMORY then doom("memory") end
  if not chunk then return "syntax", say(problem) end
  if ask("purpose") == "compile" then return "done" end
  local broken = check_contract((chunk()))
  if broken then return "contract", broken end
  return "done"
end

local function scan()
  local config = unhooked(decode, ask("config"))
  local checkpoint = unhooked(decode, ask("checkpoint"))
  start()
  local items, mark = entry(config, checkpoint)
  local broken = take_array(items)
  if broken then return "contract", broken end
  return end_of_call(mark)
end

return function() return drive(load_script) end, function() return drive(scan) end
