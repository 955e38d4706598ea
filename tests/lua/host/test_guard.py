"""Which addresses a script may make us connect to."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import BlockedAddressError, InvalidSpecError
from controller.lua.host.guard import (
    AddressPolicy,
    check_address,
    check_host,
    is_loopback_name,
    literal,
    normalise,
    parse_policy,
)

STRICT = parse_policy((), (), allow_loopback=False)
GENEROUS = parse_policy(
    (), ("0.0.0.0/0", "::/0", "169.254.0.0/16", "127.0.0.0/8"), allow_loopback=True
)

NEVER = [
    "0.0.0.0",
    "0.1.2.3",
    "169.254.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "224.0.0.1",
    "239.255.255.250",
    "255.255.255.255",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fd20:ce::254",
    "::ffff:169.254.169.254",
    "::ffff:0.0.0.0",
    "2002:a9fe:a9fe::1",
    "64:ff9b::169.254.169.254",
    "64:ff9b::6464:64c8",
]
LOOPBACK = [
    "127.0.0.1",
    "127.0.0.2",
    "127.255.255.254",
    "::1",
    "::ffff:127.0.0.2",
    "2002:7f00:1::",
    "64:ff9b::7f00:1",
]
PRIVATE = [
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "100.127.255.254",
    "198.18.0.1",
    "fc00::1",
    "fd12:3456:789a::1",
    "::ffff:10.0.0.1",
    "2002:a00:1::",
    "64:ff9b::10.0.0.1",
]
RESERVED = [
    "192.0.0.1",
    "192.0.2.1",
    "198.51.100.7",
    "203.0.113.7",
    "192.88.99.1",
    "240.0.0.1",
    "255.255.255.254",
    "::2",
    "::127.0.0.1",
    "100::1",
    "64:ff9b:1::1",
    "2001::1",
    "2001:db8::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "e000::1",
]
PUBLIC = [
    "1.1.1.1",
    "11.0.0.1",
    "172.15.255.255",
    "172.32.0.1",
    "100.63.255.255",
    "100.128.0.1",
    "169.253.255.255",
    "223.255.255.255",
    "2606:4700::1111",
    "2a00:1450:4001::1",
    "::ffff:1.1.1.1",
    "2002:101:101::1",
    "64:ff9b::1.1.1.1",
]


def refused(policy: AddressPolicy, text: str) -> bool:
    try:
        check_address(policy, "source.example", ip_address(text))
    except BlockedAddressError:
        return True
    return False


@pytest.mark.parametrize("text", NEVER + LOOPBACK + PRIVATE + RESERVED)
def test_what_is_not_public_is_refused(text: str) -> None:
    assert refused(STRICT, text)


@pytest.mark.parametrize("text", PUBLIC)
def test_what_is_public_is_allowed(text: str) -> None:
    assert not refused(STRICT, text)


@pytest.mark.parametrize("text", NEVER + RESERVED)
def test_nothing_opens_metadata_link_local_and_reserved_addresses(text: str) -> None:
    assert refused(GENEROUS, text)


@pytest.mark.parametrize("text", LOOPBACK)
def test_loopback_is_opened_by_its_own_switch(text: str) -> None:
    assert not refused(parse_policy((), (), allow_loopback=True), text)


@pytest.mark.parametrize("text", LOOPBACK)
def test_loopback_is_not_opened_by_a_network(text: str) -> None:
    assert refused(parse_policy((), ("127.0.0.0/8", "::1"), allow_loopback=False), text)


@pytest.mark.parametrize("text", PRIVATE)
def test_private_networks_are_opened_by_listing_them(text: str) -> None:
    assert not refused(parse_policy((), ("0.0.0.0/0", "::/0"), allow_loopback=False), text)


def test_a_listed_network_opens_no_other() -> None:
    policy = parse_policy((), ("10.1.0.0/16",), allow_loopback=False)

    assert not refused(policy, "10.1.2.3")
    assert refused(policy, "10.2.2.3")
    assert refused(policy, "192.168.1.1")


def test_a_single_address_is_a_network_too() -> None:
    policy = parse_policy((), ("10.1.2.3",), allow_loopback=False)

    assert not refused(policy, "10.1.2.3")
    assert refused(policy, "10.1.2.4")


@given(st.integers(min_value=0, max_value=2**32 - 1))
def test_every_spelling_of_an_ipv4_address_gets_the_same_verdict(number: int) -> None:
    plain = str(IPv4Address(number))
    mapped = str(IPv6Address((0xFFFF << 32) | number))
    six_to_four = str(IPv6Address((0x2002 << 112) | (number << 80)))
    nat64 = str(IPv6Address((0x64FF9B << 96) | number))

    for policy in (STRICT, GENEROUS):
        verdicts = {refused(policy, text) for text in (plain, mapped, six_to_four, nat64)}
        assert len(verdicts) == 1


@given(st.ip_addresses())
def test_normalising_twice_changes_nothing(address: IPv4Address | IPv6Address) -> None:
    once = normalise(address)

    assert normalise(once) == once or isinstance(once, IPv4Address)


def test_the_refusal_names_host_address_and_setting() -> None:
    with pytest.raises(BlockedAddressError, match=r"jira\.corp \(10\.0\.0\.1\)") as private:
        check_address(STRICT, "jira.corp", ip_address("10.0.0.1"))
    with pytest.raises(BlockedAddressError, match=r"^http\.request: 127\.0\.0\.1 is") as loopback:
        check_address(STRICT, "127.0.0.1", ip_address("127.0.0.1"))

    assert "http.allowedCIDRs" in (private.value.hint or "")
    assert "--allow-loopback" in (loopback.value.hint or "")


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0177.0.0.2", "127.0.0.2"),
        ("127.1", "127.0.0.1"),
        ("0", "0.0.0.0"),
        ("0xa9fea9fe", "169.254.169.254"),
        ("169.254.169.254.", "169.254.169.254"),
        ("::1", "::1"),
        ("::ffff:7f00:1", "::ffff:127.0.0.1"),
        ("fe80::1%1", "fe80::1%1"),
    ],
)
def test_an_address_is_read_in_every_spelling_a_resolver_takes(host: str, address: str) -> None:
    assert literal(host) == ip_address(address)


@pytest.mark.parametrize("host", ["example.com", "", "1.2.3.4.5", "bücher.example", "0x"])
def test_a_name_is_no_address(host: str) -> None:
    assert literal(host) is None


@pytest.mark.parametrize(
    ("pattern", "host"),
    [
        ("jira.example.com", "jira.example.com"),
        ("jira.example.com", "JIRA.Example.COM"),
        ("JIRA.example.com", "jira.example.com."),
        ("*.example.com", "a.example.com"),
        ("*.example.com", "a.b.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("*.bücher.example", "a.xn--bcher-kva.example"),
        ("10.1.2.3", "10.1.2.3"),
    ],
)
def test_a_listed_host_passes(pattern: str, host: str) -> None:
    check_host(parse_policy((pattern,), (), allow_loopback=False), host)


@pytest.mark.parametrize(
    ("pattern", "host"),
    [
        ("jira.example.com", "example.com"),
        ("jira.example.com", "jira.example.com.evil.test"),
        ("*.example.com", "example.com"),
        ("*.example.com", "evilexample.com"),
        ("*.example.com", ".example.com.evil.test"),
        ("example.com", "a.example.com"),
        ("x" * 64 + "ü.example", "example.com"),
    ],
)
def test_a_host_that_is_not_listed_is_refused(pattern: str, host: str) -> None:
    policy = parse_policy((pattern,), (), allow_loopback=False)

    with pytest.raises(BlockedAddressError, match="allowed_hosts"):
        check_host(policy, host)


def test_without_a_list_every_host_passes() -> None:
    check_host(STRICT, "anything.example")


@pytest.mark.parametrize("cidr", ["", "10.0.0.0/33", "example.com", "10.0.0.0/-1"])
def test_what_is_no_network_is_an_invalid_spec(cidr: str) -> None:
    with pytest.raises(InvalidSpecError, match="allowed_cidrs"):
        parse_policy((), (cidr,), allow_loopback=False)


@pytest.mark.parametrize(
    ("host", "verdict"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("api.localhost", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("2130706433", True),
        ("localhost.example.com", False),
        ("10.0.0.1", False),
    ],
)
def test_this_machine_is_known_by_its_names(host: str, verdict: bool) -> None:
    assert is_loopback_name(host) is verdict
