"""
The CEL rules of the CRDs as predicates, for servers and laptops that do not evaluate them.

Keyed by where the rule stands and by its text, so that a rule which changes in
crds/ without its predicate is found by a test; the message is the CRD's.
"""

import re
from collections.abc import Callable, Mapping

from controller.instants import parse_duration
from controller.resources.reading import parse_quantity

Predicate = Callable[[object, object], bool]
"""Takes the value, and the one before it; True means that the rule holds."""

_LONGEST_SECONDS = (2**63 - 1) / 1e9
"""Go counts durations in nanoseconds, in 63 bits."""
_HTTP_WITH_USER = re.compile(r"^https?://[^/]*@")
_SSH_WITH_PASSWORD = re.compile(r"^ssh://[^/@]*:[^/@]*@")


def _plain_http_is_meant(spec: object, _old: object) -> bool:
    return not _text(spec, "url").startswith("http://") or _entry(spec, "insecure") is True


def _url_holds_no_credentials(url: object, _old: object) -> bool:
    return not _HTTP_WITH_USER.search(str(url)) and not _SSH_WITH_PASSWORD.search(str(url))


def _names_one_reference(ref: object, _old: object) -> bool:
    exact = sum(_has(ref, key) for key in ("tag", "semver", "name", "commit"))
    return exact + (_has(ref, "branch") and not _has(ref, "commit")) <= 1


def _stays_inside(path: object, _old: object) -> bool:
    return not str(path).startswith("/") and ".." not in str(path).split("/")


def _between(least: str, most: str) -> Predicate:
    def holds(value: object, _old: object) -> bool:
        seconds = _seconds(value)
        return seconds is not None and parse_duration(least) <= seconds <= parse_duration(most)

    return holds


def _at_least(least: str) -> Predicate:
    def holds(value: object, _old: object) -> bool:
        seconds = _seconds(value)
        return seconds is not None and parse_duration(least) <= seconds

    return holds


def _one_of_schedule_and_interval(value: object, _old: object) -> bool:
    return not (_has(value, "schedule") and _has(value, "interval"))


def _needs_a_cron(key: str) -> Predicate:
    def holds(spec: object, _old: object) -> bool:
        full = _entry(spec, "fullSync")
        return not _has(spec, key) or _has(spec, "schedule") or _has(full, "schedule")

    return holds


def _same_connector(spec: object, old: object) -> bool:
    return _text(_entry(spec, "connector"), "name") == _text(_entry(old, "connector"), "name")


def _same_source(spec: object, old: object) -> bool:
    return _entry(spec, "sourceName") == _entry(old, "sourceName")


def _one_origin(variable: object, _old: object) -> bool:
    return _has(variable, "value") != _has(variable, "valueFrom")


def _enough_memory(value: object, _old: object) -> bool:
    return isinstance(value, int | str) and parse_quantity(value) >= parse_quantity("16Mi")


def _backoff_in_order(retry: object, _old: object) -> bool:
    first, most = _seconds(_entry(retry, "backoff")), _seconds(_entry(retry, "maxBackoff"))
    return first is not None and most is not None and 1 <= first <= most


PREDICATES: Mapping[tuple[str, str], Predicate] = {
    (
        "spec",
        "!self.url.startsWith('http://') || self.insecure",
    ): _plain_http_is_meant,
    (
        "spec.url",
        "!self.matches('^https?://[^/]*@') && !self.matches('^ssh://[^/@]*:[^/@]*@')",
    ): _url_holds_no_credentials,
    (
        "spec.ref",
        (
            "(has(self.tag)?1:0)+(has(self.semver)?1:0)+(has(self.name)?1:0)"
            "+(has(self.commit)?1:0)+(has(self.branch)&&!has(self.commit)?1:0) <= 1"
        ),
    ): _names_one_reference,
    (
        "spec.path",
        "!self.startsWith('/') && !self.split('/').exists(p, p == '..')",
    ): _stays_inside,
    (
        "spec.interval",
        "duration(self) >= duration('10s') && duration(self) <= duration('24h')",
    ): _between("10s", "24h"),
    (
        "spec.timeout",
        "duration(self) >= duration('1s') && duration(self) <= duration('30m')",
    ): _between("1s", "30m"),
    (
        "spec",
        "!(has(self.schedule) && has(self.interval))",
    ): _one_of_schedule_and_interval,
    (
        "spec",
        "!has(self.timeZone) || has(self.schedule) || has(self.fullSync.schedule)",
    ): _needs_a_cron("timeZone"),
    (
        "spec",
        "!has(self.startingDeadline) || has(self.schedule) || has(self.fullSync.schedule)",
    ): _needs_a_cron("startingDeadline"),
    (
        "spec",
        "self.connector.name == oldSelf.connector.name",
    ): _same_connector,
    (
        "spec",
        (
            "has(self.sourceName) == has(oldSelf.sourceName)"
            " && (!has(self.sourceName) || self.sourceName == oldSelf.sourceName)"
        ),
    ): _same_source,
    (
        "spec.env[*]",
        "has(self.value) != has(self.valueFrom)",
    ): _one_origin,
    (
        "spec.interval",
        "duration(self) >= duration('30s')",
    ): _at_least("30s"),
    (
        "spec.fullSync",
        "!(has(self.schedule) && has(self.interval))",
    ): _one_of_schedule_and_interval,
    (
        "spec.timeout",
        "duration(self) >= duration('1s') && duration(self) <= duration('24h')",
    ): _between("1s", "24h"),
    (
        "spec.limits.memory",
        "isQuantity(string(self)) && quantity(string(self)).compareTo(quantity('16Mi')) >= 0",
    ): _enough_memory,
    (
        "spec.retry",
        (
            "duration(self.backoff) >= duration('1s')"
            " && duration(self.backoff) <= duration(self.maxBackoff)"
        ),
    ): _backoff_in_order,
}


def _entry(value: object, key: str) -> object:
    return value.get(key) if isinstance(value, Mapping) else None


def _has(value: object, key: str) -> bool:
    return isinstance(value, Mapping) and key in value


def _text(value: object, key: str) -> str:
    found = _entry(value, key)
    return found if isinstance(found, str) else ""


def _seconds(value: object) -> float | None:
    seconds = parse_duration(str(value))
    return seconds if seconds <= _LONGEST_SECONDS else None
