"""Servers that refuse, hang, break the protocol or send too much."""

from collections.abc import Callable, Iterator

import pytest

from tests.fakes.http_source import (
    Answer,
    Connection,
    HttpSource,
    Seen,
    endless,
    failing,
    gzip_bomb,
    hanging,
    head,
    page,
    raw,
    redirecting,
    resetting,
)
from tests.flows.place import Place, Told

ISSUES = """
connector = { name = "issues" }
function connector.scan(config)
  local resp = http.get(config.url .. "/issues", { timeout = config.patience })
  if not resp.ok and not config.careless then
    error("cannot list issues: " .. (resp.error or resp.status))
  end
  local items = {}
  for _, issue in ipairs(resp.ok and resp.json.issues or {}) do
    items[#items + 1] = { source_id = issue.id, body = issue.text }
  end
  return items
end
"""
LINE = "issues.lua:6"
ONE_ISSUE = page(b'{"issues": [{"id": "I-1", "text": "otter"}]}')
MEBIBYTE = 1024 * 1024

Sync = Callable[..., Told]


@pytest.fixture
def source() -> Iterator[HttpSource]:
    with HttpSource() as running:
        yield running


@pytest.fixture
def sync(place: Place, source: HttpSource) -> Sync:
    """Store one issue; then sync again while the server answers something else."""
    source.on("/issues", ONE_ISSUE)
    place.connector("issues", ISSUES, url=source.url)
    assert place.ctx("sync", "script:issues", "--allow-loopback").code == 0

    def again(*answers: Answer, **settings: object) -> Told:
        if answers:
            source.on("/issues", *answers)
        place.connector("issues", ISSUES, **{"url": source.url, **settings})
        return place.ctx("sync", "script:issues", "--allow-loopback")

    return again


def failed(told: Told) -> str:
    """Give the first line of a script's failure, and check what stands around it."""
    lines = told.err.splitlines()
    assert told.code == 1
    assert told.out.splitlines()[-1] == "failed"
    assert lines[0] == "Error: script connector 'issues' failed:"
    return lines[1].strip()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (resetting, "connection reset by peer"),
        (raw(b"hello\r\n\r\n"), "illegal status line"),
        (raw(b""), "Server disconnected without sending a response"),
        (
            raw(head(200, {"Content-Length": "100"}), b'{"issues": ['),
            (
                "peer closed connection without sending complete message body"
                " (received 12 bytes, expected 100)"
            ),
        ),
        (redirecting("/issues"), "more than 10 redirects"),
    ],
    ids=["reset", "no-http", "nothing", "half-a-body", "redirect-loop"],
)
def test_an_answer_that_is_none_is_told_by_request_and_cause(
    place: Place, source: HttpSource, sync: Sync, answer: Answer, said: str
) -> None:
    told = sync(answer)

    assert failed(told) == f"{LINE}: cannot list issues: GET {source.url}/issues: {said}"
    assert place.found("otter") == ["I-1"]


def test_a_server_that_refuses_is_named(place: Place, sync: Sync) -> None:
    with HttpSource() as gone:
        pass

    told = sync(url=gone.url)

    assert failed(told) == f"{LINE}: cannot list issues: GET {gone.url}/issues: connection refused"
    assert place.found("otter") == ["I-1"]


def test_a_server_that_hangs_ends_with_the_patience_of_the_request(
    place: Place, source: HttpSource, sync: Sync
) -> None:
    told = sync(hanging, patience=0.3)

    assert failed(told) == (
        f"{LINE}: cannot list issues: GET {source.url}/issues: timed out after 0.3 seconds"
    )
    assert place.found("otter") == ["I-1"]


def test_a_server_that_hangs_ends_with_the_timeout_of_the_run(place: Place, sync: Sync) -> None:
    told = sync(hanging, timeout=1)

    assert told.code == 1
    assert told.out.splitlines()[-1] == "timed out"
    assert told.err.splitlines() == [
        "Error: script connector 'issues' timed out after 1 second",
        "  stack traceback:",
        "    issues.lua:4: in function 'scan'",
        "Hint: raise timeout, or hand items over with emit(item) and return a checkpoint",
    ]
    assert place.found("otter") == ["I-1"]


def one_byte_more_than_a_mebibyte(connection: Connection, _asked: Seen) -> None:
    connection.send(head(200, {"Content-Length": str(MEBIBYTE + 1)}), b" " * (MEBIBYTE + 1))


@pytest.mark.parametrize(
    "answer",
    [one_byte_more_than_a_mebibyte, endless, gzip_bomb(2)],
    ids=["one-byte-more", "endless", "gzip-bomb"],
)
def test_a_response_over_the_limit_names_the_limit_and_its_setting(
    place: Place, source: HttpSource, sync: Sync, answer: Answer
) -> None:
    told = sync(answer, max_response_size=1)

    assert failed(told).endswith(
        f": the response to GET {source.url}/issues is larger than 1 MiB (max_response_size)"
    )
    assert "Hint: ask for smaller pages, or raise max_response_size\n" in told.err
    assert place.found("otter") == ["I-1"]


def test_a_response_of_exactly_the_limit_is_read(sync: Sync) -> None:
    issues = b'{"issues": [{"id": "I-2", "text": "badger"}]}'

    told = sync(page(issues.ljust(MEBIBYTE)), max_response_size=1)

    assert told.code == 0, told.err


@pytest.mark.parametrize("body", [b'{"issues": [', b"<html>Please log in</html>", b""])
def test_a_body_that_is_no_json_is_suspected_where_the_script_trips_over_it(
    place: Place, sync: Sync, body: bytes
) -> None:
    told = sync(page(body))

    assert failed(told) == "issues.lua:9: attempt to index a nil value (field 'json')"
    assert "Hint: resp.json is nil when a body is no JSON; look at resp.status" in told.err
    assert place.found("otter") == ["I-1"]


@pytest.mark.parametrize("careless", [False, True])
def test_credentials_that_are_rejected_are_told_whatever_the_script_says(
    place: Place, source: HttpSource, sync: Sync, careless: bool
) -> None:
    told = sync(failing(401), careless=careless)

    assert told.code == 1
    assert told.err.splitlines() == [
        f"Error: the source rejects the credentials: GET {source.url}/issues answered 401",
        "Hint: renew the token or password; trying again with the same one does not help",
    ]
    assert place.found("otter") == ["I-1"]


def test_a_failed_request_that_a_script_passes_over_is_a_partial_run(
    place: Place, source: HttpSource, sync: Sync
) -> None:
    told = sync(failing(503), careless=True)

    assert told.code == 3
    assert told.out.splitlines()[-1] == "partial"
    assert told.err.splitlines() == [
        (
            "Warning: script:issues: 1 request failed and was not made good:"
            f" GET {source.url}/issues answered 503"
        ),
        "Hint: what was read is stored; a status that is fine can be declared with expect = {404}",
    ]
    assert place.found("otter") == ["I-1"]


def test_a_server_on_this_machine_needs_a_word_from_its_user(
    place: Place, source: HttpSource, sync: Sync
) -> None:
    asked = len(source.seen)

    told = place.ctx("sync", "script:issues")

    assert "127.0.0.1 is refused: it is a loopback address" in failed(told)
    assert "Hint: pass --allow-loopback" in told.err
    assert len(source.seen) == asked


def test_a_host_that_is_not_allowed_is_told_with_the_setting_of_the_section(sync: Sync) -> None:
    told = sync(allowed_hosts=["api.example.com"])

    assert "the host '127.0.0.1' is not in allowed_hosts" in failed(told)
    assert "Hint: add it, or `*.` and its domain, to allowed_hosts" in told.err
