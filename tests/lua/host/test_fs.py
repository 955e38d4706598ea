"""`fs.read` and `fs.list` in a hostile checkout."""

import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from controller.errors import CapabilityError, ResponseTooLargeError
from controller.lua.host.base import Value
from controller.lua.host.fs import Files
from controller.lua.limits import GuestLimits
from tests.lua.host.world import deadline

LIMIT = 1000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "connector"
    (root / "data").mkdir(parents=True)
    (root / "data" / "b.csv").write_bytes(b"b\x00\xff")
    (root / "data" / "a.csv").write_text("a")
    (root / "data" / "note.md").write_text("# note")
    (root / "data" / "inner").mkdir()
    (root / "empty").touch()
    (tmp_path / "secret").write_text("outer")
    return root


@pytest.fixture
def files(root: Path) -> Iterator[Files]:
    opened = Files(root, replace(GuestLimits(), response=LIMIT))
    yield opened
    opened.close()


def read(files: Files, path: Value) -> Value:
    return files.read([path], deadline())


def listed(files: Files, *arguments: Value) -> list[dict[Value, Value]]:
    entries = files.list(arguments, deadline())
    assert isinstance(entries, list)
    return [entry for entry in entries if isinstance(entry, dict)]


def names(files: Files, *arguments: Value) -> list[Value]:
    return [entry["name"] for entry in listed(files, *arguments)]


@pytest.mark.parametrize("path", [b"data/b.csv", "data/b.csv", b"./data//b.csv", b"data/./b.csv"])
def test_a_file_is_read_byte_for_byte(files: Files, path: Value) -> None:
    assert read(files, path) == b"b\x00\xff"


def test_an_empty_file_is_empty(files: Files) -> None:
    assert read(files, b"empty") == b""


@pytest.mark.parametrize(
    "path",
    [
        b"../secret",
        b"data/../../secret",
        b"data/../data/a.csv",
        b"..",
        b"/etc/passwd",
        b"//etc/passwd",
        b"",
        b"data/a.csv\0.txt",
        b"x" * 5000,
        None,
        True,
        [],
    ],
)
def test_a_path_that_cannot_go_down_is_refused(files: Files, path: Value) -> None:
    with pytest.raises(CapabilityError, match=r"^fs\.read: "):
        read(files, path)
    with pytest.raises(CapabilityError, match=r"^fs\.list: "):
        listed(files, path)


@pytest.mark.parametrize(
    "target", ["../secret", "/etc/passwd", "/proc/self/environ", "data/../../secret", "link"]
)
def test_a_link_that_leads_out_is_refused(files: Files, root: Path, target: str) -> None:
    (root / "link").symlink_to(target)

    with pytest.raises(CapabilityError, match="path escapes the connector's directory: 'link'"):
        read(files, b"link")


def test_a_directory_behind_a_link_that_leads_out_is_refused(files: Files, root: Path) -> None:
    (root / "link").symlink_to("..")

    with pytest.raises(CapabilityError, match="escapes"):
        read(files, b"link/secret")
    with pytest.raises(CapabilityError, match="escapes"):
        listed(files, b"link")


def test_a_link_inside_is_followed(files: Files, root: Path) -> None:
    (root / "link.csv").symlink_to("data/a.csv")

    assert read(files, b"link.csv") == b"a"


def test_a_missing_file_is_named_as_the_script_gave_it(files: Files, root: Path) -> None:
    with pytest.raises(CapabilityError, match=r"^fs\.read: './data/none' does not exist$") as error:
        read(files, b"./data/none")

    assert str(root) not in error.value.message


def test_a_directory_is_no_file(files: Files) -> None:
    with pytest.raises(CapabilityError, match="'data' is a directory, no file"):
        read(files, b"data")


def test_a_file_is_no_directory(files: Files) -> None:
    with pytest.raises(CapabilityError, match="'empty' does not exist"):
        listed(files, b"empty")


def test_a_pipe_is_refused_without_waiting_for_a_writer(files: Files, root: Path) -> None:
    os.mkfifo(root / "pipe")

    with pytest.raises(CapabilityError, match="is a pipe, socket or device, no file"):
        read(files, b"pipe")


def test_a_file_that_may_not_be_opened_says_why(files: Files, root: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(root / "socket"))

        with pytest.raises(CapabilityError, match="'socket' cannot be opened: no such device"):
            read(files, b"socket")


def test_a_file_at_the_limit_is_read_and_one_byte_more_is_refused(files: Files, root: Path) -> None:
    (root / "fits").write_bytes(b"x" * LIMIT)
    (root / "large").write_bytes(b"x" * (LIMIT + 1))

    assert read(files, b"fits") == b"x" * LIMIT
    with pytest.raises(ResponseTooLargeError, match="'large' is larger than 1000 bytes") as error:
        read(files, b"large")
    assert "max_response_size" in (error.value.hint or "")


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux's /proc")
def test_a_file_that_says_it_is_empty_and_is_not_is_held_to_the_limit(tmp_path: Path) -> None:
    files = Files(Path("/proc/self"), replace(GuestLimits(), response=100))

    with pytest.raises(ResponseTooLargeError):
        read(files, b"maps")

    files.close()


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs Linux's /proc")
def test_a_file_that_fails_while_it_is_read_says_why() -> None:
    files = Files(Path("/proc/self"), GuestLimits())

    with pytest.raises(CapabilityError, match="cannot be opened: input/output error"):
        read(files, b"mem")

    files.close()


def test_entries_are_sorted_and_can_be_read(files: Files, root: Path) -> None:
    os.utime(root / "data" / "a.csv", (0, 1_700_000_000.9))

    entries = listed(files, b"data")

    assert [entry["path"] for entry in entries] == [
        b"data/a.csv",
        b"data/b.csv",
        b"data/inner",
        b"data/note.md",
    ]
    assert entries[0] == {
        "path": b"data/a.csv",
        "name": b"a.csv",
        "size": 1,
        "modified": 1_700_000_000,
        "is_dir": False,
    }
    assert entries[2]["is_dir"] is True
    assert read(files, entries[0]["path"]) == b"a"


@pytest.mark.parametrize("directory", [b".", b"./", "./."])
def test_the_directory_itself_is_listed_without_a_prefix(files: Files, directory: Value) -> None:
    assert [entry["path"] for entry in listed(files, directory)] == [b"data", b"empty"]


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        (b"*.csv", [b"a.csv", b"b.csv"]),
        ("?.csv", [b"a.csv", b"b.csv"]),
        (b"[b-z]*", [b"b.csv", b"inner", b"note.md"]),
        (b"*.CSV", []),
        (b"data/*", []),
        (None, [b"a.csv", b"b.csv", b"inner", b"note.md"]),
    ],
)
def test_a_glob_is_held_against_the_name(files: Files, glob: Value, expected: list[Value]) -> None:
    assert names(files, b"./data/", glob) == expected


@pytest.mark.parametrize("glob", [True, [], b"\xff", b"*" * 300])
def test_a_glob_without_sense_is_refused(files: Files, glob: Value) -> None:
    with pytest.raises(CapabilityError, match=r"fs\.list: the glob"):
        listed(files, b"data", glob)


def test_a_glob_made_to_take_for_ever_does_not(files: Files, root: Path) -> None:
    (root / "data" / ("a" * 200)).touch()

    assert names(files, b"data", b"*a" * 100 + b"b") == []


def test_what_cannot_be_read_is_not_listed(files: Files, root: Path) -> None:
    os.mkfifo(root / "data" / "pipe")
    (root / "data" / "out").symlink_to("../../secret")
    (root / "data" / "dangling").symlink_to("nothing")
    (root / "data" / "loop").symlink_to("loop")
    (root / "data" / "to-pipe").symlink_to("pipe")
    (root / "data" / "z-link").symlink_to("a.csv")
    (root / "data" / "z-directory").symlink_to("inner")

    found = {entry["name"]: entry["is_dir"] for entry in listed(files, b"data")}

    assert set(found) == {
        b"a.csv",
        b"b.csv",
        b"inner",
        b"note.md",
        b"z-link",
        b"z-directory",
    }
    assert found[b"z-directory"] is True


def test_names_that_are_no_utf8_are_listed_and_read(files: Files, root: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(root) + b"/data/caf\xe9.csv")).write_text("latin")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")

    [entry] = listed(files, b"data", b"caf*")

    assert entry["path"] == b"data/caf\xe9.csv"
    assert read(files, entry["path"]) == b"latin"


def test_a_directory_with_too_many_files_is_refused(root: Path) -> None:
    files = Files(root, GuestLimits(), max_entries=3)

    with pytest.raises(CapabilityError, match="'data' holds more than 3 files"):
        listed(files, b"data")

    files.close()


def test_many_reads_leave_no_descriptor_open(files: Files, root: Path) -> None:
    before = len([*Path("/dev/fd").iterdir()])

    for _ in range(200):
        read(files, b"data/a.csv")
        listed(files, b"data")

    assert len([*Path("/dev/fd").iterdir()]) == before
