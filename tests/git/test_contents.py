import os
from pathlib import Path

from controller.git.contents import flush, measure


def test_equal_directories_have_equal_digests_wherever_they_lie(tmp_path: Path) -> None:
    for name, order in (("one", "abc"), ("two", "cba")):
        for letter in order:
            path = tmp_path / name / letter / "x"
            path.parent.mkdir(parents=True)
            path.write_text(letter)

    assert measure(tmp_path / "one") == measure(tmp_path / "two")


def test_only_regular_files_count(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("text")
    before = measure(tmp_path)
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe")

    assert measure(tmp_path) == before
    assert (before.files, before.size) == (1, 4)


def test_a_name_and_its_content_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    (tmp_path / "one/ab").write_text("c")
    (tmp_path / "two/a").write_text("bc")

    assert measure(tmp_path / "one").digest != measure(tmp_path / "two").digest


def test_flushing_is_harmless(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("text")

    flush(tmp_path)

    assert (tmp_path / "a").read_text() == "text"
