"""What settles a failed request, and what does not."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.lua.host import ledger as module
from controller.lua.host.ledger import Exchange, Failure, Ledger

OK = Exchange(
    method="GET",
    url="https://jira.example/search?page=3&token=t",
    shown="https://jira.example/search?page=[redacted]&token=[redacted]",
    host="jira.example",
    body=b"",
    status=200,
    error="",
)
BROKEN = replace(OK, status=502)
LOST = replace(OK, status=0, error="connection refused")


def ledger(*exchanges: Exchange) -> Ledger:
    kept = Ledger()
    for exchange in exchanges:
        kept.record(exchange)
    return kept


def test_a_run_without_requests_owes_nothing() -> None:
    empty = ledger()

    assert (empty.requests, empty.failed, empty.unsettled()) == (0, 0, ())
    assert not empty.credentials_rejected()


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_a_success_is_counted_and_owes_nothing(status: int) -> None:
    kept = ledger(replace(OK, status=status))

    assert (kept.requests, kept.failed, kept.unsettled()) == (1, 0, ())


@pytest.mark.parametrize("status", [0, 199, 300, 304, 400, 404, 429, 500, 599])
def test_any_other_answer_is_owed(status: int) -> None:
    kept = ledger(replace(OK, status=status))

    assert (kept.requests, kept.failed, kept.unsettled_count()) == (1, 1, 1)


def test_a_failure_is_told_without_secrets() -> None:
    [failure] = ledger(LOST).unsettled()

    assert failure == Failure("GET", OK.shown, "jira.example", 0, "connection refused")


def test_the_same_request_that_succeeds_later_settles_a_failure() -> None:
    kept = ledger(BROKEN, LOST, OK)

    assert (kept.requests, kept.failed, kept.unsettled()) == (3, 2, ())


def test_an_earlier_success_settles_nothing() -> None:
    assert ledger(OK, BROKEN).unsettled_count() == 1


@pytest.mark.parametrize(
    "other",
    [
        replace(OK, method="POST"),
        replace(OK, url=OK.url + "4"),
        replace(OK, url=OK.url.partition("?")[0]),
        replace(OK, body=b"x"),
    ],
)
def test_another_request_settles_nothing(other: Exchange) -> None:
    assert ledger(BROKEN, other).unsettled_count() == 1


def test_pages_asked_for_by_post_are_told_apart_by_their_body() -> None:
    def posted(page: int, status: int) -> Exchange:
        body = b'{"page":%d}' % page
        return replace(OK, method="POST", url="https://j.example/", body=body, status=status)

    kept = ledger(posted(1, 200), posted(2, 200), posted(3, 500), posted(4, 200))

    assert [failure.status for failure in kept.unsettled()] == [500]
    kept.record(posted(3, 200))
    assert kept.unsettled() == ()


def test_parts_of_a_request_cannot_be_shifted_into_each_other() -> None:
    failed = replace(OK, url="https://j.example/a", body=b"b", status=500)
    shifted = replace(OK, url="https://j.example/ab", body=b"")

    assert ledger(failed, shifted).unsettled_count() == 1


def test_a_status_declared_fine_owes_nothing() -> None:
    gone = replace(OK, status=404, expected=(404, 410))

    assert ledger(gone).failed == 0


def test_a_status_declared_fine_settles_an_earlier_failure() -> None:
    assert ledger(BROKEN, replace(OK, status=404, expected=(404,))).unsettled() == ()


def test_a_declaration_for_one_status_says_nothing_of_others() -> None:
    assert ledger(replace(OK, status=500, expected=(404,))).unsettled_count() == 1


def test_the_last_failure_of_a_request_is_the_one_told() -> None:
    [failure] = ledger(LOST, BROKEN).unsettled()

    assert failure.status == 502


def test_an_unsettled_401_means_rejected_credentials() -> None:
    assert ledger(OK, replace(OK, url="https://jira.example/x", status=401)).credentials_rejected()


def test_a_401_that_was_settled_means_nothing() -> None:
    assert not ledger(replace(OK, status=401), OK).credentials_rejected()


def test_a_401_declared_fine_means_nothing() -> None:
    assert not ledger(replace(OK, status=401, expected=(401,))).credentials_rejected()


def test_a_403_means_rejected_credentials_where_nothing_ever_worked() -> None:
    elsewhere = replace(OK, host="other.example", url="https://other.example/")

    assert ledger(elsewhere, replace(OK, status=403)).credentials_rejected()


def test_a_403_beside_a_success_on_the_host_is_one_hidden_thing() -> None:
    assert not ledger(OK, replace(OK, url=OK.url + "x", status=403)).credentials_rejected()


def test_other_failures_say_nothing_of_credentials() -> None:
    assert not ledger(BROKEN, LOST).credentials_rejected()


def test_failures_beyond_the_limit_stay_owed_for_good() -> None:
    pages = [
        replace(BROKEN, url=f"https://j.example/{n}", expected=())
        for n in range(module.MAX_FAILURES + 5)
    ]
    kept = ledger(*pages)

    assert len(kept.unsettled()) == module.MAX_FAILURES
    assert kept.unsettled_count() == module.MAX_FAILURES + 5
    for page in pages:
        kept.record(replace(page, status=200))
    assert kept.unsettled() == ()
    assert kept.unsettled_count() == 5


def test_hosts_beyond_the_limit_are_forgotten() -> None:
    hosts = [f"h{n}.example" for n in range(module.MAX_HOSTS + 1)]
    kept = ledger(*(replace(OK, host=host, url=f"https://{host}/") for host in hosts))

    kept.record(replace(OK, host=hosts[-1], url=f"https://{hosts[-1]}/x", status=403))

    assert kept.credentials_rejected()


exchanges = st.builds(
    Exchange,
    method=st.sampled_from(["GET", "POST"]),
    url=st.sampled_from(["https://a.example/", "https://a.example/?p=2"]),
    shown=st.just("https://a.example/"),
    host=st.just("a.example"),
    body=st.sampled_from([b"", b"x"]),
    status=st.sampled_from([0, 200, 401, 403, 404, 500]),
    error=st.just(""),
    expected=st.sampled_from([(), (404,)]),
)


@given(st.lists(exchanges))
def test_what_is_owed_is_never_more_than_what_ended_badly_last(history: list[Exchange]) -> None:
    last = {(e.method, e.url, e.body): e for e in history}
    bad = [e for e in last.values() if e.status != 200 and e.status not in e.expected]

    kept = ledger(*history)

    # Whatever ended badly last is owed; beyond that only what was declared fine afterwards.
    assert kept.unsettled_count() >= len(bad)
    declared = [e for e in last.values() if e.status in e.expected]
    assert kept.unsettled_count() <= len(bad) + len(declared)


def test_a_failure_that_is_declared_fine_afterwards_is_still_owed() -> None:
    refused = replace(OK, status=401)

    kept = ledger(refused, replace(refused, expected=(401,)))

    assert kept.credentials_rejected()
