"""Every function that the published interfaces name, called in each of their spellings."""

import hmac
import json
from collections.abc import Iterator
from hashlib import sha256

import pytest

from tests.fakes.http_source import HttpSource, page
from tests.flows.place import Place

SCRIPT = """
connector = { name = "calls", version = "1.0", description = "All of them" }

function connector.scan(config, checkpoint)
  local headers = { headers = { ["X-Key"] = "k", ["Content-Type"] = "application/json" } }
  local got = http.get(config.url .. "/echo", { headers = headers.headers,
    params = { page = "1", limit = "50" }, timeout = 30 })
  local posted = http.post(config.url .. "/echo", '{"a": 1}', headers)
  local put = http.put(config.url .. "/echo", "text", headers)
  local missing = http.get(config.url .. "/missing", { expect = { 404 } })

  local parsed, decoded = json.parse('{"key": "value"}'), json.decode('{"key": "value"}')
  local names = {}
  for _, file in ipairs(fs.list("./data", "*.csv")) do
    names[#names + 1] = file.path .. ":" .. file.size .. ":" .. type(file.modified)
  end
  local plain = {}
  for _, file in ipairs(fs.list("data/")) do
    plain[#plain + 1] = tostring(file) .. "=" .. #fs.read(file)
  end
  local escaped, why = pcall(fs.read, "../../etc/passwd")
  log.info("one"); log.warn("two"); log.error("three"); log.debug("four")
  sleep(0.01)

  local answers = {
    get = got.status .. " " .. tostring(got.ok) .. " " .. got.headers["content-type"],
    json_of_response = got.json.name .. " " .. json.decode(got.body).name,
    sent = posted.status .. " " .. put.status,
    missing = missing.status .. " " .. tostring(missing.ok),
    json = parsed.key .. decoded.key .. json.encode({ key = "value" }),
    env = tostring(env.get("CALLS_TOKEN") == config.token) .. " " .. tostring(env.get("HOME")),
    fs = table.concat(names, " "),
    fs_plain = table.concat(plain, " "),
    fs_escape = tostring(escaped) .. " " .. tostring(why),
    base64 = base64.encode("hello") .. " " .. base64.decode("aGVsbG8="),
    sha256 = crypto.sha256("data"),
    hmac = crypto.hmac_sha256("key", "data"),
    absent = table.concat({ type(os), type(io), type(debug), type(dofile), type(loadfile) }, " "),
    present = table.concat({ type(string), type(table), type(math), type(utf8) }, " "),
    config = #config.list .. " " .. tostring(config.flag) .. " " .. tostring(config.path),
    checkpoint = checkpoint and checkpoint.since or "none",
  }
  return {
    { source_id = "answers", body = json.encode(answers) },
    { source_id = "override", source = "script:calls/archive", body = "x" },
    { source_id = "number", body = "x", updated_at = 1708531200, created_at = "2026-02-20" },
    { id = "alias", url = "https://example.com/alias", body = "x" },
  }, { since = "2026-02-20" }
end
"""

SECTION = """\
[connectors.script.calls]
path = "calls.lua"
url = "URL"
token = "${CALLS_TOKEN}"
list = ["a", "b"]
flag = true
"""


@pytest.fixture
def source() -> Iterator[HttpSource]:
    with HttpSource() as running:
        running.on("/echo", page(b'{"name": "echo"}'))
        yield running


def test_every_published_call_answers_in_each_of_its_spellings(
    place: Place, source: HttpSource
) -> None:
    place.write("calls.lua", SCRIPT)
    place.write("data/export.csv", "a,b\n1,2\n")
    place.write("data/readme.md", "# read me\n")
    place.write("ctx.toml", SECTION.replace("URL", source.url))
    place.variables["CALLS_TOKEN"] = "t0ken-7"

    told = place.ctx("sync", "script:calls", "--allow-loopback")

    assert told.code == 0, told.err
    assert _answers(place) == {
        "get": "200 true application/json",
        "json_of_response": "echo echo",
        "sent": "200 200",
        "missing": "404 false",
        "json": 'valuevalue{"key":"value"}',
        "env": "true nil",
        "fs": "data/export.csv:8:number",
        "fs_plain": "data/export.csv=8 data/readme.md=10",
        "fs_escape": "false calls.lua:21: fs.read: path escapes the connector's directory:"
        " '../../etc/passwd'",
        "base64": "aGVsbG8= hello",
        "sha256": sha256(b"data").hexdigest(),
        "hmac": hmac.new(b"key", b"data", "sha256").hexdigest(),
        "absent": "nil nil nil nil nil",
        "present": "table table table table",
        "config": "2 true nil",
        "checkpoint": "none",
    }
    first, posted, put, _ = source.seen
    assert first.target == "/echo?limit=50&page=1"
    assert (posted.method, posted.body, posted.header("x-key")) == ("POST", b'{"a": 1}', "k")
    assert (put.method, put.body) == ("PUT", b"text")
    assert told.err.splitlines() == [
        "[script:calls] INFO: one",
        "[script:calls] WARN: two",
        "[script:calls] ERROR: three",
        (
            "[script:calls] WARN: env.get('HOME') is nil: the variable is not granted to this"
            ' source; add env = ["HOME"] to its section, or the name to spec.env'
        ),
        "[script:calls] WARN: Item at index 4 (alias): 'id' is an old name of 'source_id'",
        "[script:calls] WARN: Item at index 4 (alias): 'url' is an old name of 'source_url'",
    ]
    number = place.ctx("get", "script:calls/number", "--output", "json").json()
    assert number["updated_at"] == "2024-02-21T16:00:00Z"
    assert number["created_at"] == "2026-02-20T00:00:00Z"
    alias = place.ctx("get", "script:calls/alias", "--output", "json").json()
    assert alias["source_url"] == "https://example.com/alias"
    assert place.ctx("get", "script:calls/archive/override").code == 0
    # What a scan returns beside its items comes back to the next one.
    place.ctx("sync", "script:calls", "--allow-loopback")
    assert _answers(place)["checkpoint"] == "2026-02-20"


def _answers(place: Place) -> dict[str, str]:
    document = place.ctx("get", "script:calls/answers", "--output", "json").json()
    answers: dict[str, str] = json.loads(document["body"])
    return answers
