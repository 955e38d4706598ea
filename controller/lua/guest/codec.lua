-- Values as msgpack: how everything but plain text crosses the boundary.
-- Decoding runs over what the host packed and is trusted; encoding runs over
-- what a script made, so it bounds depth and size and looks for cycles.
-- Nothing here calls a metamethod.

local limits, ARRAY, NULL = ...

local type, next, rawget, rawlen = type, next, rawget, rawlen
local getmetatable, setmetatable = debug.getmetatable, setmetatable
local byte, char, sub, format = string.byte, string.char, string.sub, string.format
local pack, unpack = string.pack, string.unpack
local concat, sort = table.concat, table.sort
local math_type, tostring, error = math.type, tostring, error

local DEPTH, NODES = limits.depth, limits.nodes

local value

local function array(s, p, n, depth)
  if depth >= limits.json_depth then error("nested too deeply", 0) end
  local t = {}
  for i = 1, n do
    t[i], p = value(s, p, depth + 1)
  end
  return setmetatable(t, ARRAY), p
end

local function map(s, p, n, depth)
  if depth >= limits.json_depth then error("nested too deeply", 0) end
  local t, k, v = {}, nil, nil
  for _ = 1, n do
    k, p = value(s, p, depth + 1)
    v, p = value(s, p, depth + 1)
    t[k] = v
  end
  return t, p
end

local function unsigned(s, p)
  local v, q = unpack(">I8", s, p)
  -- Above 2^63 there is no Lua integer; a float is what JSON readers give.
  return v < 0 and v + 2.0 ^ 64 or v, q
end

local readers = {
  [0xc0] = function(_, p) return nil, p end,
  [0xc2] = function(_, p) return false, p end,
  [0xc3] = function(_, p) return true, p end,
  [0xc4] = function(s, p) return unpack(">s1", s, p) end,
  [0xc5] = function(s, p) return unpack(">s2", s, p) end,
  [0xc6] = function(s, p) return unpack(">s4", s, p) end,
  [0xca] = function(s, p) return unpack(">f", s, p) end,
  [0xcb] = function(s, p) return unpack(">d", s, p) end,
  [0xcc] = function(s, p) return unpack(">I1", s, p) end,
  [0xcd] = function(s, p) return unpack(">I2", s, p) end,
  [0xce] = function(s, p) return unpack(">I4", s, p) end,
  [0xcf] = unsigned,
  [0xd0] = function(s, p) return unpack(">i1", s, p) end,
  [0xd1] = function(s, p) return unpack(">i2", s, p) end,
  [0xd2] = function(s, p) return unpack(">i4", s, p) end,
  [0xd3] = function(s, p) return unpack(">i8", s, p) end,
  [0xd9] = function(s, p) return unpack(">s1", s, p) end,
  [0xda] = function(s, p) return unpack(">s2", s, p) end,
  [0xdb] = function(s, p) return unpack(">s4", s, p) end,
  [0xdc] = function(s, p, d)
    local n, q = unpack(">I2", s, p)
    return array(s, q, n, d)
  end,
  [0xdd] = function(s, p, d)
    local n, q = unpack(">I4", s, p)
    return array(s, q, n, d)
  end,
  [0xde] = function(s, p, d)
    local n, q = unpack(">I2", s, p)
    return map(s, q, n, d)
  end,
  [0xdf] = function(s, p, d)
    local n, q = unpack(">I4", s, p)
    return map(s, q, n, d)
  end,
}

function value(s, p, depth)
  local b = byte(s, p)
  if b >= 0xa0 and b <= 0xbf then
    local n = b - 0xa0
    return sub(s, p + 1, p + n), p + 1 + n
  elseif b < 0x80 then
    return b, p + 1
  elseif b >= 0xe0 then
    return b - 0x100, p + 1
  elseif b < 0x90 then
    return map(s, p + 1, b - 0x80, depth)
  elseif b < 0xa0 then
    return array(s, p + 1, b - 0x90, depth)
  end
  return readers[b](s, p + 1, depth)
end

local function decode(s)
  return (value(s, 1, 0))
end

-- Text as msgpack strings where it becomes JSON, as bytes where it goes to the
-- host, which must not guess an encoding.
local function text_writers(short, one, two, four, fixed)
  return function(s)
    local n = #s
    if fixed and n < 32 then return char(0xa0 + n) .. s end
    if n < 0x100 then return pack(short, one, s) end
    if n < 0x10000 then return pack(">Bs2", two, s) end
    return pack(">Bs4", four, s)
  end
end

local write_string = text_writers(">Bs1", 0xd9, 0xda, 0xdb, true)
local write_bytes = text_writers(">Bs1", 0xc4, 0xc5, 0xc6, false)

local function write_number(v)
  if math_type(v) == "integer" then
    if v >= 0 and v < 0x80 then return char(v) end
    return pack(">Bi8", 0xd3, v)
  end
  return pack(">Bd", 0xcb, v)
end

local function head(n, fix, two, four)
  if n < 16 then return char(fix + n) end
  if n < 0x10000 then return pack(">BI2", two, n) end
  return pack(">BI4", four, n)
end

local function key_text(k)
  local kind = type(k)
  if kind == "string" then return k end
  if kind == "number" or kind == "boolean" then
    return math_type(k) == "integer" and format("%d", k) or tostring(k)
  end
  return nil
end

-- An encoder refuses functions where `strict`, and writes null for them as JSON
-- libraries for Lua do where not.  Its errors are plain strings without a place.
local function make_encoder(write_text, strict)
  local out, n, nodes, open

  local put

  local function put_array(t, length, depth)
    n = n + 1
    out[n] = head(length, 0x90, 0xdc, 0xdd)
    for i = 1, length do
      put(rawget(t, i), depth + 1)
    end
  end

  local function put_map(t, depth)
    local keys, count = {}, 0
    for k in next, t do
      local name = key_text(k)
      if name ~= nil then
        count = count + 1
        keys[count] = { name, k }
      elseif strict then
        error("holds a key that is a " .. type(k), 0)
      end
    end
    -- Sorted, so that the same value always has the same bytes.
    sort(keys, function(a, b) return a[1] < b[1] end)
    n = n + 1
    out[n] = head(count, 0x80, 0xde, 0xdf)
    for i = 1, count do
      n = n + 1
      out[n] = write_text(keys[i][1])
      put(rawget(t, keys[i][2]), depth + 1)
    end
  end

  local function put_table(t, depth)
    if depth >= DEPTH then error(format("is nested more than %d deep", DEPTH), 0) end
    if open[t] then error("contains itself", 0) end
    open[t] = true
    local length = rawlen(t)
    if length > 0 or getmetatable(t) == ARRAY then
      put_array(t, length, depth)
    else
      put_map(t, depth)
    end
    open[t] = nil
  end

  function put(v, depth)
    nodes = nodes + 1
    if nodes > NODES then error(format("holds more than %d values", NODES), 0) end
    local kind = type(v)
    if kind == "table" and v ~= NULL then return put_table(v, depth) end
    n = n + 1
    if kind == "string" then
      out[n] = write_text(v)
    elseif kind == "number" then
      out[n] = write_number(v)
    elseif kind == "boolean" then
      out[n] = v and "\xc3" or "\xc2"
    elseif kind == "nil" or kind == "table" or not strict then
      out[n] = "\xc0"
    else
      error("holds a " .. kind, 0)
    end
  end

  return function(v)
    out, n, nodes, open = {}, 0, 0, {}
    put(v, 0)
    local text = concat(out, "", 1, n)
    out, open = nil, nil
    return text
  end
end

return decode, {
  json = make_encoder(write_string, false),
  json_bytes = make_encoder(write_bytes, false),
  wire = make_encoder(write_bytes, true),
}
