from collections.abc import Mapping
from pathlib import Path

import pytest

from controller.config.load import (
    Loaded,
    load_settings,
    proxies,
    read_environment,
    run_variables,
    settings_file,
)
from controller.errors import ConfigError, UndefinedVariableError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    directory = tmp_path / "home"
    directory.mkdir()
    return directory


@pytest.fixture
def project(tmp_path: Path) -> Path:
    directory = tmp_path / "project"
    directory.mkdir()
    return directory


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def load(directory: Path, home: Path, explicit: Path | None = None, **variables: str) -> Loaded:
    environment: Mapping[str, str] = {"HOME": str(home), **variables}
    return load_settings(explicit, environment, directory)


def test_an_explicit_file_that_is_not_there_is_an_error(project: Path, home: Path) -> None:
    write(project / "ctx.toml")

    with pytest.raises(ConfigError, match=r"there is no config file .*/other\.toml"):
        load(project, home, Path("other.toml"))


def test_a_file_of_the_environment_that_is_not_there_is_an_error(project: Path, home: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no config file /nowhere/ctx\.toml"):
        load(project, home, CTX_CONFIG="/nowhere/ctx.toml")


def test_a_path_with_an_unset_variable_names_variable_key_and_file(
    project: Path, home: Path
) -> None:
    file = write(project / "ctx.toml", "[db]\npath = '${DATA_HOME}/x.sqlite'\n")

    with pytest.raises(UndefinedVariableError) as caught:
        load(project, home)

    assert caught.value.message.startswith(f"{file}: db.path uses ${{DATA_HOME}}")


def test_without_any_file_the_settings_are_built_in(project: Path, home: Path) -> None:
    loaded = load(project, home)

    assert loaded.files == ()
    assert loaded.warnings == ()
    assert loaded.settings.db.path == project / ".ctx" / "data" / "ctx.sqlite"
    assert loaded.settings.chunking.max_bytes == 2800
    assert loaded.settings.retrieval.final_limit == 12
    assert loaded.settings.embedding.provider == "disabled"


def test_a_database_of_a_parent_directory_is_used(project: Path, home: Path) -> None:
    database = write(project / ".ctx" / "data" / "ctx.sqlite")
    below = project / "src" / "deep"
    below.mkdir(parents=True)

    assert load(below, home).settings.db.path == database


def test_the_explicit_file_stands_alone(project: Path, home: Path) -> None:
    write(home / ".config/ctx/config.toml", "[retrieval]\nfinal_limit = 3\n")
    write(project / "ctx.toml", "[retrieval]\nfinal_limit = 4\n")
    explicit = write(project / "sub" / "mine.toml", "[chunking]\nmax_tokens = 5\n")

    loaded = load(project, home, Path("sub/mine.toml"), CTX_CONFIG="/nowhere")

    assert loaded.files == (explicit,)
    assert loaded.settings.retrieval.final_limit == 12
    assert loaded.settings.chunking.max_tokens == 5
    assert loaded.settings.db.path == project / "sub" / ".ctx" / "data" / "ctx.sqlite"


def test_the_file_of_the_environment_stands_alone(project: Path, home: Path) -> None:
    write(project / "ctx.toml", "[retrieval]\nfinal_limit = 4\n")
    explicit = write(home / "mine.toml")

    loaded = load(project, home, CTX_CONFIG="~/mine.toml")

    assert loaded.files == (explicit,)
    assert loaded.settings.retrieval.final_limit == 12


def test_a_workspace_file_lies_over_the_file_of_the_user(project: Path, home: Path) -> None:
    own = write(
        home / ".config/ctx/config.toml",
        "[retrieval]\nfinal_limit = 3\nhybrid_alpha = 0.2\n"
        "[registries.company]\npath = 'company'\n",
    )
    workspace = write(
        project / ".ctx" / "config.toml",
        "[retrieval]\nfinal_limit = 4\n[registries.mine]\npath = 'mine'\n",
    )

    loaded = load(project, home)

    assert loaded.files == (own, workspace)
    assert loaded.settings.retrieval.final_limit == 4
    assert loaded.settings.retrieval.hybrid_alpha == 0.2
    assert [(each.name, each.path) for each in loaded.settings.registries] == [
        ("company", own.parent / "company"),
        ("mine", project / "mine"),
    ]


def test_the_file_of_the_user_does_not_redirect_a_database_that_is_here(
    project: Path, home: Path
) -> None:
    write(home / ".config/ctx/config.toml", "[db]\npath = '/elsewhere/ctx.sqlite'\n")
    database = write(project / ".ctx" / "data" / "ctx.sqlite")

    assert load(project, home).settings.db.path == database


def test_the_file_of_the_user_holds_where_there_is_nothing_else(project: Path, home: Path) -> None:
    own = write(home / ".config/ctx/config.toml", "[db]\npath = '~/my.sqlite'\n")

    loaded = load(project, home)

    assert loaded.files == (own,)
    assert loaded.settings.db.path == home / "my.sqlite"


def test_the_file_of_the_user_is_not_merged_with_itself(home: Path) -> None:
    own = write(home / ".config" / "ctx" / "config.toml")
    write(home / ".config" / "ctx" / "ctx.toml")

    loaded = load(own.parent, home, CTX_CONFIG_DIR=str(own.parent / ".ctx"))

    assert loaded.files == (own.parent / "ctx.toml",)


@pytest.mark.parametrize("name", [".ctx/config.toml", "config/ctx.toml", "ctx.toml"])
def test_relative_paths_mean_the_same_in_every_layout(project: Path, home: Path, name: str) -> None:
    script = write(project / "connectors" / "jira.lua")
    write(
        project / name,
        "[db]\npath = './data/ctx.sqlite'\n"
        "[connectors.script.jira]\npath = 'connectors/jira.lua'\n",
    )
    below = project / "docs"
    below.mkdir()

    settings = load(below, home).settings

    assert settings.db.path == project / "data" / "ctx.sqlite"
    assert settings.scripts["jira"].path == script
    assert settings.scripts["jira"].written_path == "connectors/jira.lua"


def test_a_script_beside_its_file_is_found(project: Path, home: Path) -> None:
    script = write(project / "config" / "jira.lua")
    write(project / "config" / "ctx.toml", "[connectors.script.jira]\npath = 'jira.lua'\n")

    assert load(project, home).settings.scripts["jira"].path == script


def test_a_script_only_in_the_working_directory_is_found(project: Path, home: Path) -> None:
    config = write(home / "mine.toml", "[connectors.script.jira]\npath = 'jira.lua'\n")
    script = write(project / "jira.lua")

    assert load(project, home, config).settings.scripts["jira"].path == script


def test_the_project_wins_over_the_working_directory(project: Path, home: Path) -> None:
    config = write(home / "mine.toml", "[connectors.script.jira]\npath = 'jira.lua'\n")
    script = write(home / "jira.lua")
    write(project / "jira.lua")

    assert load(project, home, config).settings.scripts["jira"].path == script


def test_a_script_that_is_nowhere_is_expected_in_the_project(project: Path, home: Path) -> None:
    write(project / "config" / "ctx.toml", "[connectors.script.jira]\npath = 'jira.lua'\n")

    assert load(project, home).settings.scripts["jira"].path == project / "jira.lua"


def test_home_and_variables_are_filled_in_in_every_path(project: Path, home: Path) -> None:
    write(
        project / "ctx.toml",
        "[db]\npath = '~/db.sqlite'\n"
        "[connectors.script.a]\npath = '${LIB}/a.lua'\n"
        "[registries.r]\npath = '~/${NAME}'\n",
    )

    settings = load(project, home, LIB="/lib/lua", NAME="reg").settings

    assert settings.db.path == home / "db.sqlite"
    assert settings.scripts["a"].path == Path("/lib/lua/a.lua")
    assert settings.registries[0].path == home / "reg"


def test_the_environment_is_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTX_PROBE", "before")

    environment = read_environment()
    monkeypatch.setenv("CTX_PROBE", "after")

    assert environment["CTX_PROBE"] == "before"


def test_variables_of_a_run_come_by_their_prefix_alone() -> None:
    environment = {"CTX_VAR_TOKEN": "t", "CTX_VAR_LD_PRELOAD": "x", "TOKEN": "no", "CTX_VAR_": "no"}

    assert run_variables(environment) == {"TOKEN": "t", "LD_PRELOAD": "x"}


def test_proxies_are_known_by_their_lower_case_names() -> None:
    environment = {
        "HTTP_PROXY": "http://upper",
        "https_proxy": "http://lower",
        "HTTPS_PROXY": "http://shadowed",
        "NO_PROXY": "localhost",
        "ALL_PROXY": "",
    }

    assert proxies(environment) == {
        "http_proxy": "http://upper",
        "https_proxy": "http://lower",
        "no_proxy": "localhost",
    }


def test_a_client_of_a_cgi_program_cannot_set_its_proxy() -> None:
    assert proxies({"HTTP_PROXY": "http://evil", "REQUEST_METHOD": "GET"}) == {}


def test_a_file_that_is_hidden_by_one_beside_it_is_told(project: Path, home: Path) -> None:
    inner = write(project / ".ctx/config.toml", "[db]\n")
    plain = write(project / "ctx.toml", "[db]\n")

    loaded = load(project, home)

    assert loaded.files == (inner,)
    assert loaded.warnings == (f"{plain} is not read: {inner} comes first",)


def test_new_settings_go_into_the_file_in_use(project: Path, home: Path) -> None:
    environment = {"HOME": str(home)}
    explicit = {**environment, "CTX_CONFIG": "~/mine.toml"}

    unset = settings_file(None, environment, project)
    write(project / ".ctx/data/ctx.sqlite", "")
    bare = settings_file(None, environment, project / "deep")
    inner = write(project / ".ctx/config.toml", "[db]\n")

    assert unset == bare == project / "ctx.toml"
    assert settings_file(None, environment, project / "deep") == inner
    assert settings_file(None, explicit, project) == home / "mine.toml"
    assert settings_file(Path("x.toml"), explicit, project) == project / "x.toml"
