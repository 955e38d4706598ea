from datetime import timedelta
from pathlib import Path

import pytest

from controller.config.load import Loaded, load_settings
from controller.config.settings import ScriptSettings
from controller.errors import ConfigError


class Config:
    """A ctx.toml in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "ctx.toml"

    def load(self, text: str) -> Loaded:
        self.path.write_text(text, encoding="utf-8")
        return load_settings(None, {"HOME": "/nowhere"}, self.path.parent)

    def script(self, keys: str) -> ScriptSettings:
        loaded = self.load(f"[connectors.script.jira]\npath = 'jira.lua'\n{keys}\n")
        return loaded.settings.scripts["jira"]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(tmp_path)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("db = 3", "db must be a table, found the number 3"),
        ("[db]\npath = 3", "db.path must be a path, found the number 3"),
        ("[db]\npath = ' '", "db.path must be a path, found the text ' '"),
        (
            "[chunking]\nmax_tokens = 'many'",
            "chunking.max_tokens must be a whole number of at least 1, found the text 'many'",
        ),
        (
            "[chunking]\nmax_tokens = 0",
            "chunking.max_tokens must be a whole number of at least 1, found the number 0",
        ),
        (
            "[chunking]\nmax_tokens = true",
            "chunking.max_tokens must be a whole number of at least 1, found true",
        ),
        (
            "[retrieval]\nfinal_limit = 2.5",
            "retrieval.final_limit must be a whole number of at least 1, found the number 2.5",
        ),
        (
            "[retrieval]\nhybrid_alpha = 1.5",
            "retrieval.hybrid_alpha must be a number from 0 to 1, found the number 1.5",
        ),
        (
            "[retrieval]\nhybrid_alpha = false",
            "retrieval.hybrid_alpha must be a number from 0 to 1, found false",
        ),
        ("[server]\nbind = ['x']", "server.bind must be a text, found a list"),
        ("[server]\nbind = {}", "server.bind must be a text, found a table"),
        ("[server]\nbind = 2026-02-20", "server.bind must be a text, found a date or time"),
        (
            "[embedding]\nprovider = 'magic'",
            "embedding.provider must be \"disabled\", found the text 'magic'",
        ),
        (
            "[registries.a]\nreadonly = 'yes'",
            "registries.a.readonly must be true or false, found the text 'yes'",
        ),
        ("[connectors]\nscript = 3", "connectors.script must be a table, found the number 3"),
        (
            "[connectors.script]\njira = 'x.lua'",
            "connectors.script.jira must be a table, found the text 'x.lua'",
        ),
    ],
)
def test_a_wrong_type_names_file_key_expected_and_found(
    config: Config, text: str, problem: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load(text)

    assert caught.value.message == f"{config.path}: {problem}"


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ("timeout = 'soon'", "seconds or a duration"),
        ("timeout = 0", "seconds or a duration"),
        ("timeout = true", "seconds or a duration"),
        ("timeout = nan", "seconds or a duration"),
        ("timeout = '25h'", "seconds or a duration"),
        ("timeout = []", "seconds or a duration"),
        ("memory_limit = 'lots'", 'a size such as "256Mi", at least 16Mi, found the text'),
        ("memory_limit = 1", "at least 16Mi, found the number 1"),
        ("memory_limit = true", "at least 16Mi, found true"),
        ("memory_limit = 512.5", "at least 16Mi, found the number 512.5"),
        ("max_response_size = '0Ki'", "at least 1024 bytes"),
        ("env = [1]", "env must be a list of texts"),
        ("allowed_hosts = 'x'", "allowed_hosts must be a list of texts"),
        ("allowed_cidrs = ['10.0.0.0/99']", 'address ranges such as "10.0.0.0/8", found the text'),
    ],
)
def test_a_script_setting_that_cannot_be_used_is_refused(
    config: Config, keys: str, problem: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        config.script(keys)

    assert caught.value.message.startswith(f"{config.path}: connectors.script.jira.")
    assert problem in caught.value.message


def test_a_long_text_in_the_wrong_place_is_not_shown(config: Config) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load("[chunking]\nmax_tokens = 'this-could-be-a-token-of-somebody'\n")

    assert caught.value.message.endswith("found a longer text")


def test_a_script_without_a_path_is_refused(config: Config) -> None:
    with pytest.raises(ConfigError, match=r"connectors\.script\.jira\.path is missing") as caught:
        config.load("[connectors.script.jira]\nurl = 'x'\n")

    assert caught.value.hint


def test_a_name_that_cannot_be_a_source_is_refused(config: Config) -> None:
    with pytest.raises(ConfigError, match="'my jira' cannot name a source"):
        config.load("[connectors.script.'my jira']\npath = 'x.lua'\n")


@pytest.mark.parametrize("provider", ["openai", "ollama", "local"])
def test_a_provider_of_a_later_release_is_refused_as_such(config: Config, provider: str) -> None:
    with pytest.raises(ConfigError, match=f"'{provider}' is not built into this release"):
        config.load(f"[embedding]\nprovider = '{provider}'\n")


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("[stores]\npath = 'x'", "stores is unknown"),
        ("[retrievals]\nx = 1", "retrievals is unknown; did you mean 'retrieval'?"),
        ("[db]\npaths = 'x'", "db.paths is unknown; did you mean 'path'?"),
        (
            "[chunking]\nMax_Tokens = 5",
            "chunking.Max_Tokens is unknown; did you mean 'max_tokens'?",
        ),
        ("[registries.a]\nauto_updates = true", "did you mean 'auto_update'?"),
        ("[connectors.scripts.jira]\npath = 'x'", "connectors.scripts is unknown; did you mean"),
        ("[chunking]\noverlap_tokens = 80", "chunking.overlap_tokens has no effect"),
        ("[connectors.git.docs]\nurl = 'x'", "connectors.git is not built into this release"),
        (
            "[connectors.script.jira]\npath = 'x'\nmemory_limits = 5",
            "memory_limits goes to the script as it is; did you mean 'memory_limit'?",
        ),
        (
            "[connectors.script.jira]\npath = 'x'\nenv = 'production'",
            "connectors.script.jira.env is left to the script",
        ),
    ],
)
def test_what_is_odd_is_a_warning_and_no_error(config: Config, text: str, warning: str) -> None:
    loaded = config.load(text)

    [told] = loaded.warnings
    assert told.startswith(f"{config.path}: ")
    assert warning in told


def test_the_sections_of_later_releases_are_kept_as_written(config: Config) -> None:
    loaded = config.load(
        "[tools.script.t]\npath = 't.lua'\n"
        "[agents.inline.a]\ndescription = 'd'\n"
        "[vector_index]\nbackend = 'auto'\n"
        "[embedding]\nmodel = 'm'\ndims = 384\n"
        "[connectors.filesystem.docs]\nroot = './docs'\n"
    )

    settings = loaded.settings
    assert settings.tools == {"script": {"t": {"path": "t.lua"}}}
    assert settings.agents == {"inline": {"a": {"description": "d"}}}
    assert settings.vector_index == {"backend": "auto"}
    assert settings.embedding.other == {"model": "m", "dims": 384}
    assert settings.connectors == {"filesystem": {"docs": {"root": "./docs"}}}
    assert len(loaded.warnings) == 1


def test_a_script_section_has_defaults(config: Config) -> None:
    script = config.script("")

    assert script.timeout == timedelta(seconds=300)
    assert script.memory_limit == 256 * 1024 * 1024
    assert script.max_response_size == 50 * 1024 * 1024
    assert script.origin == f"{config.path} [connectors.script.jira]"
    assert (script.env, script.allowed_hosts, script.allowed_cidrs) == ((), (), ())
    assert script.config == {}


def test_everything_but_path_and_timeout_reaches_the_script(config: Config) -> None:
    script = config.script(
        "timeout = 30\nurl = 'https://x'\napi_token = '${TOKEN}'\nmax_items = '30'\n"
        "memory_limit = 512\nenv = ['HOME']\nnested = {a = [1, 2]}"
    )

    assert script.config == {
        "url": "https://x",
        "api_token": "${TOKEN}",
        "max_items": "30",
        "memory_limit": 512,
        "env": ["HOME"],
        "nested": {"a": [1, 2]},
    }
    assert script.env == ("HOME",)


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("64", 64 << 20),
        ("'64Mi'", 64 << 20),
        ("'64 MiB'", 64 << 20),
        ("'65536Ki'", 64 << 20),
        ("'1Gi'", 1 << 30),
        ("'1.5Gi'", 3 << 29),
        ("'64MB'", 64_000_000),
        ("'64000KB'", 64_000_000),
        ("'1GB'", 1_000_000_000),
    ],
)
def test_sizes_take_mebibytes_and_units(config: Config, written: str, size: int) -> None:
    assert config.script(f"memory_limit = {written}").memory_limit == size


@pytest.mark.parametrize(
    ("written", "seconds"), [("30", 30), ("1.5", 1.5), ("'5m'", 300), ("'1h30m'", 5400)]
)
def test_a_timeout_takes_seconds_and_durations(
    config: Config, written: str, seconds: float
) -> None:
    assert config.script(f"timeout = {written}").timeout == timedelta(seconds=seconds)


def test_the_addresses_a_script_may_reach_are_read(config: Config) -> None:
    script = config.script(
        "allowed_hosts = ['*.example.com']\nallowed_cidrs = ['10.0.0.0/8', '::1/128']"
    )

    assert script.allowed_hosts == ("*.example.com",)
    assert script.allowed_cidrs == ("10.0.0.0/8", "::1/128")


def test_registries_keep_the_order_of_the_file(config: Config) -> None:
    loaded = config.load(
        "[registries.zulu]\nurl = 'https://example.com/z.git'\nbranch = 'v1'\nreadonly = true\n"
        "auto_update = true\n"
        "[registries.alpha]\npath = 'alpha'\n"
    )

    zulu, alpha = loaded.settings.registries
    assert (zulu.name, zulu.url, zulu.branch) == ("zulu", "https://example.com/z.git", "v1")
    assert zulu.readonly
    assert zulu.auto_update
    assert zulu.path == Path("/nowhere/.local/share/ctx/registries/zulu")
    assert (alpha.name, alpha.branch, alpha.path) == ("alpha", "main", config.path.parent / "alpha")


def test_a_setting_of_each_file_is_told_with_that_file(tmp_path: Path) -> None:
    home = tmp_path / "home"
    own = home / ".config" / "ctx" / "config.toml"
    own.parent.mkdir(parents=True)
    own.write_text("[chunking]\nmax_tokens = 'x'\n")
    (tmp_path / "ctx.toml").write_text("[chunking]\noverlap_tokens = 0\n")

    with pytest.raises(ConfigError, match=str(own)):
        load_settings(None, {"HOME": str(home)}, tmp_path)
