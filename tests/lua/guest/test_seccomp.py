"""The filter, run by an interpreter of our own: which calls pass, on both architectures."""

import struct

import pytest

from controller.lua.guest.seccomp import (
    ALLOW,
    ARCHES,
    EPERM,
    KILL,
    PLAIN_CALLS,
    X32_FROM,
    build_filter,
    machine_name,
)

PID = 4321
MMAP = {"x86_64": 9, "aarch64": 222}
MPROTECT = {"x86_64": 10, "aarch64": 226}
TGKILL = {"x86_64": 234, "aarch64": 131}
MACHINES = sorted(ARCHES)
FORBIDDEN = {
    "x86_64": {
        "read": 0, "write": 1, "open": 2, "socket": 41, "connect": 42, "sendmsg": 46, "clone": 56,
        "fork": 57, "vfork": 58, "execve": 59, "kill": 62, "ptrace": 101, "prctl": 157,
        "openat": 257, "seccomp": 317, "bpf": 321, "execveat": 322, "pidfd_send_signal": 424,
        "io_uring_setup": 425, "clone3": 435,
    },
    "aarch64": {
        "read": 63, "write": 64, "openat": 56, "socket": 198, "connect": 203, "clone": 220,
        "execve": 221, "kill": 129, "ptrace": 117, "prctl": 167, "seccomp": 277, "bpf": 280,
        "execveat": 281, "pidfd_send_signal": 424, "io_uring_setup": 425, "clone3": 435,
    },
}  # fmt: skip


def verdict(machine: str, number: int, arguments: tuple[int, ...] = (), arch: int = 0) -> int:
    """Interpret the filter as the kernel does, for the instructions that it uses."""
    program = build_filter(machine, PID)
    assert program is not None
    steps = list(struct.iter_unpack("=HBBI", program))
    padded = (*arguments, *([0] * (6 - len(arguments))))
    call = struct.pack("=IIQ6Q", number, arch or ARCHES[machine], 0, *padded)
    loaded = 0
    at = 0
    while True:
        code, if_true, if_false, operand = steps[at]
        if code == 0x06:
            return int(operand)
        if code == 0x20:
            (loaded,) = struct.unpack_from("=I", call, operand)
            at += 1
            continue
        holds = {0x15: loaded == operand, 0x35: loaded >= operand, 0x45: bool(loaded & operand)}
        at += 1 + (if_true if holds[code] else if_false)


@pytest.mark.parametrize("machine", MACHINES)
def test_what_the_table_names_is_allowed(machine: str) -> None:
    for call in PLAIN_CALLS:
        assert verdict(machine, getattr(call, machine)) == ALLOW, call.name


@pytest.mark.parametrize("machine", MACHINES)
def test_what_reaches_the_world_is_denied(machine: str) -> None:
    for name, number in FORBIDDEN[machine].items():
        assert verdict(machine, number) == EPERM, name


@pytest.mark.parametrize("machine", MACHINES)
def test_all_but_a_handful_is_denied(machine: str) -> None:
    allowed = {number for number in range(600) if verdict(machine, number) == ALLOW}

    named = {getattr(call, machine) for call in PLAIN_CALLS}
    assert allowed == named | {MPROTECT[machine]}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("protection", "flags", "expected"),
    [(3, 0x22, ALLOW), (3, 0x02, EPERM), (7, 0x22, EPERM), (4, 0x20, EPERM)],
)
def test_new_memory_is_anonymous_and_not_executable(
    machine: str, protection: int, flags: int, expected: int
) -> None:
    assert verdict(machine, MMAP[machine], (0, 4096, protection, flags)) == expected


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(("protection", "expected"), [(1, ALLOW), (3, ALLOW), (5, EPERM)])
def test_memory_does_not_become_executable(machine: str, protection: int, expected: int) -> None:
    assert verdict(machine, MPROTECT[machine], (0, 4096, protection)) == expected


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(("pid", "expected"), [(PID, ALLOW), (PID + 1, EPERM), (1, EPERM)])
def test_a_process_may_signal_itself_only(machine: str, pid: int, expected: int) -> None:
    assert verdict(machine, TGKILL[machine], (pid, pid, 6)) == expected


@pytest.mark.parametrize("machine", MACHINES)
def test_another_architectures_door_kills(machine: str) -> None:
    for arch in (0x40000003, 0x40000028, *(set(ARCHES.values()) - {ARCHES[machine]})):
        assert verdict(machine, PLAIN_CALLS[0].x86_64, arch=arch) == KILL


def test_the_x32_door_kills() -> None:
    assert verdict("x86_64", X32_FROM | 45) == KILL
    assert verdict("x86_64", 2**32 - 1) == KILL


def test_an_architecture_without_a_table_has_no_filter() -> None:
    assert build_filter("riscv64", PID) is None


def test_this_machine_has_a_name() -> None:
    assert machine_name()
