-- The Lua side of every host function in table.py, by name.

local desk = ...

local ask, fail, decode, unhooked = desk.ask, desk.fail, desk.decode, desk.unhooked
local encode_wire, to_json = desk.encode_wire, desk.to_json
local ARRAY, NULL = desk.ARRAY, desk.NULL
local type, next, select, tostring, tonumber = type, next, select, tostring, tonumber
local rawget, rawset, setmetatable = rawget, rawset, setmetatable
local getmetatable, put_metatable = debug.getmetatable, debug.setmetatable
local format, lower, sub, concat, sort = string.format, string.lower, string.sub, table.concat, table.sort

local LINE_BYTES = 64 * 1024 -- of a log line that cross; the host cuts them shorter

local text_methods = {}
for name, method in next, string do
  if name ~= "dump" then text_methods[name] = method end
end

local built = {}

-- A file entry is a table that reads like its path (older scripts expect a string).
local entry_meta = {
  __metatable = false,
  __tostring = function(e) return rawget(e, "path") end,
  __concat = function(a, b) return tostring(a) .. tostring(b) end,
  __index = function(_, key)
    local method = text_methods[key]
    return method and function(e, ...) return method(tostring(e), ...) end
  end,
}

local function is_entry(v)
  return type(v) == "table" and getmetatable(v) == entry_meta
end

-- Text arguments take numbers, as Lua's own string functions do.
local function text(v, what)
  if type(v) == "string" then return v end
  if type(v) == "number" then return tostring(v) end
  if is_entry(v) then return rawget(v, "path") end
  fail(format("%s must be a string, and is %s", what, v == nil and "nil" or "a " .. type(v)))
end

local function pure(operation)
  return function(what)
    return function(v)
      local answer, problem = ask(operation, text(v, what))
      if problem then fail(problem) end
      return answer
    end
  end
end

-- Asks the host for a capability.
local function request(name, ...)
  local arguments = setmetatable({ ... }, ARRAY)
  local packed, odd = unhooked(encode_wire, { name, arguments })
  if packed == nil then fail(format("%s: an argument %s", name, odd)) end
  local answer, problem = ask("request", packed)
  if answer == nil then fail(problem) end
  local value, broken = unhooked(decode, answer)
  if broken then fail(name .. ": " .. broken) end
  return value
end

local function parse(body)
  local packed, problem = ask("json_decode", body)
  if packed == nil then return nil, problem end
  return unhooked(decode, packed)
end

built["json.parse"] = function(body)
  local value, problem = parse(text(body, "json.parse: the text"))
  if problem then fail("json.parse: " .. problem) end
  return value
end
built["json.decode"] = built["json.parse"]
built["json.encode"] = function(value)
  local body, problem = to_json(value)
  if body == nil then fail("json.encode: the value " .. problem) end
  return body
end
built["json.array"] = function(t)
  if t == nil then t = {} end
  if type(t) == "table" and getmetatable(t) == ARRAY then return t end
  if type(t) ~= "table" or getmetatable(t) then
    fail("json.array: takes a table without a metatable")
  end
  return put_metatable(t, ARRAY)
end
built["json.null"] = NULL

built["base64.encode"] = pure("base64_encode")("base64.encode: the argument")
built["base64.decode"] = pure("base64_decode")("base64.decode: the argument")
built["crypto.sha256"] = pure("sha256")("crypto.sha256: the argument")
built["crypto.hmac_sha256"] = function(key, body)
  key, body = text(key, "crypto.hmac_sha256: the key"), text(body, "crypto.hmac_sha256: the text")
  return (ask("hmac_sha256", key, body))
end

-- `json` is read when it is touched: most scripts look at `ok` first, and many
-- bodies are no JSON at all.
local function respond(response)
  local read = false
  return setmetatable(response, {
    __metatable = false,
    __index = function(t, key)
      if key ~= "json" or read then return nil end
      read = true
      local value = parse(rawget(t, "body") or "")
      if value ~= nil then rawset(t, "json", value) end
      return value
    end,
  })
end

-- Headers and parameters as text, with numbers and booleans written out.
local function words(from, what)
  if from == nil then return nil end
  if type(from) ~= "table" then fail(what .. " must be a table") end
  local to = {}
  for k, v in next, from do
    if type(v) ~= "string" then
      if type(v) ~= "number" and type(v) ~= "boolean" then
        fail(format("%s: '%s' must be a string, and is a %s", what, tostring(k), type(v)))
      end
      v = tostring(v)
    end
    to[tostring(k)] = v
  end
  return to
end

local function has_content_type(headers)
  for name in next, headers do
    if lower(name) == "content-type" then return true end
  end
  return false
end

local function add_json(to, value, what)
  local body, problem = to_json(value)
  if body == nil then fail(what .. ": options.json " .. problem) end
  to.body = body
  to.headers = to.headers or {}
  if not has_content_type(to.headers) then to.headers["content-type"] = "application/json" end
end

local function options_for(from, body, what)
  if from == nil then from = {} end
  if type(from) ~= "table" then fail(what .. ": the options must be a table") end
  local to = {
    headers = words(from.headers, what .. ": options.headers"),
    params = words(from.params, what .. ": options.params"),
    timeout = from.timeout,
    expect = from.expect,
  }
  if body == nil then body = from.body end
  if body ~= nil and type(body) ~= "string" then
    if type(body) ~= "number" then
      fail(what .. ": the body must be a string; options.json takes a table")
    end
    body = tostring(body)
  end
  to.body = body
  if body == nil and from.json ~= nil then add_json(to, from.json, what) end
  return to
end

local function without_body(method, name)
  return function(url, options)
    url = text(url, name .. ": the URL")
    return respond(request("http.request", method, url, options_for(options, nil, name)))
  end
end

local function with_body(method, name)
  return function(url, body, options)
    url = text(url, name .. ": the URL")
    return respond(request("http.request", method, url, options_for(options, body, name)))
  end
end

built["http.get"] = without_body("GET", "http.get")
built["http.head"] = without_body("HEAD", "http.head")
built["http.delete"] = without_body("DELETE", "http.delete")
built["http.post"] = with_body("POST", "http.post")
built["http.put"] = with_body("PUT", "http.put")
built["http.patch"] = with_body("PATCH", "http.patch")
built["http.request"] = function(method, url, options)
  method, url = text(method, "http.request: the method"), text(url, "http.request: the URL")
  return respond(request("http.request", method, url, options_for(options, nil, "http.request")))
end

built["fs.read"] = function(path)
  return request("fs.read", text(path, "fs.read: the path"))
end
built["fs.list"] = function(directory, glob)
  directory = text(directory, "fs.list: the directory")
  if glob ~= nil then glob = text(glob, "fs.list: the glob") end
  local entries = request("fs.list", directory, glob)
  for i = 1, #entries do
    setmetatable(entries[i], entry_meta)
  end
  sort(entries, function(a, b) return rawget(a, "path") < rawget(b, "path") end)
  return entries
end

built["env.get"] = function(name)
  return request("env.get", text(name, "env.get: the name"))
end

local function line(...)
  local parts = {}
  for i = 1, select("#", ...) do
    parts[i] = tostring((select(i, ...)))
  end
  return concat(parts, "\t")
end

local function logger(level)
  return function(...)
    request("log.write", level, sub(line(...), 1, LINE_BYTES))
  end
end

built["log.debug"] = logger("debug")
built["log.info"] = logger("info")
built["log.warn"] = logger("warn")
built["log.error"] = logger("error")
built["print"] = built["log.info"]

built["sleep"] = function(seconds)
  local wanted = tonumber(seconds)
  if wanted == nil then fail("sleep: the seconds must be a number") end
  request("sleep", wanted)
end

built["emit"] = desk.emit

-- Only in guests of an engine that tests its own jail.
built["probe"] = pure("probe")("probe: the argument")

return built
