"""A scan that writes nothing: what `ctx connector test` shows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import monotonic

from controller.config.expand import expand_values
from controller.connectors.items import Checked, check_item
from controller.connectors.script import (
    ScanStopped,
    Surroundings,
    guest_limits,
    host_settings,
    read_script,
    secrets_of,
    unsettled_requests,
)
from controller.errors import HarnessError, ScriptError
from controller.lua.host.log import ScriptLog
from controller.lua.host.lookup import open_host
from controller.lua.host.redaction import Redactor
from controller.lua.supervisor import Engine, Loaded
from controller.model.document import RawItem, Refusal, SourceItem
from controller.model.sync import RunRequest


@dataclass(frozen=True, slots=True)
class Trial:
    """What a scan would have stored."""

    loaded: Loaded
    items: tuple[SourceItem, ...]
    refusals: tuple[Refusal, ...]
    warnings: tuple[str, ...]
    unsettled: tuple[str, ...]
    """Requests that failed and were not made good."""
    seconds: float
    limited: bool
    """True when `--limit` ended the scan."""


class _Collector:
    def __init__(self, request: RunRequest, log: ScriptLog) -> None:
        self._request = request
        self._log = log
        self.items: list[SourceItem] = []
        self.refusals: list[Refusal] = []
        self.warnings: list[str] = []

    def take(self, raw_items: Sequence[RawItem]) -> None:
        for raw in raw_items:
            checked = check_item(raw, self._request.source)
            if isinstance(checked, Checked):
                self.items.append(checked.item)
                self.warnings.extend(
                    self._clean(f"Item at index {raw.position}: {text}")
                    for text in checked.warnings
                )
            else:
                self.refusals.append(replace(checked, problem=self._clean(checked.problem)))
            if self._request.item_limit is not None and len(self.items) >= self._request.item_limit:
                raise ScanStopped

    def _clean(self, text: str) -> str:
        # It quotes the script's own words: redacted, escaped and cut like its log.
        return self._log.clean(text.encode(errors="replace"))


def try_connector(
    engine: Engine,
    request: RunRequest,
    variables: Mapping[str, str],
    log: Callable[[str, str], None],
    *,
    stages: Callable[[str], None],
) -> Trial:
    """
    Call `scan` once, without a checkpoint, and keep what it gives.

    `stages` hears `loaded`, `defined` and `calling` as they are reached.

    Raises:
        ScriptError: As the script ended.
        UndefinedVariableError: The config uses a variable that has no value.
    """
    config = expand_values(request.config, variables, where=request.chunk_name)
    around = Surroundings(
        engine=engine,
        variables=variables,
        secrets=config.secrets,
        proxies={},
        log=log,
        cancelled=lambda: False,
        pulse=lambda: None,
    )
    try:
        return _try(request, config.values, around, stages)
    except HarnessError as error:
        _redact(error, Redactor(secrets_of(request, around)))
        raise


def _try(
    request: RunRequest,
    config: Mapping[str, object],
    around: Surroundings,
    stages: Callable[[str], None],
) -> Trial:
    limited = False
    started = monotonic()
    with (
        open_host(host_settings(request, around)) as host,
        around.engine.open(read_script(request), guest_limits(request), host.capabilities) as guest,
    ):
        collector = _Collector(request, host.log)
        loaded = guest.load()
        for stage in ("loaded", "defined", "calling"):
            stages(stage)
        try:
            guest.scan(config, None, collector.take)
        except ScanStopped:
            limited = True
        return Trial(
            loaded=loaded,
            items=tuple(collector.items),
            refusals=tuple(collector.refusals),
            warnings=tuple(collector.warnings),
            unsettled=unsettled_requests(host),
            seconds=monotonic() - started,
            limited=limited,
        )


def _redact(error: HarnessError, redact: Callable[[str], str]) -> None:
    """Take secrets out of an error that a script may have put them into."""
    error.message = redact(error.message)
    error.args = (error.message,)
    error.hint = redact(error.hint) if error.hint else error.hint
    if isinstance(error, ScriptError):
        error.traceback = redact(error.traceback)
