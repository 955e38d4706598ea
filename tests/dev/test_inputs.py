"""Where a value for `spec.env` comes from on a laptop."""

from pathlib import Path

import pytest

from controller.dev.inputs import Values, environment_name, read_secret, resolve_inputs
from controller.errors import ConfigError, SecretNotFoundError
from controller.model.names import ResourceName, SourceName
from controller.model.sync import DesiredSync, VariableSource

SALT = b"salt"
TOKEN = VariableSource("TOKEN", secret=("jira", "api-token"))


def sync(*env: VariableSource) -> DesiredSync:
    return DesiredSync(
        namespace="team",
        name=ResourceName("jira"),
        uid="u",
        generation=1,
        connector="jira",
        source=SourceName("script:jira"),
        env=env,
    )


def test_a_manifest_wins_over_a_directory_and_that_over_the_environment(tmp_path: Path) -> None:
    (tmp_path / "jira").mkdir()
    (tmp_path / "jira" / "api-token").write_text("from file\n")
    environment = {"CTX_SECRET_JIRA_API_TOKEN": "from environment"}
    manifest = {("team", "jira"): {"api-token": "from manifest"}}

    everywhere = resolve_inputs(sync(TOKEN), Values(manifest, {}, tmp_path, environment), SALT)
    no_manifest = resolve_inputs(sync(TOKEN), Values({}, {}, tmp_path, environment), SALT)
    environment_only = resolve_inputs(sync(TOKEN), Values(environment=environment), SALT)

    assert everywhere.values == {"TOKEN": "from manifest"}
    assert no_manifest.values == {"TOKEN": "from file"}
    assert environment_only.values == {"TOKEN": "from environment"}


def test_a_missing_secret_names_itself_and_the_three_ways() -> None:
    with pytest.raises(
        SecretNotFoundError, match="team/jira: Secret jira has no key api-token"
    ) as e:
        resolve_inputs(sync(TOKEN), Values(), SALT)

    assert e.value.reason == "SecretNotFound"
    for way in (
        "Secret manifest jira",
        "jira/api-token under --secrets",
        "CTX_SECRET_JIRA_API_TOKEN",
    ):
        assert way in (e.value.hint or "")


def test_a_secret_of_another_namespace_is_not_seen() -> None:
    values = Values(secrets={("other", "jira"): {"api-token": "x"}})

    with pytest.raises(SecretNotFoundError):
        resolve_inputs(sync(TOKEN), values, SALT)


def test_literals_config_maps_and_optional_keys() -> None:
    env = (
        VariableSource("PLAIN", value="text"),
        VariableSource("MAP", config_map=("settings", "url")),
        VariableSource("GONE", secret=("nowhere", "key"), optional=True),
    )

    found = resolve_inputs(
        sync(*env), Values(config_maps={("team", "settings"): {"url": "https://x"}}), SALT
    )

    assert found.values == {"PLAIN": "text", "MAP": "https://x"}


def test_a_missing_config_map_is_not_looked_for_in_secrets() -> None:
    env = VariableSource("MAP", config_map=("settings", "url"))

    with pytest.raises(SecretNotFoundError, match="ConfigMap settings has no key url"):
        resolve_inputs(sync(env), Values(secrets={("team", "settings"): {"url": "x"}}), SALT)


def test_the_digest_follows_the_values_and_gives_them_away_to_nobody() -> None:
    def digest(value: str, salt: bytes = SALT) -> str:
        return resolve_inputs(sync(VariableSource("A", value=value)), Values(), salt).digest

    assert digest("a") == digest("a")
    assert digest("a") != digest("b")
    assert digest("a") != digest("a", b"other")


def test_a_secret_manifest_is_read_from_both_its_sections() -> None:
    body = {
        "kind": "Secret",
        "data": {"a": "aGVsbG8=", "b": "b2xk", "broken": "%%%"},
        "stringData": {"b": "new"},
    }

    assert read_secret(body) == {"a": "hello", "b": "new"}
    assert read_secret({"kind": "ConfigMap", "data": {"a": "plain"}}) == {"a": "plain"}
    assert read_secret({"kind": "Secret", "data": "x"}) == {}


def test_the_variable_of_a_key_is_spelled_in_capitals() -> None:
    assert environment_name("jira.main", "api-token") == "CTX_SECRET_JIRA_MAIN_API_TOKEN"


@pytest.mark.parametrize("name", ["..", "../sub", "/etc", ".", "a/b"])
def test_a_name_is_never_a_way_out_of_the_secrets_directory(tmp_path: Path, name: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "key").write_text("outside")
    (tmp_path / "secrets").mkdir()

    with pytest.raises(SecretNotFoundError):
        resolve_inputs(
            sync(VariableSource("T", secret=(name, "key"))),
            Values(directory=tmp_path / "secrets"),
            SALT,
        )


def test_a_file_beside_the_wanted_one_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "jira").mkdir()
    (tmp_path / "jira" / "api-token").write_text("fine")
    (tmp_path / "jira" / ".api-token.swp").write_bytes(b"\xff\xfe")

    assert resolve_inputs(sync(TOKEN), Values(directory=tmp_path), SALT).values == {"TOKEN": "fine"}


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"\xff\xfe", "cannot be read as text"), (b"a\0b", "NUL"), (b"x" * 200_000, "longer than")],
)
def test_a_value_that_no_process_can_take_is_refused_without_showing_it(
    tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "jira").mkdir()
    (tmp_path / "jira" / "api-token").write_bytes(content)

    with pytest.raises(ConfigError, match=said):
        resolve_inputs(sync(TOKEN), Values(directory=tmp_path), SALT)
