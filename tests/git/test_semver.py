import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import InvalidSpecError
from controller.git.semver import Version, latest, parse_range, parse_version

versions = st.builds(
    Version,
    st.integers(0, 9),
    st.integers(0, 9),
    st.integers(0, 9),
    st.sampled_from([(), ("0",), ("alpha",), ("rc", "1"), ("rc", "11")]),
)


@pytest.mark.parametrize("text", ["", "latest", "1.2.3.4", "1.02.3", "v", "1.2.3-", "x1.0"])
def test_what_is_no_version_is_none(text: str) -> None:
    assert parse_version(text) is None


@pytest.mark.parametrize(
    "text", ["", "||", "1.0 ||", "latest", ">", ">=1.0 <", "1.2.3.4", "^a.b", "1.0 - ", "=>=1"]
)
def test_a_range_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InvalidSpecError, match="no version range"):
        parse_range(text)


def test_versions_are_ordered_as_semver_org_says() -> None:
    written = ["1.0.0-1", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta", "1.0.0-rc.2", "1.0.0-rc.11",
               "1.0.0", "1.0.1", "v1.1", "2"]  # fmt: skip

    found = [parse_version(text) for text in reversed(written)]

    assert sorted(v for v in found if v) == [parse_version(text) for text in written]


@pytest.mark.parametrize(
    ("constraint", "inside", "outside"),
    [
        ("*", ["0.0.0", "9.9.9"], ["1.0.0-rc.1"]),
        ("1", ["1.0.0", "1.9.9"], ["0.9.9", "2.0.0"]),
        ("1.2", ["1.2.0", "1.2.9"], ["1.3.0"]),
        ("1.2.x", ["1.2.0", "1.2.9"], ["1.3.0", "1.1.9"]),
        ("1.x.3", ["1.0.0", "1.9.9"], ["2.0.0"]),
        ("1.2.3", ["1.2.3", "v1.2.3+build"], ["1.2.4", "1.2.3-rc.1"]),
        ("!=1.2.3", ["1.2.4"], ["1.2.3"]),
        ("!=1.2", ["1.3.0"], ["1.2.3"]),
        (">1.2", ["1.3.0"], ["1.2.9"]),
        (">1.2.3", ["1.2.4"], ["1.2.3"]),
        (">=1.2", ["1.2.0"], ["1.1.9"]),
        ("=>1.2", ["1.2.0"], ["1.1.9"]),
        ("<1.2", ["1.1.9"], ["1.2.0"]),
        ("<=1.2", ["1.2.9"], ["1.3.0"]),
        ("<=1.2.3", ["1.2.3"], ["1.2.4"]),
        ("^1.2.3", ["1.2.3", "1.9.0"], ["2.0.0", "1.2.2"]),
        ("^0.2.3", ["0.2.3", "0.2.9"], ["0.3.0"]),
        ("^0.0.3", ["0.0.3"], ["0.0.4"]),
        ("^0.0", ["0.0.9"], ["0.1.0"]),
        ("^0", ["0.9.9"], ["1.0.0"]),
        ("^*", ["3.0.0"], []),
        ("~1.2.3", ["1.2.9"], ["1.3.0"]),
        ("~1", ["1.9.0"], ["2.0.0"]),
        ("~>1.2", ["1.2.9"], ["1.3.0"]),
        (">=1.0.0 <2.0.0", ["1.5.0"], ["2.0.0", "0.9.0"]),
        (">=1.0, <2, !=1.5.0", ["1.4.0"], ["1.5.0"]),
        ("1.0 - 2.0", ["1.0.0", "2.0.9"], ["2.1.0"]),
        ("<1.0 || >=3.0", ["0.1.0", "3.1.0"], ["2.0.0"]),
        (">=1.0.0-0", ["1.0.0-rc.1", "2.0.0"], []),
    ],
)
def test_a_range_holds_what_masterminds_says(
    constraint: str, inside: list[str], outside: list[str]
) -> None:
    matches = parse_range(constraint)

    assert [text for text in inside if not matches(_version(text))] == []
    assert [text for text in outside if matches(_version(text))] == []


def test_the_latest_tag_wins_and_other_tags_are_passed_over() -> None:
    tags = ["v1.0.0", "nightly", "v1.2.0-rc.1", "v1.1.0", "1.1.0"]

    assert latest(tags, ">=1.0") == latest(reversed(tags), ">=1.0") == "v1.1.0"
    assert latest(tags, ">=2") is None


@given(versions, versions)
def test_versions_have_one_order(one: Version, other: Version) -> None:
    assert (one < other) + (other < one) + (one == other) == 1


@given(versions, versions)
def test_a_comparison_and_its_opposite_never_agree(one: Version, other: Version) -> None:
    text = ".".join(str(n) for n in (other.major, other.minor, other.patch)) + "-0"
    below, from_here = parse_range(f"<{text}"), parse_range(f">={text}")

    assert below(one) != from_here(one)


def _version(text: str) -> Version:
    found = parse_version(text)
    assert found is not None
    return found
