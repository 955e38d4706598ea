import os
from pathlib import Path

import pytest

from controller.config.files import Tree, merge_trees, read_tree
from controller.errors import ConfigError, ConfigSyntaxError


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "place", "key"),
    [
        ("[db]\npath = \n", "2:8", "path"),
        ("[db]\npath = 'a'\npath = 'b'\n", "3:11", "path"),
        ("[x]\nlist = [1,\n", "3:1", "list"),
        ("[x]\ntext = '''\nmore\n", "4:1", "text"),
        ("a = 1\n[[x\n", "2:4", ""),
        ("[x]\nno value\n", "2:4", ""),
        ("a = 1\n# b = 2\n= 3\n", "3:1", ""),
    ],
)
def test_broken_toml_is_told_with_file_line_column_and_key(
    tmp_path: Path, text: str, place: str, key: str
) -> None:
    file = written(tmp_path / "ctx.toml", text)

    with pytest.raises(ConfigSyntaxError) as caught:
        read_tree(file)

    assert caught.value.message.startswith(f"{file}:{place}: ")
    assert caught.value.message.endswith(f" (key {key})") == bool(key)


def test_a_syntax_error_never_shows_the_value(tmp_path: Path) -> None:
    file = written(tmp_path / "ctx.toml", "[x]\napi_token = hunter2hunter2\n")

    with pytest.raises(ConfigSyntaxError) as caught:
        read_tree(file)

    assert "hunter2" not in caught.value.message + str(caught.value.hint)
    assert "(key api_token)" in caught.value.message


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"there is no config file {tmp_path}/nope.toml"):
        read_tree(tmp_path / "nope.toml")


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a directory") as caught:
        read_tree(tmp_path)

    assert caught.value.hint


def test_a_file_in_another_encoding_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "ctx.toml"
    file.write_bytes(b"a = 1\nb = 'caf\xe9'\n")

    with pytest.raises(ConfigSyntaxError, match=r"ctx\.toml:2: the file is not UTF-8"):
        read_tree(file)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    file = written(tmp_path / "ctx.toml", "")
    file.chmod(0)

    with pytest.raises(ConfigError, match="Permission denied"):
        read_tree(file)


def test_a_loop_of_links_is_told_as_the_system_tells_it(tmp_path: Path) -> None:
    loop = tmp_path / "ctx.toml"
    loop.symlink_to(loop)

    with pytest.raises(ConfigError, match=f"cannot read the config file {loop}"):
        read_tree(loop)


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "ctx.toml"
    file.write_bytes(b"\xef\xbb\xbf[db]\npath = 'x'\n")

    assert read_tree(file).values == {"db": {"path": "x"}}


def test_tables_merge_key_by_key_and_everything_else_is_replaced(tmp_path: Path) -> None:
    under = read_tree(
        written(
            tmp_path / "under", "a = [1, 2]\n[t]\nx = 1\ny = 1\n[t.deep]\nz = 1\n[gone]\nq = 1\n"
        )
    )
    over = read_tree(written(tmp_path / "over", "a = [3]\ngone = 5\n[t]\ny = 2\n[t.deep]\nw = 2\n"))

    merged = merge_trees(under, over)

    assert merged.values == {
        "a": [3],
        "t": {"x": 1, "y": 2, "deep": {"z": 1, "w": 2}},
        "gone": 5,
    }


def test_a_merged_key_knows_its_file(tmp_path: Path) -> None:
    under = read_tree(written(tmp_path / "under", "[t]\nx = 1\ny = 1\n[gone]\nq = 1\n"))
    over = read_tree(written(tmp_path / "over", "gone = 5\n[t]\ny = 2\n"))

    merged = merge_trees(under, over)

    assert merged.origin(("t", "x")) == tmp_path / "under"
    assert merged.origin(("t", "y")) == tmp_path / "over"
    assert merged.origin(("gone",)) == tmp_path / "over"
    assert ("gone", "q") not in merged.origins
    assert merged.origin(("t", "x", "below")) == tmp_path / "under"


def test_a_tree_without_a_file_has_no_origin() -> None:
    assert Tree().origin(("db", "path")) is None


def test_a_file_nested_without_end_is_refused_and_no_defect(tmp_path: Path) -> None:
    path = tmp_path / "ctx.toml"
    path.write_text("a = " + "[" * 50_000)

    with pytest.raises(ConfigSyntaxError, match="nested too deeply"):
        read_tree(path)
