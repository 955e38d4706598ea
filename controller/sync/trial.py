"""A scan that writes nothing: what `ctx connector test` shows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic

from controller.config.expand import expand_values
from controller.connectors.items import Checked, check_item
from controller.connectors.script import (
    Surroundings,
    guest_limits,
    host_settings,
    read_script,
    unsettled_requests,
)
from controller.lua.host.lookup import open_host
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


class _Enough(Exception):  # noqa: N818  a signal, no error
    pass


class _Collector:
    def __init__(self, request: RunRequest) -> None:
        self._request = request
        self.items: list[SourceItem] = []
        self.refusals: list[Refusal] = []
        self.warnings: list[str] = []

    def take(self, raw_items: Sequence[RawItem]) -> None:
        for raw in raw_items:
            checked = check_item(raw, self._request.source)
            if isinstance(checked, Checked):
                self.items.append(checked.item)
                self.warnings.extend(
                    f"Item at index {raw.position}: {text}" for text in checked.warnings
                )
            else:
                self.refusals.append(checked)
            if self._request.item_limit is not None and len(self.items) >= self._request.item_limit:
                raise _Enough


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
    collector = _Collector(request)
    limited = False
    started = monotonic()
    with (
        open_host(host_settings(request, around)) as host,
        engine.open(read_script(request), guest_limits(request), host.capabilities) as guest,
    ):
        loaded = guest.load()
        for stage in ("loaded", "defined", "calling"):
            stages(stage)
        try:
            guest.scan(config.values, None, collector.take)
        except _Enough:
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
