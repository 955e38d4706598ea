"""From settings to host functions."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from controller.errors import BlockedAddressError, InvalidSpecError
from controller.lua.host.base import Value
from controller.lua.host.lookup import HostSettings, open_host
from controller.lua.limits import GuestLimits
from tests.fakes.http_source import HttpSource, page
from tests.lua.host.world import deadline


def settings(
    directory: Path | None = None,
    *,
    allow_loopback: bool = True,
    allowed_cidrs: tuple[str, ...] = (),
    lines: list[tuple[str, str]] | None = None,
    proxies: Mapping[str, str] | None = None,
) -> HostSettings:
    kept = [] if lines is None else lines
    return HostSettings(
        label="script:jira",
        directory=directory,
        variables={"TOKEN": "t0ken-value"},
        secrets=("t0ken-value",),
        allowed_hosts=(),
        allowed_cidrs=allowed_cidrs,
        allow_loopback=allow_loopback,
        limits=GuestLimits(),
        log=lambda level, text: kept.append((level, text)),
        proxies=proxies or {},
    )


def test_a_source_with_a_directory_has_every_function(tmp_path: Path) -> None:
    with open_host(settings(tmp_path)) as host:
        names = sorted(host.capabilities.functions)

    assert names == ["env.get", "fs.list", "fs.read", "http.request", "log.write", "sleep"]


def test_without_a_directory_there_is_no_fs() -> None:
    with open_host(settings()) as host:
        assert not [name for name in host.capabilities.functions if name.startswith("fs.")]


def test_every_function_works_and_the_ledger_fills(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("inner")
    lines: list[tuple[str, str]] = []

    with HttpSource() as source, open_host(settings(tmp_path, lines=lines)) as host:
        source.on("/", page(b"[]"))
        call = host.capabilities.functions
        answer = call["http.request"]([b"GET", source.url.encode()], deadline())
        again = call["http.request"]([b"GET", source.url.encode()], deadline())
        token = call["env.get"]([b"TOKEN"], deadline())
        body = call["fs.read"]([b"a.md"], deadline())
        listed = call["fs.list"]([b"."], deadline())
        call["sleep"]([0], deadline())
        call["log.write"]([b"info", b"token is t0ken-value"], deadline())

    assert isinstance(answer, dict)
    assert isinstance(again, dict)
    assert isinstance(listed, list)
    assert (answer["status"], again["status"], token) == (200, 200, "t0ken-value")
    assert (body, len(listed)) == (b"inner", 1)
    assert lines == [("info", "token is [redacted]")]
    assert host.ledger.requests == 2
    assert host.log.written == 1


def test_loopback_is_refused_unless_it_is_allowed() -> None:
    asked: list[Value] = [b"GET", b"http://127.0.0.1:9/"]

    with (
        open_host(settings(allow_loopback=False)) as host,
        pytest.raises(BlockedAddressError) as refused,
    ):
        host.capabilities.functions["http.request"](asked, deadline())

    assert "--allow-loopback" in (refused.value.hint or "")
    assert host.ledger.unsettled_count() == 1


def test_a_network_that_is_none_is_told_before_the_script_runs() -> None:
    with pytest.raises(InvalidSpecError, match="allowed_cidrs"):
        open_host(settings(allowed_cidrs=("ten.0.0.0/8",)))


def test_a_directory_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_host(settings(tmp_path / "gone"))


def test_closing_twice_is_fine() -> None:
    host = open_host(settings())

    host.close()
    host.close()


def test_opening_a_host_loads_no_http_client() -> None:
    code = (
        "import sys, controller.lua.host.lookup;"
        "print([m for m in ('httpx', 'httpcore', 'ssl', 'lupa', 'rich') if m in sys.modules])"
    )

    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    ).stdout

    assert shown.strip() == "[]"
