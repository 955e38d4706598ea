-- Items on their way out: flattened to scalars here, so that Python never walks
-- a table of the script.

local desk, limits = ...

local type, next, rawget, rawlen = type, next, rawget, rawlen
local unpack, sort, format, sub, math_type = table.unpack, table.sort, string.format, string.sub, math.type
local getmetatable = debug.getmetatable
local ask, fail, to_json = desk.ask, desk.fail, desk.to_json

local FIELDS = limits.fields -- names by position; the first is `position`, the last `odd`
local ODD = #FIELDS
local SLOTS = {} -- positions by name, of the fields that a script writes
for i = 2, ODD - 1 do
  SLOTS[FIELDS[i]] = i
end

local row = {} -- one item, refilled: slots of the array part may hold nil
for i = 1, ODD do
  row[i] = false
end
local emitted, open = 0, false

-- Fields behind a metatable may run code of the script, even `emit`: all of it
-- runs before a row of the page is begun.
local function plain(item)
  local t = {}
  for i = 2, ODD - 1 do
    t[FIELDS[i]] = item[FIELDS[i]]
  end
  return t
end

-- Fills the row from a table; gives the bytes of its text, and whether a field
-- had to stay out.
local function fill(item)
  local size, odd = 0, false
  for name, v in next, item do
    local slot = SLOTS[name]
    if slot then
      local kind = type(v)
      if kind == "table" and name == "metadata" then
        v = (to_json(v))
        kind = type(v)
      end
      if kind == "string" then
        size = size + #v
        row[slot] = v
      elseif kind == "number" or kind == "boolean" then
        row[slot] = v
      else
        odd = true
      end
    end
  end
  return size, odd
end

local function missing(item)
  local names
  for i = 2, ODD - 1 do
    local name = FIELDS[i]
    if item[name] ~= nil and row[i] == nil then
      names = names and names .. " " .. name or name
    end
  end
  return names
end

-- One call for each item: a call's cost grows with the square of its arguments.
local function add(item, position)
  local known = type(item) == "table"
  if known and getmetatable(item) then item = plain(item) end
  row[1] = position
  for i = 2, ODD do
    row[i] = nil
  end
  local size, odd = 0, false
  if known then
    size, odd = fill(item)
    if odd then row[ODD] = missing(item) end
  else
    row[ODD] = "item"
  end
  ask("put", size, unpack(row, 1, ODD))
end

local function emit(...)
  if not open then fail("emit: items can be handed over during scan only") end
  emitted = emitted + 1
  add((...), emitted)
end

local function start()
  open, emitted = true, 0
end

-- The integer keys in order, where they are not simply 1 to n.
local function positions(t)
  local keys, n = {}, 0
  for k in next, t do
    if math_type(k) == "integer" then
      n = n + 1
      keys[n] = k
    end
  end
  sort(keys)
  return keys, n
end

local function first_key(t)
  for k in next, t do
    if type(k) == "string" then return format(" (it has the key '%s')", sub(k, 1, 40)) end
  end
  return ""
end

local RETURN = "; return an array of items, or {} for none"

-- Sends what scan returned; gives a message where it returned no array.
local function take_array(items)
  if items == nil and emitted > 0 then return nil end
  if type(items) ~= "table" then
    local what = items == nil and "nil" or "a " .. type(items)
    return "scan returned " .. what .. RETURN
  end
  local length, integers, others = rawlen(items), 0, false
  for k in next, items do
    if math_type(k) == "integer" then
      integers = integers + 1
    else
      others = true
    end
  end
  if integers == 0 and others then
    return "scan returned a table without an array part" .. first_key(items) .. RETURN
  end
  if integers == length then
    for i = 1, length do
      add(rawget(items, i), i)
    end
  else
    local keys, n = positions(items)
    for i = 1, n do
      add(rawget(items, keys[i]), keys[i])
    end
  end
  return nil
end

local function end_of_call(mark)
  open = false
  if mark == nil then
    ask("returned", false, false)
    return "done"
  end
  if type(mark) == "function" or type(mark) == "thread" then
    return "contract", "scan returned a " .. type(mark) .. " as its checkpoint; return any JSON value"
  end
  local text, problem = to_json(mark)
  if text == nil then return "contract", "the checkpoint " .. problem end
  local more = type(mark) == "table" and rawget(mark, "has_more") == true
  local _, refused = ask("returned", text, more)
  if refused then return "contract", refused end
  return "done"
end

return emit, start, take_array, end_of_call
