"""The arguments of `http.request`, before anything is sent."""

import pytest

from controller.errors import CapabilityError
from controller.lua.host.base import Value
from controller.lua.host.request import MAX_URL, Asked, read_request

URL = b"https://jira.example/search"


def read(options: Value = None, *, method: Value = b"GET", url: Value = URL) -> Asked:
    return read_request([method, url, options], "agent/1")


def sent(asked: Asked) -> dict[str, str]:
    return {name.decode().lower(): value.decode("latin-1") for name, value in asked.headers}


def test_the_simplest_request_has_our_defaults() -> None:
    asked = read()

    assert (asked.method, str(asked.url), asked.body) == ("GET", URL.decode(), b"")
    assert (asked.timeout, asked.expected) == (30.0, frozenset())
    assert sent(asked) == {
        "accept": "*/*",
        "accept-encoding": "gzip, deflate",
        "user-agent": "agent/1",
    }


def test_the_script_s_headers_replace_our_defaults() -> None:
    asked = read({b"headers": {b"User-Agent": b"mine", b"ACCEPT": b"text/html"}})

    assert sent(asked)["user-agent"] == "mine"
    assert sent(asked)["accept"] == "text/html"
    assert len(asked.headers) == 3


def test_numbers_and_booleans_in_headers_are_written_out() -> None:
    asked = read({b"headers": {b"X-Page": 3, b"X-Ratio": 0.5, b"X-On": True}})

    assert [sent(asked)[name] for name in ("x-page", "x-ratio", "x-on")] == ["3", "0.5", "true"]


def test_header_values_are_sent_byte_for_byte_without_blanks_around() -> None:
    assert dict(read({"headers": {"X-Name": b" caf\xe9\t"}}).headers)[b"X-Name"] == b"caf\xe9"


@pytest.mark.parametrize(
    "value", [b"a\r\nX-Evil: 1", b"a\nb", b"a\rb", b"a\0b", "a\r\n\r\nGET / HTTP/1.1"]
)
def test_a_line_break_in_a_header_value_is_refused(value: Value) -> None:
    with pytest.raises(CapabilityError, match="'X-Token' holds a line break or NUL"):
        read({b"headers": {b"X-Token": value}})


@pytest.mark.parametrize("name", [b"", b"a b", b"a:", b"a\r\nb", b"\xc3\xbc", b"a\0", b"x" * 300])
def test_a_header_name_that_is_no_token_is_refused(name: bytes) -> None:
    with pytest.raises(CapabilityError, match="header"):
        read({b"headers": {name: b"x"}})


@pytest.mark.parametrize(
    "name",
    [
        b"Transfer-Encoding",
        b"te",  # codespell:ignore te
        b"Upgrade",
        b"trailer",
        b"Expect",
    ],
)
def test_headers_that_frame_the_message_are_refused(name: bytes) -> None:
    with pytest.raises(CapabilityError, match="is the host's to set"):
        read({b"headers": {name: b"chunked"}})


@pytest.mark.parametrize("name", [b"Content-Length", b"Connection", b"Keep-Alive"])
def test_headers_that_scripts_set_out_of_habit_are_left_to_us(name: bytes) -> None:
    assert name.decode().lower() not in sent(read({b"headers": {name: b"7"}}))


def test_the_host_header_may_repeat_the_url_and_say_nothing_else() -> None:
    assert "host" not in sent(read({b"headers": {b"Host": b"Jira.Example"}}))
    with pytest.raises(CapabilityError, match="differs from the URL's host"):
        read({b"headers": {b"Host": b"internal.example"}})


def test_too_many_headers_are_refused() -> None:
    with pytest.raises(CapabilityError, match="more than 200 headers"):
        read({b"headers": {f"x-{n}".encode(): b"1" for n in range(201)}})


@pytest.mark.parametrize("value", [None, [], {}, b"\xff" * 0 or []])
def test_a_header_value_that_is_no_text_is_refused(value: Value) -> None:
    with pytest.raises(CapabilityError, match="must be a string"):
        read({b"headers": {b"X-A": value}})


def test_params_are_form_encoded_in_the_order_given() -> None:
    params: Value = {b"jql": "project = Ü&x".encode(), b"startAt": 50, b"expand": True, b"f": 1.5}

    assert str(read({b"params": params}).url) == (
        f"{URL.decode()}?jql=project+%3D+%C3%9C%26x&startAt=50&expand=true&f=1.5"
    )


def test_params_are_appended_to_the_query_and_before_the_fragment() -> None:
    asked = read({b"params": {b"b": b"2"}}, url=b"https://jira.example/search?a=1%202#part")

    assert asked.url.raw_path == b"/search?a=1%202&b=2"


def test_a_plus_and_a_percent_in_params_mean_themselves() -> None:
    assert read({b"params": {b"q": b"a+b%20c"}}).url.query == b"q=a%2Bb%2520c"


@pytest.mark.parametrize("body", [b"\x00\xff", b"", "ü", 3])
def test_a_body_is_bytes(body: Value) -> None:
    expected = {b"\x00\xff": b"\x00\xff", b"": b"", "ü": b"\xc3\xbc", 3: b"3"}

    assert read({b"body": body}, method=b"POST").body == expected[body]


@pytest.mark.parametrize("body", [True, [], {b"a": 1}])
def test_a_body_that_is_no_text_is_refused(body: Value) -> None:
    with pytest.raises(CapabilityError, match="the body must be a string"):
        read({b"body": body})


@pytest.mark.parametrize("method", [b"get", "Patch", b"OPTIONS", b"PROPFIND"])
def test_methods_are_sent_in_upper_case(method: Value) -> None:
    assert read(method=method).method.isupper()


@pytest.mark.parametrize("method", [b"", b"G T", b"GET\r\n", b"CONNECT", b"trace", None, b"\xff"])
def test_other_methods_are_refused(method: Value) -> None:
    with pytest.raises(CapabilityError, match="the method"):
        read(method=method)


@pytest.mark.parametrize(
    "url",
    [
        b"",
        b"jira.example",
        b"/search",
        b"file:///etc/passwd",
        b"ftp://a.example/",
        b"gopher://a.example/",
        b"data:text/plain,x",
        b"http://",
        b"http:///path",
        b"http://[::1",
        b"http://a.example:99999/",
        b"http://a.example:x/",
        b"http://a\nb.example/",
        b"http://a.example/\r\nX: 1",
        b"http://a b.example/",
        b"http://%31%32%37.0.0.1/",
        b"http://a.example%00.b/",
        b"http://a.example:0/",
        b"http://\xff.example/",
        b"http://xn--\xc3\xbc/",
        b"http://" + b"a" * MAX_URL,
        None,
        True,
    ],
)
def test_what_is_no_http_url_is_refused(url: Value) -> None:
    with pytest.raises(CapabilityError, match=r"http\.request: "):
        read(url=url)


def test_a_refused_url_is_shown_without_secrets() -> None:
    with pytest.raises(CapabilityError) as refused:
        read(url=b"ftp://user:hunter2@a.example/?token=hunter2")

    assert "hunter2" not in refused.value.message


def test_a_name_beyond_ascii_is_sent_as_dns_has_it() -> None:
    asked = read(url="https://bücher.example:8443/ä".encode())

    assert asked.host == "xn--bcher-kva.example:8443"
    assert asked.url.raw_path == b"/%C3%A4"


@pytest.mark.parametrize("seconds", [5, 0.5, b"2.5", 86400])
def test_a_timeout_in_seconds_is_taken(seconds: Value) -> None:
    assert read({b"timeout": seconds}).timeout == float(seconds)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "seconds", [0, -1, -0.0, float("nan"), float("inf"), 1e30, b"soon", True, [], 10**400]
)
def test_a_timeout_without_sense_is_refused(seconds: Value) -> None:
    with pytest.raises(CapabilityError, match=r"options\.timeout must be"):
        read({b"timeout": seconds})


def test_expected_statuses_are_a_list() -> None:
    assert read({b"expect": [404, 410.0, b"409"]}).expected == {404, 409, 410}
    assert read({b"expect": {}}).expected == frozenset()


@pytest.mark.parametrize("expect", [[99], [600], [404.5], [b"gone"], 404, [None], {b"a": 404}])
def test_what_is_no_status_is_refused(expect: Value) -> None:
    with pytest.raises(CapabilityError, match=r"options\.expect"):
        read({b"expect": expect})


@pytest.mark.parametrize("options", [b"x", 3, True, [1]])
def test_options_that_are_no_table_are_refused(options: Value) -> None:
    with pytest.raises(CapabilityError, match="the options must be a table"):
        read(options)


def test_options_left_out_are_empty() -> None:
    assert read_request([b"GET", URL], "agent/1").timeout == 30.0
