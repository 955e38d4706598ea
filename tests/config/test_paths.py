from pathlib import Path

import pytest

from controller.config.paths import (
    Workspace,
    default_database,
    expand_home,
    find_workspace,
    home_directory,
    project_of,
    registry_directory,
    user_directory,
)


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


@pytest.mark.parametrize("name", [".ctx/config.toml", "ctx.toml", "config/ctx.toml"])
def test_a_config_is_found_upward(tmp_path: Path, name: str) -> None:
    config = touch(tmp_path / name)
    below = tmp_path / "a" / "b"

    assert find_workspace(below) == Workspace(tmp_path, config)


def test_the_nearest_directory_wins_over_the_kind_of_file(tmp_path: Path) -> None:
    touch(tmp_path / ".ctx" / "config.toml")
    near = touch(tmp_path / "project" / "config" / "ctx.toml")

    found = find_workspace(tmp_path / "project" / "src")

    assert found == Workspace(tmp_path / "project", near)


def test_in_one_directory_the_dot_directory_comes_first(tmp_path: Path) -> None:
    touch(tmp_path / "ctx.toml")
    config = touch(tmp_path / ".ctx" / "config.toml")

    assert find_workspace(tmp_path) == Workspace(tmp_path, config)


def test_a_database_alone_makes_a_workspace(tmp_path: Path) -> None:
    touch(tmp_path / "ctx.toml")
    touch(tmp_path / "near" / ".ctx" / "data" / "ctx.sqlite")

    assert find_workspace(tmp_path / "near") == Workspace(tmp_path / "near", None)


def test_an_empty_dot_directory_makes_no_workspace(tmp_path: Path) -> None:
    (tmp_path / "near" / ".ctx").mkdir(parents=True)
    config = touch(tmp_path / "ctx.toml")

    assert find_workspace(tmp_path / "near") == Workspace(tmp_path, config)


def test_the_default_database_is_that_of_the_nearest_dot_directory(tmp_path: Path) -> None:
    (tmp_path / ".ctx").mkdir()

    assert default_database(tmp_path / "a" / "b") == tmp_path / ".ctx" / "data" / "ctx.sqlite"


@pytest.mark.parametrize(
    ("config", "project"),
    [
        ("/p/ctx.toml", "/p"),
        ("/p/config/ctx.toml", "/p"),
        ("/p/.ctx/config.toml", "/p"),
        ("/p/config/other.toml", "/p/config"),
        ("/home/me/.config/ctx/config.toml", "/home/me/.config/ctx"),
    ],
)
def test_relative_paths_start_from_the_project(config: str, project: str) -> None:
    assert project_of(Path(config)) == Path(project)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"HOME": "/h"}, "/h/.config/ctx"),
        ({"HOME": "/h", "XDG_CONFIG_HOME": "/x"}, "/x/ctx"),
        ({"HOME": "/h", "XDG_CONFIG_HOME": "relative"}, "/h/.config/ctx"),
        ({"HOME": "/h", "XDG_CONFIG_HOME": "/x", "CTX_CONFIG_DIR": "/own"}, "/own"),
        ({"HOME": "/h", "CTX_CONFIG_DIR": "relative"}, "/h/.config/ctx"),
    ],
)
def test_the_directories_of_the_user_follow_xdg(environment: dict[str, str], expected: str) -> None:
    assert user_directory("CONFIG", environment) == Path(expected)


def test_a_registry_lies_in_the_data_directory(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path)}

    found = registry_directory("company", environment)

    assert found == tmp_path / ".local" / "share" / "ctx" / "registries" / "company"


def test_a_registry_of_an_older_layout_is_found_where_only_that_is_there(tmp_path: Path) -> None:
    legacy = tmp_path / ".ctx" / "registries" / "company"
    legacy.mkdir(parents=True)

    assert registry_directory("company", {"HOME": str(tmp_path)}) == legacy


def test_without_home_the_system_says_where_it_is() -> None:
    assert home_directory({}).is_absolute()


@pytest.mark.parametrize(
    ("text", "path"), [("~", "/h"), ("~/x", "/h/x"), ("a/~", "a/~"), ("/abs", "/abs")]
)
def test_a_leading_tilde_is_the_home_directory(text: str, path: str) -> None:
    assert expand_home(text, {"HOME": "/h"}) == Path(path)
