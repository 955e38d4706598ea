"""What scripts can call: arguments, results, and the errors at their own line."""

import base64 as standard_base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.lua.host.base import Value
from tests.lua.guest.stage import play, scanning, values

PAGE: Value = {"status": 200, "ok": True, "body": b'{"n":[1,2]}', "headers": {"etag": "x"}}


def failure(body: str, **more: Any) -> str:
    return play(scanning(body, **more)).failed().message.decode()


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("{}", "{}"),
        ("json.array()", "[]"),
        ("json.array({ 1 })", "[1]"),
        ("json.array(json.parse('[1]'))", "[1]"),
        ("{ 1, 2, x = 3 }", "[1,2]"),
        ("{ b = 1, a = { 2 }, [3] = 4, [1.5] = 5, [true] = 6 }", None),
        ("{ 0/0, 1/0, -1/0 }", "[null,null,null]"),
        ("json.null", "null"),
        ("{ x = json.null }", '{"x":null}'),
        ("{ f = print }", '{"f":null}'),
        ("nil", "null"),
        ("1.0", "1.0"),
        ("9007199254740993", "9007199254740993"),
        ("math.mininteger", "-9223372036854775808"),
        ("'\\xff\\0'", '"\ufffd\\u0000"'),
        ("{ ['\\xff'] = '\\xfe' }", '{"\ufffd":"\ufffd"}'),
        ("('x'):rep(70000)", '"' + "x" * 70000 + '"'),
        ("{ ('x'):rep(300), ('y'):rep(40) }", json.dumps(["x" * 300, "y" * 40])),
    ],
)
def test_values_are_written_as_json(expression: str, text: str | None) -> None:
    [written] = values(f"json.encode({expression})")

    if text is None:
        assert json.loads(written) == {"3": 4, "1.5": 5, "a": [2], "b": 1, "true": 6}
    else:
        assert written.decode().replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("[]", "[]"),
        ("{}", "{}"),
        ('{"a":[],"b":{}}', '{"a":[],"b":{}}'),
        ("[1,[],[[]]]", "[1,[],[[]]]"),
        ('{"x":null}', "{}"),
        ("[1,null]", "[1]"),
        ("18446744073709551615", "1.8446744073709552e19"),
        ("123456789012345678901234567890", "1.2345678901234568e29"),
        ("-9223372036854775809", "-9.223372036854776e18"),
        ('"\\ud83d\\ude00"', '"😀"'),
        ("\ufeff[true,false]", "[true,false]"),
        ('"\udcff"', '"\ufffd"'),
    ],
)
def test_json_survives_reading_and_writing(text: str, written: str) -> None:
    quoted = "".join(f"\\x{byte:02x}" for byte in text.encode("utf-8", "surrogateescape"))

    [again] = values(f"json.encode(json.parse('{quoted}'))")

    assert again.decode() == written


JSON = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(), inner, max_size=20),
    max_leaves=30,
)


@given(JSON)
def test_any_json_without_null_comes_back_the_same(value: object) -> None:
    text = json.dumps(value).encode()
    quoted = "".join(f"\\x{byte:02x}" for byte in text)

    [again] = values(f"json.encode(json.decode('{quoted}'))")

    assert json.loads(again) == value


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("json.parse('')", "json.parse: not JSON: Input data was truncated"),
        ("json.parse('{')", "json.parse: not JSON: Input data was truncated"),
        ("json.parse(nil)", "json.parse: the text must be a string, and is nil"),
        ("json.parse({})", "json.parse: the text must be a string, and is a table"),
        ("json.parse(('['):rep(100000))", "json.parse: the text is nested too deeply"),
        ("json.parse(('['):rep(600) .. (']'):rep(600))", "json.parse: nested too deeply"),
        (
            "json.parse('{\"a\":' .. ('[{\"a\":'):rep(300) .. '1' .. ('}]'):rep(300) .. '}')",
            "json.parse: nested too deeply",
        ),
        (
            "json.parse('[' .. ('1,'):rep(2100000) .. '1]')",
            "json.parse: the text holds more than 2000000 values",
        ),
        ("local t = {} t[1] = t json.encode(t)", "json.encode: the value contains itself"),
        (
            "local t = {} for i = 1, 100 do t = { t } end json.encode(t)",
            "json.encode: the value is nested more than 64 deep",
        ),
        ("json.array(1)", "json.array: takes a table without a metatable"),
        ("json.null.x = 1", "json.null cannot be changed"),
        ("base64.encode(nil)", "base64.encode: the argument must be a string, and is nil"),
        ("base64.decode('a')", "base64.decode: "),
        ("base64.decode('!!!!')", "base64.decode: "),
        ("crypto.sha256({})", "crypto.sha256: the argument must be a string, and is a table"),
        ("crypto.hmac_sha256('k')", "crypto.hmac_sha256: the text must be a string, and is nil"),
        ("http.get()", "http.get: the URL must be a string, and is nil"),
        ("http.get('u', 1)", "http.get: the options must be a table"),
        ("http.get('u', { headers = 1 })", "http.get: options.headers must be a table"),
        (
            "http.get('u', { params = { a = {} } })",
            "http.get: options.params: 'a' must be a string, and is a table",
        ),
        (
            "http.post('u', {})",
            "http.post: the body must be a string; options.json takes a table",
        ),
        (
            "local t = {} t.t = t http.post('u', nil, { json = t })",
            "http.post: options.json contains itself",
        ),
        ("http.get('u', { timeout = print })", "http.request: an argument holds a function"),
        (
            "http.get('u', { expect = { [{}] = 1 } })",
            "http.request: an argument holds a key that is a table",
        ),
        ("sleep('soon')", "sleep: the seconds must be a number"),
        ("fs.read()", "fs.read: the path must be a string, and is nil"),
        ("env.get({})", "env.get: the name must be a string, and is a table"),
    ],
)
def test_wrong_arguments_are_errors_at_the_scripts_line(call: str, said: str) -> None:
    message = failure(call)

    assert message.startswith(f"x.lua:1: {said}")


def test_base64_and_digests_are_those_of_everybody() -> None:
    raw = bytes(range(256))
    text = "(function() local t = {} for i = 0, 255 do t[#t + 1] = string.char(i) end "
    text += "return table.concat(t) end)()"

    found = values(
        f"base64.encode({text}), base64.decode(base64.encode({text})),"
        f" crypto.sha256({text}), crypto.hmac_sha256('key', {text}), base64.encode(12),"
        " base64.decode('aGVs\\n bG8=')"
    )

    assert found == [
        standard_base64.b64encode(raw),
        raw,
        hashlib.sha256(raw).hexdigest().encode(),
        hmac.digest(b"key", raw, "sha256").hex().encode(),
        b"MTI=",
        b"hello",
    ]


@pytest.mark.parametrize(
    ("call", "method", "options"),
    [
        ("http.get('http://x')", b"GET", {}),
        ("http.head('http://x')", b"HEAD", {}),
        ("http.delete('http://x', { timeout = 5 })", b"DELETE", {b"timeout": 5}),
        ("http.request('OPTIONS', 'http://x', { body = 'b' })", b"OPTIONS", {b"body": b"b"}),
        ("http.post('http://x', 'b')", b"POST", {b"body": b"b"}),
        ("http.put('http://x', 12)", b"PUT", {b"body": b"12"}),
        (
            "http.patch('http://x', nil, { json = { a = 1 } })",
            b"PATCH",
            {b"body": b'{"a":1}', b"headers": {b"content-type": b"application/json"}},
        ),
        (
            "http.post('http://x', nil, { json = {}, headers = { ['Content-Type'] = 'a/b' } })",
            b"POST",
            {b"body": b"{}", b"headers": {b"Content-Type": b"a/b"}},
        ),
        (
            "http.get('http://x', { params = { b = 2, a = 1.5, c = true }, headers = { n = 3 } })",
            b"GET",
            {b"params": {b"a": b"1.5", b"b": b"2", b"c": b"true"}, b"headers": {b"n": b"3"}},
        ),
        ("http.get('http://x', { expect = { 404, 410 } })", b"GET", {b"expect": [404, 410]}),
    ],
)
def test_requests_cross_in_one_shape(call: str, method: bytes, options: object) -> None:
    done = play(scanning(f"{call} return {{}}", answers=[PAGE]))

    assert done.requests() == [[b"http.request", [method, b"http://x", options]]]


def test_parameters_cross_in_the_same_order_every_time() -> None:
    names = [f"name{n}" for n in range(40)]
    params = ", ".join(f"{name} = 1" for name in names)

    [[_, arguments]] = play(
        scanning(f"http.get('u', {{ params = {{ {params} }} }}) return {{}}", answers=[PAGE])
    ).requests()

    assert list(arguments[2][b"params"]) == sorted(name.encode() for name in names)


def test_a_response_has_the_specified_fields() -> None:
    body = (
        "local r = http.get('u') emit { source_id = r.status, title = r.ok, body = r.body,"
        " author = r.headers.etag, url = r.json.n[2], id = tostring(r.missing) }"
    )

    [row] = play(scanning(body, answers=[PAGE])).items()

    assert row[2:5] == [200, True, b'{"n":[1,2]}']
    assert (row[7], row[13], row[12]) == (b"x", 2, b"nil")


@pytest.mark.parametrize("body", [b"<html>", b"", b"null", b"{"])
def test_a_response_that_is_no_json_has_none(body: bytes) -> None:
    page: Value = {"status": 200, "ok": True, "body": body, "headers": {}}

    done = play(
        scanning("local r = http.get('u') emit { body = tostring(r.json) }", answers=[page])
    )

    assert done.bodies() == [b"nil"]


def test_files_are_sorted_and_read_like_their_paths() -> None:
    entries: Value = [
        {"path": "docs/b.md", "name": "b.md", "size": 2, "modified": 1.5, "is_dir": False},
        {"path": "docs/a.md", "name": "a.md", "size": 1, "modified": 1, "is_dir": False},
    ]
    body = (
        "local list = fs.list('docs', '*.md') "
        "for _, f in ipairs(list) do emit { source_id = f.path, title = 'x/' .. f,"
        " body = fs.read(f), author = f:match('(%a)%.md'), url = f.size, id = tostring(f) } end"
    )

    done = play(scanning(body, answers=[entries, b"first", b"second"]))

    assert [(row[2], row[3], row[4], row[7], row[13]) for row in done.items()] == [
        (b"docs/a.md", b"x/docs/a.md", b"first", b"a", 1),
        (b"docs/b.md", b"x/docs/b.md", b"second", b"b", 2),
    ]
    assert done.requests()[0] == [b"fs.list", [b"docs", b"*.md"]]
    assert done.requests()[1] == [b"fs.read", [b"docs/a.md"]]


def test_lines_of_a_log_are_made_of_anything() -> None:
    body = (
        "print('a', 1, nil, true) log.warn(2.5) log.error(setmetatable({},"
        " { __tostring = function() return 'own' end })) log.debug() log.info(('x'):rep(70000))"
        " return {}"
    )

    requests = play(scanning(body, answers=[None] * 5)).requests()

    assert [tuple(arguments) for _, arguments in requests[:4]] == [
        (b"info", b"a\t1\tnil\ttrue"),
        (b"warn", b"2.5"),
        (b"error", b"own"),
        (b"debug", b""),
    ]
    assert len(requests[4][1][1]) == 64 * 1024


def test_sleep_takes_numbers_and_their_texts() -> None:
    done = play(scanning("sleep(0.5) sleep('2') return {}", answers=[None, None]))

    assert done.requests() == [[b"sleep", [0.5]], [b"sleep", [2]]]


def test_what_is_not_offered_is_absent() -> None:
    found = values(
        "tostring(http), tostring(fs), tostring(env), tostring(log), tostring(print),"
        " tostring(sleep), type(json), type(emit)",
        capabilities=(),
    )

    assert found == [b"nil"] * 6 + [b"table", b"function"]
