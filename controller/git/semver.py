"""
Semantic versions and the ranges that `spec.ref.semver` takes.

The grammar is that of Masterminds/semver, which Flux users know: `1.2.x`,
`^1.2`, `~1.2`, `>=1.0 <2.0`, `1.0 - 2.0`, `a || b`.  A pre-release matches only
a range that names one.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import total_ordering

from controller.errors import InvalidSpecError

_VERSION = re.compile(
    r"v?(?P<major>0|[1-9]\d*)(?:\.(?P<minor>0|[1-9]\d*))?(?:\.(?P<patch>0|[1-9]\d*))?"
    r"(?:-(?P<pre>[0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?"
)
_TERM = re.compile(
    r"(?P<sign>=|==|!=|>=|=>|<=|=<|>|<|\^|~|~>)?\s*v?"
    r"(?P<major>\d+|[xX*])(?:\.(?P<minor>\d+|[xX*]))?(?:\.(?P<patch>\d+|[xX*]))?"
    r"(?:-(?P<pre>[0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?"
)
_HYPHEN = re.compile(r"\s*(\S+)\s+-\s+(\S+)\s*")
_SEPARATOR = re.compile(r"[,\s]*")

Matcher = Callable[["Version"], bool]


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A version; a missing minor or patch counts as zero, build metadata as nothing."""

    major: int
    minor: int
    patch: int
    pre: tuple[str, ...] = ()

    def __lt__(self, other: "Version") -> bool:
        return self._key() < other._key()

    def _key(self) -> tuple[tuple[int, int, int], bool, tuple[tuple[bool, int, str], ...]]:
        # Precedence of semver.org §11: numbers before words, a release after its pre-releases.
        parts = tuple((not p.isdigit(), int(p) if p.isdigit() else 0, p) for p in self.pre)
        return (self.major, self.minor, self.patch), not self.pre, parts


def parse_version(text: str) -> Version | None:
    """Read a version such as `v1.2.3-rc.1`; None when it is none."""
    found = _VERSION.fullmatch(text)
    if found is None:
        return None
    pre = tuple(found["pre"].split(".")) if found["pre"] else ()
    return Version(int(found["major"]), int(found["minor"] or 0), int(found["patch"] or 0), pre)


def latest(names: Iterable[str], constraint: str) -> str | None:
    """
    Choose the tag with the highest version in a range; None when no tag is in it.

    Tags that are no versions are passed over.  Of two spellings of one version
    the greater string wins, so that the choice never depends on an order.

    Raises:
        InvalidSpecError: The range cannot be read.
    """
    matches = parse_range(constraint)
    best: tuple[Version, str] | None = None
    for name in names:
        version = parse_version(name)
        if version is not None and matches(version):
            best = max(best, (version, name)) if best is not None else (version, name)
    return best[1] if best is not None else None


def parse_range(constraint: str) -> Matcher:
    """
    Turn a range into a predicate.

    Raises:
        InvalidSpecError: The range cannot be read.
    """
    alternatives = [_parse_conjunction(part, constraint) for part in constraint.split("||")]
    return lambda version: any(all(term(version) for term in terms) for terms in alternatives)


def _parse_conjunction(text: str, whole: str) -> list[Matcher]:
    hyphen = _HYPHEN.fullmatch(text)
    if hyphen is not None:
        text = f">={hyphen[1]} <={hyphen[2]}"
    terms: list[Matcher] = []
    position = _SEPARATOR.match(text).end()  # type: ignore[union-attr]  # matches always
    while position < len(text):
        found = _TERM.match(text, position)
        if found is None:
            break
        terms.append(_term(found))
        position = _SEPARATOR.match(text, found.end()).end()  # type: ignore[union-attr]
    if position < len(text) or not terms:
        raise InvalidSpecError(
            f"spec.ref.semver: '{whole}' is no version range", hint="such as '>=1.0.0 <2.0.0'"
        )
    return terms


def _term(found: re.Match[str]) -> Matcher:
    """One comparison; `1.2` and `1.2.x` both mean the whole of 1.2."""
    numbers = [found[name] for name in ("major", "minor", "patch")]
    given = [int(n) for n in numbers if n is not None and n.isdigit()]
    # After a wildcard nothing counts: 1.x.3 is 1.x.
    known = next((i for i, n in enumerate(numbers) if n is None or not n.isdigit()), 3)
    given = given[:known]
    pre = tuple(found["pre"].split(".")) if found["pre"] else ()
    low = Version(*_padded(given), pre)
    inside = _comparison(found["sign"] or "=", low, known)
    # A pre-release is opted into by naming one.
    return lambda version: (not version.pre or bool(pre)) and inside(version)


def _padded(numbers: list[int]) -> tuple[int, int, int]:
    major, minor, patch = [*numbers, 0, 0, 0][:3]
    return major, minor, patch


def _comparison(sign: str, low: Version, known: int) -> Matcher:
    after = _next(low, known)
    plain: dict[str, Matcher] = {
        ">": lambda v: v > low if known == 3 else v >= after,
        ">=": lambda v: v >= low,
        "<": lambda v: v < low,
        "<=": lambda v: v <= low if known == 3 else v < after,
        "!=": lambda v: v != low if known == 3 else not low <= v < after,
        "=": lambda v: v == low if known == 3 else known == 0 or low <= v < after,
    }
    if sign in ("^", "~", "~>"):
        end = _caret_end(low, known) if sign == "^" else _next(low, min(known, 2))
        return lambda v: known == 0 or low <= v < end
    return plain[{"==": "=", "=>": ">=", "=<": "<="}.get(sign, sign)]


def _next(version: Version, known: int) -> Version:
    """The first version after all that share the first `known` numbers, pre-releases included."""
    floor = ("0",)
    if known <= 1:
        return Version(version.major + 1, 0, 0, floor)
    if known == 2:
        return Version(version.major, version.minor + 1, 0, floor)
    return Version(version.major, version.minor, version.patch + 1, floor)


def _caret_end(low: Version, known: int) -> Version:
    """The first version that may break what `low` promises: the leftmost number not zero moves."""
    if low.major or known <= 1:
        return _next(low, 1)
    if low.minor or known == 2:
        return _next(low, 2)
    return _next(low, 3)
