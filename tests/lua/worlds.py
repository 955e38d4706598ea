"""What tests of scripts share: a script around a body, capabilities, one call of `scan`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from controller.lua.deadline import Deadline
from controller.lua.host.base import Capabilities, Capability, Value
from controller.lua.limits import GuestLimits
from controller.lua.supervisor import Engine, ScanEnd, Script
from controller.model.document import RawItem

CHUNK = "connectors/jira.lua"
LIMITS = GuestLimits(timeout=5.0, memory=64 * 1024 * 1024)
QUICK = GuestLimits(timeout=0.3, memory=64 * 1024 * 1024)


def connector(text: str | bytes) -> Script:
    raw = text.encode() if isinstance(text, str) else text
    return Script(kind="connector", name="jira", chunk_name=CHUNK, text=raw)


def scanning(body: str) -> Script:
    """Wrap a body into `connector.scan`, on line 1."""
    return connector(f"connector = {{ scan = function(config, checkpoint) {body} end }}")


@dataclass
class World:
    """The host functions of a test, and what they were asked."""

    functions: dict[str, Capability] = field(default_factory=dict)
    asked: list[tuple[str, list[Value]]] = field(default_factory=list)

    def offer(self, name: str, answer: Callable[[Sequence[Value], Deadline], Value]) -> "World":
        def capability(arguments: Sequence[Value], deadline: Deadline) -> Value:
            self.asked.append((name, list(arguments)))
            return answer(arguments, deadline)

        self.functions[name] = capability
        return self

    def capabilities(self) -> Capabilities:
        return Capabilities(self.functions)


@dataclass
class Scan:
    """What one call of `scan` gave."""

    items: list[RawItem]
    end: ScanEnd


def scan(
    engine: Engine,
    script: Script,
    *,
    limits: GuestLimits = LIMITS,
    world: World | None = None,
    config: Mapping[str, object] | None = None,
    checkpoint: str | None = None,
) -> Scan:
    items: list[RawItem] = []
    capabilities = (world or World()).capabilities()
    with engine.open(script, limits, capabilities) as guest:
        guest.load()
        end = guest.scan(config or {}, checkpoint, items.extend)
    return Scan(items, end)


def values(engine: Engine, expression: str, *, world: World | None = None) -> list[object]:
    """Evaluate a list of Lua expressions in a guest; each becomes the body of an item."""
    body = f"for _, v in ipairs({{{expression}}}) do emit {{ body = v }} end return {{}}"
    return [item.body for item in scan(engine, scanning(body), world=world).items]
