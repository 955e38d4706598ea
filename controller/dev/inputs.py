"""
Values for `spec.env` on a laptop: from manifests, a directory, or the environment.

In a cluster the kubelet does this and the operator never sees a value; here
the same references are looked up in three places, in this order.
"""

import hmac
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from controller.errors import ConfigError, SecretNotFoundError
from controller.model.sync import DesiredSync, VariableSource

LONGEST_VALUE = 100_000
"""Bytes; Linux takes 128 KiB for one variable with its name."""


@dataclass(frozen=True, slots=True)
class Values:
    """`secrets` and `config_maps` map (namespace, name) to their keys and values."""

    secrets: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    config_maps: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    directory: Path | None = None
    """`--secrets`: files `<name>/<key>`."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Names `CTX_SECRET_<NAME>_<KEY>`."""

    def secret(self, namespace: str, name: str, keys: Sequence[str]) -> dict[str, str]:
        """
        Look up keys of a Secret in the three places; what is nowhere is left out.

        Raises:
            ConfigError: A value cannot be read, or not be handed to a process.
        """
        found: dict[str, str] = {}
        manifest = self.secrets.get((namespace, name), {})
        for key in keys:
            value = manifest.get(key)
            if value is None:
                value = self._from_file(name, key)
            if value is None:
                value = self.environment.get(environment_name(name, key))
            if value is not None:
                found[key] = _usable(value, f"Secret {namespace}/{name}, key {key}")
        return found

    def _from_file(self, name: str, key: str) -> str | None:
        # A name is one step below the directory, and never a way out of it.
        if self.directory is None or not (_is_step(name) and _is_step(key)):
            return None
        path = self.directory / name / key
        try:
            return path.read_text().rstrip("\n") if path.is_file() else None
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"the secret file {path} cannot be read as text", hint="write it as UTF-8"
            ) from error

    def key(self, source: VariableSource, namespace: str) -> str | None:
        """Look one key of a Secret or ConfigMap up; None when it is nowhere."""
        if source.config_map is not None:
            name, key = source.config_map
            value = self.config_maps.get((namespace, name), {}).get(key)
            return None if value is None else _usable(value, f"ConfigMap {name}, key {key}")
        if source.secret is None:
            return source.value
        name, key = source.secret
        return self.secret(namespace, name, (key,)).get(key)


@dataclass(frozen=True, slots=True)
class Inputs:
    """The values of one ConnectorSync and a digest that changes when one of them does."""

    values: Mapping[str, str]
    digest: str


def environment_name(name: str, key: str) -> str:
    """Spell the variable that stands for a key: `CTX_SECRET_JIRA_API_TOKEN` for jira/api-token."""
    return "CTX_SECRET_" + "_".join(
        "".join(letter if letter.isalnum() else "_" for letter in part).upper()
        for part in (name, key)
    )


def _is_step(name: str) -> bool:
    return name not in ("", ".", "..") and "/" not in name and "\0" not in name


def _usable(value: str, what: str) -> str:
    """Check that a value fits into the environment of the process that runs the script."""
    if "\0" in value:
        raise ConfigError(f"{what} holds a NUL character", hint="encode it, in base64 for example")
    if len(value.encode("utf-8", "surrogatepass")) > LONGEST_VALUE:
        raise ConfigError(f"{what} is longer than {LONGEST_VALUE} bytes")
    return value


def resolve_inputs(desired: DesiredSync, values: Values, salt: bytes) -> Inputs:
    """
    Look up every entry of `spec.env`.

    Raises:
        SecretNotFoundError: A key is nowhere; the hint names the three ways.
    """
    found: dict[str, str] = {}
    for source in desired.env:
        value = values.key(source, desired.namespace)
        if value is not None:
            found[source.name] = value
        elif not source.optional:
            raise _missing(desired, source)
    total = hmac.new(salt, digestmod="sha256")
    for name, value in sorted(found.items()):
        total.update(f"{len(name)}:{name}{len(value)}:{value}".encode("utf-8", "surrogatepass"))
    return Inputs(found, total.hexdigest()[:32])


def read_secret(body: Mapping[str, object]) -> dict[str, str]:
    """
    Read the values of a Secret or ConfigMap manifest; `stringData` wins over `data`.

    Values that are not base64 in a Secret's `data` are left out: the API
    server would have refused them.
    """
    found: dict[str, str] = {}
    is_secret = body.get("kind") == "Secret"
    for key, value in _entries(body.get("data")):
        try:
            found[key] = b64decode(value, validate=True).decode() if is_secret else value
        except ValueError:
            continue
    found.update(_entries(body.get("stringData")))
    return found


def _entries(section: object) -> list[tuple[str, str]]:
    if not isinstance(section, dict):
        return []
    return [(str(key), value) for key, value in section.items() if isinstance(value, str)]


def _missing(desired: DesiredSync, source: VariableSource) -> SecretNotFoundError:
    kind = "Secret" if source.secret else "ConfigMap"
    name, key = source.secret or source.config_map or ("", "")
    message = f"{desired.namespace}/{desired.name}: {kind} {name} has no key {key}"
    if source.config_map is not None:
        return SecretNotFoundError(message, hint=f"add a ConfigMap manifest {name} with {key}")
    return SecretNotFoundError(
        message,
        hint=f"add a Secret manifest {name} with {key}, or a file {name}/{key} under --secrets DIR,"
        f" or set {environment_name(name, key)}",
    )
