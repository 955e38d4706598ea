"""What httpx is given to trust, and what a transport leaves behind."""

import ssl

import httpx
import pytest

from controller.lua.host.guard import parse_policy
from controller.lua.host.proxies import parse_proxies
from controller.lua.host.transport import GuardedTransport, Wiring, trusted_certificates
from controller.lua.host.watch import Watch
from tests.fakes.http_source import HttpSource, page, trusting_context
from tests.lua.host.world import Names


def transport() -> GuardedTransport:
    watch = Watch(None)
    watch.start(5)
    policy = parse_policy((), (), allow_loopback=True)
    return GuardedTransport(Wiring(policy, watch, parse_proxies({}), Names({}), trusting_context))


def test_certificates_are_verified_and_names_compared() -> None:
    context = trusted_certificates()

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.cert_store_stats()["x509_ca"] > 50


def test_it_serves_an_ordinary_httpx_client() -> None:
    with HttpSource() as source, httpx.Client(transport=transport(), trust_env=False) as client:
        source.on("/", page(b"[1]"))

        assert client.get(source.url).json() == [1]


def test_a_closed_transport_connects_anew() -> None:
    with HttpSource() as source:
        source.on("/", page(b""))
        reused = transport()
        for _ in range(2):
            reused.handle_request(httpx.Request("GET", source.url)).read()
            reused.close()

    assert source.connections == 2


def test_the_network_s_failures_are_httpx_s() -> None:
    with HttpSource() as gone:
        pass

    with pytest.raises(httpx.TransportError, match="connection refused"):
        transport().handle_request(httpx.Request("GET", gone.url))
