"""What a host function is: plain values in, plain values out, one at a time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from controller.lua.deadline import Deadline

Value = None | bool | int | float | str | bytes | list["Value"] | dict["Value", "Value"]
"""What crosses the wire.  Text that came from Lua is `bytes`; text to Lua may be `str` or `bytes`."""

Capability = Callable[[Sequence[Value], Deadline], Value]
"""
A host function: its arguments as the script gave them, and the time left.

Raises `CapabilityError` for arguments it refuses: the script sees a Lua error
with the message.  Any other exception is a defect of ours and ends the run.
"""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The host functions of one guest by name, such as `http.request` or `fs.read`."""

    functions: Mapping[str, Capability]
