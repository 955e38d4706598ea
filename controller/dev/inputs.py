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

from controller.errors import SecretNotFoundError
from controller.model.sync import DesiredSync, VariableSource


@dataclass(frozen=True, slots=True)
class Values:
    """`secrets` and `config_maps` map (namespace, name) to their keys and values."""

    secrets: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    config_maps: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    directory: Path | None = None
    """`--secrets`: files `<name>/<key>`."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Names `CTX_SECRET_<NAME>_<KEY>`."""

    def secret(self, namespace: str, name: str, keys: Sequence[str] = ()) -> dict[str, str]:
        """
        Collect the keys of a Secret from the three places; empty when there is none.

        A variable's name does not say which key it spells, so in the
        environment only the `keys` asked for are found.
        """
        found = dict(self.secrets.get((namespace, name), {}))
        if self.directory is not None and (self.directory / name).is_dir():
            for path in (self.directory / name).iterdir():
                if path.is_file():
                    found.setdefault(path.name, path.read_text().rstrip("\n"))
        for key in keys:
            variable = environment_name(name, key)
            if variable in self.environment:
                found.setdefault(key, self.environment[variable])
        return found

    def key(self, source: VariableSource, namespace: str) -> str | None:
        """Look one key of a Secret or ConfigMap up; None when it is nowhere."""
        if source.config_map is not None:
            name, key = source.config_map
            return self.config_maps.get((namespace, name), {}).get(key)
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
    return [(str(key), str(value)) for key, value in section.items() if value is not None]


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
