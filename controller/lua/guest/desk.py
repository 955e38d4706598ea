"""
Answers what the Lua side asks: the one Python function that a VM can reach.

An answer is a code and at most one scalar.  Nothing here ever raises into Lua:
lupa would hand the exception to the script as an object.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from controller.errors import CapabilityError

Scalar = None | bool | int | float | bytes
Answer = tuple[int, Scalar]

GIVEN, REFUSED, DOOMED, TOO_LARGE = 0, 1, 2, 3

NOTHING: Answer = (GIVEN, None)

SPARE = 64 * 1024
"""Bytes of Lua memory kept free when an answer is handed over."""


class Room(Protocol):
    """The memory of a VM, in bytes."""

    def used(self) -> int: ...

    def limit(self) -> int: ...


class Doom(NamedTuple):
    """Given instead of a value: the script must end now."""

    cause: str


Operation = Callable[..., Scalar | Doom]
"""Raises `CapabilityError` for arguments it refuses, `EOFError` when the host is gone."""


class Desk:
    """Takes every call from Lua, in order, and knows why a script was stopped."""

    def __init__(self, operations: dict[bytes, Operation], is_over: Callable[[], bool]) -> None:
        self._operations = operations
        self._is_over = is_over
        self._room: Room | None = None
        self._waiting = b""
        self.defect = ""

    def watch(self, room: Room) -> None:
        """Learn of the VM's memory; until then answers go unchecked."""
        self._room = room

    def answer(self, operation: bytes, *arguments: Scalar) -> Answer:
        """Answer one call."""
        try:
            # Items come by the hundred thousand; the count hook watches their time.
            if operation != b"put" and self._is_over():
                return (DOOMED, b"timeout")
            if operation == b"take":
                return self._hand_over(self._waiting, again=True)
            value = self._operations[operation](*arguments)
            if value is None:
                return NOTHING
            if isinstance(value, Doom):
                return (DOOMED, value.cause.encode())
            return self._hand_over(value, again=False)
        except CapabilityError as error:
            return self._hand_over(
                error.message.encode(errors="replace"), again=False, code=REFUSED
            )
        except MemoryError:
            return (DOOMED, b"memory")
        except EOFError:
            return (DOOMED, b"gone")
        except Exception as error:  # noqa: BLE001  a defect of ours must not reach Lua as an object
            self.defect = f"{type(error).__name__}: {error}"
            return (DOOMED, b"defect")

    def _hand_over(self, value: Scalar, *, again: bool, code: int = GIVEN) -> Answer:
        # lupa allocates the string outside a protected call: if Lua's memory
        # were to run out there, the process would hang with its lock held.
        if isinstance(value, bytes) and self._room is not None:
            if self._room.used() + len(value) + SPARE > self._room.limit():
                if again or code == REFUSED:
                    return (DOOMED, b"memory")
                self._waiting = value
                return (TOO_LARGE, None)
            self._waiting = b""
        return (code, value)
