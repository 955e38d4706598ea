"""Two ways to stay below a directory, held to one promise."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controller.lua.host.beneath import Beneath, KernelBeneath, WalkingBeneath, open_directory


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    root = tmp_path / "connector"
    (root / "docs" / "deep").mkdir(parents=True)
    (root / "docs" / "a.md").write_text("inner")
    (root / "docs" / "deep" / "b.md").write_text("deeper")
    (tmp_path / "secret").write_text("outer")
    (root / "inner-link").symlink_to("docs/a.md")
    (root / "inner-directory").symlink_to("docs/deep")
    (root / "up-and-down").symlink_to("docs/../docs/a.md")
    (root / "out").symlink_to("../secret")
    (root / "out-directory").symlink_to("..")
    (root / "far-out").symlink_to("/etc/passwd")
    (root / "environment").symlink_to("/proc/self/environ")
    (root / "loop").symlink_to("loop")
    (root / "chain").symlink_to("out")
    (root / "dangling").symlink_to("nothing")
    return root


@pytest.fixture(params=[KernelBeneath, WalkingBeneath])
def beneath(request: pytest.FixtureRequest, directory: Path) -> Iterator[Beneath]:
    make: Callable[[Path], Beneath] = request.param
    if make is KernelBeneath and sys.platform != "linux":
        pytest.skip("openat2 is Linux's")
    opened = make(directory)
    yield opened
    opened.close()


def content(beneath: Beneath, path: str) -> bytes:
    descriptor = beneath.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, 100)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("docs/a.md", b"inner"),
        ("./docs/./a.md", b"inner"),
        ("docs//a.md", b"inner"),
        ("docs/deep/b.md", b"deeper"),
        ("inner-link", b"inner"),
        ("inner-directory/b.md", b"deeper"),
        ("up-and-down", b"inner"),
    ],
)
def test_what_is_inside_opens(beneath: Beneath, path: str, expected: bytes) -> None:
    assert content(beneath, path) == expected


@pytest.mark.parametrize("path", [".", "docs", "inner-directory"])
def test_directories_open_too(beneath: Beneath, path: str) -> None:
    descriptor = beneath.open(path, os.O_RDONLY | os.O_DIRECTORY)

    os.close(descriptor)


@pytest.mark.parametrize(
    "path",
    [
        "out",
        "chain",
        "out-directory/secret",
        "far-out",
        "environment",
        "../secret",
        "docs/../../secret",
        "/etc/passwd",
        "loop",
        "dangling",
        "nothing",
        "docs/a.md/x",
    ],
)
def test_what_leads_out_or_nowhere_does_not(beneath: Beneath, path: str) -> None:
    with pytest.raises(OSError, match=r".+"):
        beneath.open(path, os.O_RDONLY)


def test_a_path_longer_than_the_system_takes_is_an_error(beneath: Beneath) -> None:
    with pytest.raises(OSError, match=r".+"):
        beneath.open("x/" * 5000, os.O_RDONLY)


def test_no_descriptor_stays_open(beneath: Beneath) -> None:
    before = len([*Path("/dev/fd").iterdir()])

    for path in ("docs/deep/b.md", "inner-link"):
        content(beneath, path)
    for path in ("out", "nothing", "docs/a.md/x", "loop"):
        with pytest.raises(OSError, match=r".+"):
            beneath.open(path, os.O_RDONLY)

    assert len([*Path("/dev/fd").iterdir()]) == before


def test_the_best_way_of_this_kernel_is_chosen(directory: Path) -> None:
    opened = open_directory(directory)

    assert content(opened, "docs/a.md") == b"inner"
    opened.close()


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_directory(tmp_path / "gone")
