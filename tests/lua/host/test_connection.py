"""Connections go where the guard looked, and nowhere else."""

import socket
import ssl
import threading
import time
from collections.abc import Callable

import httpcore
import pytest

from controller.errors import BlockedAddressError, CapabilityError, ScriptCancelledError
from controller.lua.host.connection import GuardedBackend, WatchedStream
from controller.lua.host.guard import parse_policy
from controller.lua.host.watch import Watch
from tests.fakes.http_source import HttpSource, hanging, page, trusting_context
from tests.lua.host.world import Names, World


def test_a_name_that_changes_its_mind_is_connected_to_where_the_guard_looked() -> None:
    names = Names({"rebind.example": [["127.0.0.1"], ["127.0.0.2"]]})
    with HttpSource() as source, World(names=names) as world:
        source.on("/", page(b"here"))

        reply = world.get(f"http://rebind.example:{source.port}/")

    assert reply.body == b"here"
    assert names.asked == ["rebind.example"]
    assert source.seen[0].header("host") == f"rebind.example:{source.port}"


def test_a_name_that_turns_inwards_later_is_refused_then() -> None:
    names = Names({"rebind.example": [["127.0.0.1"], ["169.254.169.254"]]})
    with HttpSource() as source, World(names=names) as world:
        source.on("/", page(b"here", {"Connection": "close"}))
        url = f"http://rebind.example:{source.port}/"

        assert world.get(url).status == 200
        with pytest.raises(BlockedAddressError, match=r"rebind\.example \(169\.254\.169\.254\)"):
            world.get(url)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.2",
        "2130706434",
        "0x7f000002",
        "0177.2",
        "127.2",
        "[::1]",
        "[::ffff:127.0.0.2]",
        "[::ffff:7f00:2]",
        "[2002:7f00:2::]",
        "[64:ff9b::7f00:2]",
        "localhost",
        "inside.example",
    ],
)
def test_this_machine_is_refused_in_every_spelling(host: str) -> None:
    names = Names({"inside.example": [["::ffff:127.0.0.2"]], "localhost": [["127.0.0.1", "::1"]]})
    with World(names=names, allow_loopback=False) as world:
        with pytest.raises(BlockedAddressError, match="loopback"):
            world.get(f"http://{host}:9/")

        assert world.ledger.unsettled_count() == 1


@pytest.mark.parametrize("host", ["0177.0.0.2", "127.0.0.1.", "127。0。0。1", "①27.0.0.1"])
def test_other_spellings_do_not_get_through_either(host: str) -> None:
    with World(names=Names({}), allow_loopback=False) as world, pytest.raises(CapabilityError):
        world.get(f"http://{host}:9/")


@pytest.mark.parametrize(
    ("cidrs", "problem"), [((), "private"), (("10.0.0.0/8",), "private"), (("::/0",), "private")]
)
def test_private_addresses_are_refused_unless_listed(cidrs: tuple[str, ...], problem: str) -> None:
    names = Names({"corp.example": [["192.168.7.7"]]})
    with World(names=names, allowed_cidrs=cidrs) as world:
        with pytest.raises(BlockedAddressError, match=problem) as refused:
            world.get("http://corp.example/")

        assert "http.allowedCIDRs" in (refused.value.hint or "")


def test_of_several_addresses_only_the_allowed_are_tried() -> None:
    names = Names({"mixed.example": [["10.0.0.1", "169.254.169.254", "127.0.0.1"]]})
    with HttpSource() as source, World(names=names) as world:
        source.on("/", page(b"here"))

        assert world.get(f"http://mixed.example:{source.port}/").body == b"here"


def test_an_address_that_does_not_answer_leaves_time_for_the_next() -> None:
    # A listener whose queue is full neither takes nor refuses a connection.
    names = Names({"two.example": [["127.0.0.2", "127.0.0.1"]]})
    with HttpSource() as source, socket.socket() as full, World(names=names) as world:
        source.on("/", page(b"second"))
        full.bind(("127.0.0.2", source.port))
        full.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for link in waiting:
            link.settimeout(0)
            link.connect_ex(("127.0.0.2", source.port))

        reply = world.get(f"http://two.example:{source.port}/", {b"timeout": 1})

        for link in waiting:
            link.close()
    assert reply.body == b"second"


def test_an_address_that_refuses_is_followed_by_the_next() -> None:
    names = Names({"two.example": [["127.0.0.2", "127.0.0.1"]]})
    with HttpSource() as source, World(names=names) as world:
        source.on("/", page(b"second"))

        assert world.get(f"http://two.example:{source.port}/").body == b"second"


def test_a_name_without_addresses_is_a_failed_request() -> None:
    with World(names=Names({"empty.example": [[]]})) as world:
        assert "has no address" in world.get("http://empty.example/").error


def test_ipv6_is_spoken_where_the_machine_has_it() -> None:
    try:
        source = HttpSource("::1")
    except OSError:
        pytest.skip("no IPv6 on this machine")
    with source, World() as world:
        source.on("/", page(b"six"))

        assert world.get(source.url).body == b"six"


def test_tls_is_verified_against_the_name_and_not_the_address() -> None:
    names = Names({"source.example": [["127.0.0.1"]], "other.example": [["127.0.0.1"]]})
    with HttpSource(tls=True) as source, World(names=names) as world:
        source.on("/", page(b"secure"))

        right = world.get(f"https://source.example:{source.port}/")
        wrong = world.get(f"https://other.example:{source.port}/")

    assert right.body == b"secure"
    assert wrong.status == 0
    assert "TLS: the certificate is not trusted: hostname mismatch" in wrong.error.lower().replace(
        "tls", "TLS"
    )


def test_a_certificate_that_nobody_signed_is_not_trusted() -> None:
    with HttpSource(tls=True) as source, World(tls=ssl.create_default_context) as world:
        reply = world.get(f"https://source.example:{source.port}/")

    assert "the certificate is not trusted: self-signed certificate" in reply.error


def test_a_server_that_speaks_no_tls_is_a_failed_request() -> None:
    with HttpSource() as source, World() as world:
        reply = world.get(f"https://127.0.0.1:{source.port}/", {b"timeout": 2})

    assert reply.status == 0


def test_a_handshake_that_hangs_ends_at_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, World() as world:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"

        began = time.monotonic()
        reply = world.get(url, {b"timeout": 0.2})

    assert time.monotonic() - began < 2
    assert "timed out" in reply.error


def test_certificates_are_read_once_and_only_for_https() -> None:
    read: list[int] = []

    def counting() -> ssl.SSLContext:
        read.append(1)
        return trusting_context()

    with HttpSource() as plain, HttpSource(tls=True) as secure, World(tls=counting) as world:
        for source in (plain, secure):
            source.on("/", page(b"x"))
        world.get(plain.url)
        assert read == []
        world.get(secure.url)
        world.get(f"https://source.example:{secure.port}/")

    assert read == [1]


def cancelling(after: float) -> tuple[Callable[[], bool], threading.Timer]:
    flag = threading.Event()
    timer = threading.Timer(after, flag.set)
    timer.start()
    return flag.is_set, timer


def test_a_cancelled_run_does_not_wait_for_an_answer() -> None:
    cancelled, timer = cancelling(0.05)
    with HttpSource() as source, World(cancelled=cancelled) as world:
        source.on("/", hanging)

        began = time.monotonic()
        with pytest.raises(ScriptCancelledError):
            world.get(source.url)

    assert time.monotonic() - began < 2
    timer.join()


def test_a_run_that_could_be_cancelled_reads_slow_answers_to_the_end() -> None:
    def slow(connection: object, _asked: object) -> None:
        assert hasattr(connection, "wait")
        connection.wait(0.6)
        page(b"at last")(connection, source.seen[-1])  # type: ignore[arg-type]

    with HttpSource(tls=True) as source, World(cancelled=lambda: False) as world:
        source.on("/", slow)

        assert world.get(source.url).body == b"at last"


def test_a_large_body_is_sent_to_a_server_that_reads_late() -> None:
    body = b"x" * 8_000_000
    with HttpSource() as source, World(cancelled=lambda: False) as world:
        source.on("/", page(b"taken"))

        reply = world.ask("POST", source.url, {b"body": body})

    assert reply.body == b"taken"
    assert source.seen[0].body == body


def test_sending_to_a_server_that_never_reads_ends_at_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf, World() as world:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"

        began = time.monotonic()
        reply = world.ask("POST", url, {b"body": b"x" * 50_000_000, b"timeout": 0.3})

    assert time.monotonic() - began < 3
    assert "timed out" in reply.error


def test_through_a_proxy_nothing_is_resolved_here() -> None:
    names = Names({"proxy.example": [["127.0.0.1"]]})
    with HttpSource() as proxy:
        variables = {"http_proxy": f"http://user:pw@proxy.example:{proxy.port}"}
        with World(names=names, proxies=variables, allow_loopback=False) as world:
            proxy.on("http://far.example/x", page(b"through"))

            reply = world.get("http://far.example/x?a=1")

    assert reply.body == b"through"
    assert names.asked == ["proxy.example"]
    assert proxy.seen[0].target == "http://far.example/x?a=1"
    assert proxy.seen[0].header("proxy-authorization") == "Basic dXNlcjpwdw=="


def test_through_a_proxy_denied_addresses_and_hosts_are_still_refused() -> None:
    with HttpSource() as proxy:
        variables = {"http_proxy": proxy.url}
        with World(proxies=variables, allowed_hosts=("169.254.169.254", "a.example")) as world:
            with pytest.raises(BlockedAddressError, match="metadata"):
                world.get("http://169.254.169.254/")
            with pytest.raises(BlockedAddressError, match="allowed_hosts"):
                world.get("http://b.example/")

    assert proxy.seen == []


def test_no_proxy_is_honoured() -> None:
    names = Names({"near.example": [["127.0.0.1"]]})
    with HttpSource() as source:
        source.on("/", page(b"straight"))
        variables = {"HTTP_PROXY": "http://127.0.0.1:1", "NO_PROXY": "near.example"}
        with World(names=names, proxies=variables) as world:
            assert world.get(f"http://near.example:{source.port}/").body == b"straight"
            assert world.get(f"http://far.example:{source.port}/").status == 0


def test_a_proxy_that_refuses_to_tunnel_is_a_failed_request() -> None:
    with HttpSource() as proxy, World(proxies={"https_proxy": proxy.url}) as world:
        reply = world.get("https://far.example/")

    assert proxy.seen[0].method == "CONNECT"
    assert "404" in reply.error


def test_the_environment_s_proxies_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    names = Names({"a.example": [["127.0.0.1"]]})
    with HttpSource() as source, World(names=names) as world:
        source.on("/", page(b"straight"))

        assert world.get(f"http://a.example:{source.port}/").body == b"straight"


def test_a_stream_says_whether_its_peer_went_away() -> None:
    near, far = socket.socketpair()
    watch = Watch(None)
    watch.start(5)
    stream = WatchedStream(near, watch)

    assert stream.get_extra_info("is_readable") is False
    assert stream.get_extra_info("ssl_object") is None
    far.close()

    assert stream.get_extra_info("is_readable") is True
    assert stream.read(10) == b""
    with pytest.raises(httpcore.WriteError, match="broken pipe"):
        stream.write(b"x")
    stream.close()


def test_no_socket_stays_open_when_a_connection_fails() -> None:
    policy = parse_policy((), (), allow_loopback=True)
    watch = Watch(None)
    watch.start(5)
    backend = GuardedBackend(policy, Names({}), watch)
    with HttpSource() as gone:
        pass

    with pytest.raises(httpcore.ConnectError, match="connection refused"):
        backend.connect_tcp("127.0.0.1", gone.port)
