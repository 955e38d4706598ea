"""
From the settings of one source to the host functions its script may call.

`http` is imported at the first request: httpx takes as long to load as the
whole rest of a small sync.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from controller.lua.deadline import Deadline
from controller.lua.host.base import Capabilities, Capability, Value
from controller.lua.host.env import Variables
from controller.lua.host.fs import Files
from controller.lua.host.guard import parse_policy
from controller.lua.host.ledger import Ledger
from controller.lua.host.log import ScriptLog
from controller.lua.host.proxies import parse_proxies
from controller.lua.host.redaction import Redactor
from controller.lua.host.sleep import Waits
from controller.lua.limits import GuestLimits

if TYPE_CHECKING:
    from controller.lua.host.http import Http


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What one source was granted."""

    label: str
    """Names the source, such as `script:jira`."""
    directory: Path | None
    """The connector's own directory; None takes `fs` away."""
    variables: Mapping[str, str]
    """All that `env.get` serves."""
    secrets: tuple[str, ...]
    """Values that no log line and no error text may hold."""
    allowed_hosts: tuple[str, ...]
    allowed_cidrs: tuple[str, ...]
    allow_loopback: bool
    limits: GuestLimits
    log: Callable[[str, str], None]
    """Takes level (`debug`, `info`, `warn`, `error`) and one harmless line."""
    proxies: Mapping[str, str] = field(default_factory=dict)
    """`HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, in either case."""
    wait_budget: float = 1800.0
    """Seconds that all `sleep` of a run may take."""
    cancelled: Callable[[], bool] | None = None
    """Asked during waits; True ends the run with `ScriptCancelledError`."""


class Host:
    """The host functions of one run, and what they remember."""

    def __init__(
        self, capabilities: Capabilities, ledger: Ledger, log: ScriptLog, resources: ExitStack
    ) -> None:
        self.capabilities = capabilities
        self.ledger = ledger
        """Every HTTP request of the run."""
        self.log = log
        """Counts the script's lines; `note` writes one of the host's."""
        self._resources = resources

    def close(self) -> None:
        """Close connections and the directory; the host functions are dead afterwards."""
        self._resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def open_host(settings: HostSettings) -> Host:
    """
    Build the host functions of one run.

    Raises:
        InvalidSpecError: An entry of `allowed_cidrs` is no network.
        OSError: The connector's directory is gone.
    """
    redactor = Redactor(settings.secrets)
    log = ScriptLog(settings.log, redactor, settings.limits)
    ledger = Ledger()
    resources = ExitStack()
    http = _LazyHttp(settings, ledger, redactor)
    resources.callback(http.close)
    functions: dict[str, Capability] = {
        "env.get": Variables(settings.variables, log).get,
        "http.request": http.request,
        "log.write": log.write,
        "sleep": Waits(settings.wait_budget, settings.cancelled).sleep,
    }
    if settings.directory is not None:
        files = Files(settings.directory, settings.limits)
        resources.callback(files.close)
        functions["fs.read"] = files.read
        functions["fs.list"] = files.list
    return Host(Capabilities(functions), ledger, log, resources)


class _LazyHttp:
    def __init__(self, settings: HostSettings, ledger: Ledger, redactor: Redactor) -> None:
        # Read now, so that a bad network is told before the script runs.
        self._policy = parse_policy(
            settings.allowed_hosts,
            settings.allowed_cidrs,
            allow_loopback=settings.allow_loopback,
        )
        self._settings = settings
        self._ledger = ledger
        self._redactor = redactor
        self._http: Http | None = None

    def request(self, arguments: Sequence[Value], deadline: Deadline) -> Value:
        if self._http is None:
            self._http = self._load()
        return self._http.request(arguments, deadline)

    def close(self) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None

    def _load(self) -> "Http":
        from controller.lua.host.http import Http, HttpParts
        from controller.lua.host.resolving import system_resolver
        from controller.lua.host.transport import trusted_certificates

        return Http(
            HttpParts(
                policy=self._policy,
                ledger=self._ledger,
                redactor=self._redactor,
                proxies=parse_proxies(self._settings.proxies),
                limit_bytes=self._settings.limits.response,
                cancelled=self._settings.cancelled,
                resolver=system_resolver,
                tls=trusted_certificates,
            )
        )
