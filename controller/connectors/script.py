"""
A Lua connector at work: items out, page by page, until its scan is over.

The script runs in a guest (controller.lua); this room feeds it its config and
checkpoint, checks what comes out, and says at the end whether the host saw
requests fail that the script did not make good.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from controller.connectors.items import Checked, check_item
from controller.errors import (
    CredentialsRejectedError,
    HarnessError,
    MissingScriptError,
    ScriptCancelledError,
    ScriptError,
    ScriptTimeoutError,
)
from controller.lua.deadline import Deadline
from controller.lua.host.base import Capabilities, Capability, Value
from controller.lua.host.ledger import Failure
from controller.lua.host.log import ScriptLog
from controller.lua.host.lookup import Host, HostSettings, open_host
from controller.lua.limits import GuestLimits
from controller.lua.supervisor import Engine, Guest, Script
from controller.model.document import RawItem, SourceItem
from controller.model.sync import RunRequest

WARNINGS_SHOWN = 20
"""Item warnings that reach the log one by one; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a scan may draw on beside its request."""

    engine: Engine
    variables: Mapping[str, str]
    """Values for `${NAME}` and `env.get`, for the names that the request lists."""
    secrets: tuple[str, ...]
    """Values that must never be printed."""
    proxies: Mapping[str, str]
    log: Callable[[str, str], None]
    """Takes a level and a line of the script, already redacted."""
    cancelled: Callable[[], bool]
    pulse: Callable[[], None]
    """Called whenever the script asks its host for something: a sign of life between pages."""


@dataclass(frozen=True, slots=True)
class Page:
    """Items checked, with how many of the page were skipped."""

    items: tuple[SourceItem, ...]
    skipped: int
    checkpoint: str | None = None
    """JSON; set on the page that ends a call of `scan` which returned one."""


class ScanStopped(Exception):  # noqa: N818  a signal, no error
    """Raised by a taker of pages that has enough; what the host saw is reported all the same."""


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What is known when the scan is over, however it ended."""

    requests: int = 0
    unsettled: tuple[str, ...] = ()
    """Requests that failed and were not made good, a line each."""
    warnings: tuple[str, ...] = ()
    error: HarnessError | None = None
    """How it ended badly; pages handed over before stay."""


class ItemGate:
    """Checks raw items of one run and keeps the first warnings about them."""

    def __init__(self, request: RunRequest, log: ScriptLog) -> None:
        self._source = request.source
        self._log = log
        self._shown: list[str] = []
        self._count = 0

    def check(self, raw_items: Sequence[RawItem]) -> Page:
        """Sort a page into items and refusals; refusals are logged in the words of 002 §7.2."""
        items: list[SourceItem] = []
        skipped = 0
        for raw in raw_items:
            checked = check_item(raw, self._source)
            if isinstance(checked, Checked):
                items.append(checked.item)
                for warning in checked.warnings:
                    self._warn(
                        f"Item at index {raw.position} ({checked.item.source_id}): {warning}"
                    )
            else:
                skipped += 1
                self._warn(f"Skipping item at index {raw.position}: {checked.problem}")
        return Page(tuple(items), skipped)

    def warnings(self) -> tuple[str, ...]:
        """Give the first warnings, and a line that counts the others."""
        more = self._count - len(self._shown)
        return (*self._shown, *([f"and {more} more warnings"] if more else []))

    def _warn(self, text: str) -> None:
        self._count += 1
        if len(self._shown) < WARNINGS_SHOWN:
            # The text quotes the script's own words: redacted, escaped and cut like its log.
            self._shown.append(self._log.clean(text.encode(errors="replace")))
            self._log.note("warn", text)


def guest_limits(request: RunRequest) -> GuestLimits:
    """Translate the bounds of a run into those of one guest."""
    limits = request.limits
    return GuestLimits(
        timeout=limits.timeout.total_seconds(),
        memory=limits.memory,
        response=limits.response,
        items=limits.items,
    )


def read_script(request: RunRequest) -> Script:
    """
    Read the script that a request names.

    Raises:
        MissingScriptError: It is not there, or cannot be read.
    """
    try:
        text = Path(request.script).read_bytes()
    except OSError as error:
        raise MissingScriptError(
            f"{request.source}: the script {request.chunk_name} cannot be read: {error.strerror}",
            hint=f"it was looked for at {request.script}",
        ) from error
    return Script(kind="connector", name=request.name, chunk_name=request.chunk_name, text=text)


def scan_script(
    request: RunRequest,
    config: Mapping[str, object],
    checkpoint: str | None,
    around: Surroundings,
    on_page: Callable[[Page], None],
) -> ScanReport:
    """
    Run the whole scan: one guest, `scan` called again while it asks for more.

    Errors of the script come back in the report.  An unsettled 401 is
    `CredentialsRejectedError`, whatever the script made of it.  Errors of
    `on_page` are raised, but for ScanStopped.
    """
    script = read_script(request)
    with open_host(host_settings(request, around)) as host:
        gate = ItemGate(request, host.log)
        error: ScriptError | None = None
        capabilities = _with_pulse(host.capabilities, around.pulse)
        try:
            with (
                suppress(ScanStopped),
                around.engine.open(script, guest_limits(request), capabilities) as guest,
            ):
                guest.load()
                _scan_until_done(guest, request, config, checkpoint, _Sink(gate, on_page))
        except ScriptError as caught:
            error = caught
        return ScanReport(
            requests=host.ledger.requests,
            unsettled=unsettled_requests(host),
            warnings=gate.warnings(),
            error=_rejected_credentials(host, error) or error,
        )


@dataclass(frozen=True, slots=True)
class _Sink:
    gate: ItemGate
    on_page: Callable[[Page], None]

    def take(self, raw_items: Sequence[RawItem]) -> None:
        self.on_page(self.gate.check(raw_items))


def _scan_until_done(
    guest: Guest,
    request: RunRequest,
    config: Mapping[str, object],
    checkpoint: str | None,
    sink: _Sink,
) -> None:
    started = monotonic()
    deadline = request.limits.deadline.total_seconds()
    while True:
        end = guest.scan(config, checkpoint, sink.take)
        if end.checkpoint is not None:
            # The checkpoint commits with a page of its own: it stands for every
            # page of the call before it, all of them written by now.
            sink.on_page(Page((), 0, checkpoint=end.checkpoint))
        if not end.has_more:
            return
        if end.checkpoint == checkpoint:
            raise ScriptError(
                f"{request.chunk_name}: scan asks for more and returns the checkpoint it was given",
                hint="a checkpoint with has_more must move, or the scan never ends",
            )
        if monotonic() - started > deadline:
            raise ScriptTimeoutError(
                f"reached its deadline after {deadline:g} seconds",
                hint="what was read so far is stored; the next run carries on from its checkpoint",
            )
        checkpoint = end.checkpoint


def host_settings(request: RunRequest, around: Surroundings) -> HostSettings:
    """Narrow what a run may do to what its host needs to know."""
    return HostSettings(
        label=str(request.source),
        directory=Path(request.directory) if request.directory else None,
        variables={
            name: around.variables[name] for name in request.variables if name in around.variables
        },
        secrets=secrets_of(request, around),
        allowed_hosts=request.http.allowed_hosts,
        allowed_cidrs=request.http.allowed_cidrs,
        allow_loopback=request.http.allow_loopback,
        limits=guest_limits(request),
        log=around.log,
        proxies=around.proxies,
        cancelled=lambda: _look_up(around),
    )


def secrets_of(request: RunRequest, around: Surroundings) -> tuple[str, ...]:
    """List what must never be printed: what the config draws in, and what `env.get` serves."""
    served = [around.variables.get(name, "") for name in request.variables]
    return tuple(dict.fromkeys((*around.secrets, *filter(None, served))))


def _rejected_credentials(host: Host, cause: ScriptError | None) -> HarnessError | None:
    if not host.ledger.credentials_rejected() or isinstance(cause, ScriptCancelledError):
        return None
    refused = [each for each in host.ledger.unsettled() if each.status in (401, 403)]
    return CredentialsRejectedError(
        f"the source rejects the credentials: {_told(refused[0])}",
        hint="renew the token or password; trying again with the same one does not help",
    )


def _look_up(around: Surroundings) -> bool:
    """Asked several times a second while the host waits: the time to show that we live."""
    around.pulse()
    return around.cancelled()


def _with_pulse(capabilities: Capabilities, pulse: Callable[[], None]) -> Capabilities:
    def wrap(function: Capability) -> Capability:
        def call(arguments: Sequence[Value], deadline: Deadline) -> Value:
            answer = function(arguments, deadline)
            pulse()
            return answer

        return call

    return Capabilities({name: wrap(function) for name, function in capabilities.functions.items()})


def unsettled_requests(host: Host) -> tuple[str, ...]:
    """Tell the requests that failed and were not made good, a line each."""
    return tuple(_told(failure) for failure in host.ledger.unsettled())


def _told(failure: Failure) -> str:
    ending = f"answered {failure.status}" if failure.status else f"failed: {failure.error}"
    return f"{failure.method} {failure.url} {ending}"
