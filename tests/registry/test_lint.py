from pathlib import Path

import pytest

from controller.errors import ScriptSyntaxError
from controller.registry import lint as linting
from controller.registry.lint import LintReport, lint
from controller.registry.manifest import Severity


def test_every_problem_is_found_at_once(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {
            "registry.toml": "[registri]\n"
            "[connectors.gone]\npath = 'gone.lua'\n"
            "[connectors.out]\npath = '../x.lua'\n"
            "[connectors.bad]\npath = 'bad.lua'\n"
            "[connectors.worse]\npath = 'worse.lua'\n"
            "[agents.a]\npath = 'a.toml'\n"
            "[agents.b]\npath = 'b.toml'\n"
            "[agents.c]\npath = 'c.toml'\n",
            "bad.lua": "line one\nbroken",
            "worse.lua": "crash",
            "a.toml": "x = \n",
            "c.toml": "x = 1\n",
            "connectors/unlisted/connector.lua": "",
        },
    )
    (tmp_path / "b.toml").write_bytes(b"x = '\xff'")

    report = _lint(tmp_path)

    assert not report.is_publishable()
    assert [(problem.severity, problem.text()) for problem in report.problems] == [
        (Severity.ERROR, "a.toml:1:5: Invalid value"),
        (Severity.ERROR, "b.toml: the file is not UTF-8"),
        (Severity.ERROR, "bad.lua:2: unexpected symbol near 'broken'"),
        (
            Severity.WARNING,
            (
                "connectors/unlisted/connector.lua: is not listed in registry.toml,"
                " so nobody can use it"
            ),
        ),
        (
            Severity.WARNING,
            "registry.toml:1: unknown key 'registri', did you mean 'registry'?",
        ),
        (Severity.ERROR, "registry.toml:3: connectors.gone: there is no file 'gone.lua'"),
        (
            Severity.ERROR,
            "registry.toml:5: connectors.out.path: '../x.lua' leads out of the registry",
        ),
        (Severity.ERROR, "worse.lua: the process died"),
    ]


def test_a_link_is_no_script(tmp_path: Path) -> None:
    _write(tmp_path, {"registry.toml": "[tools.x]\npath = 'd/tool.lua'\n", "real/tool.lua": ""})
    (tmp_path / "d").symlink_to("real")

    report = _lint(tmp_path)

    assert [p.text() for p in report.problems] == [
        "d/tool.lua: tools.x: links are not carried by a registry"
    ]


def test_a_directory_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    report = _lint(tmp_path / "nowhere")

    assert [problem.message for problem in report.problems] == ["there is no such directory"]


def test_a_directory_of_nothing_is_a_problem(tmp_path: Path) -> None:
    report = _lint(tmp_path)

    assert [p.text() for p in report.problems] == [
        "registry.toml: there is no registry.toml and no extension"
    ]


def test_a_manifest_that_is_not_text_does_not_stop_the_search(tmp_path: Path) -> None:
    _write(tmp_path, {"connectors/jira/connector.lua": "broken"})
    (tmp_path / "registry.toml").write_bytes(b"\xff")

    report = _lint(tmp_path)

    assert len(report.problems) == 2


def test_a_registry_without_a_manifest_is_checked_by_its_directories(tmp_path: Path) -> None:
    _write(tmp_path, {"connectors/jira/connector.lua": "fine"})

    report = _lint(tmp_path)

    assert report.problems == ()
    assert [entry.name for entry in report.extensions] == ["jira"]


def test_a_script_of_absurd_size_is_not_compiled(tmp_path: Path) -> None:
    _write(tmp_path, {"connectors/jira/connector.lua": ""})
    with (tmp_path / "connectors/jira/connector.lua").open("r+b") as stream:
        stream.truncate(linting.LARGEST_SCRIPT + 1)

    report = _lint(tmp_path)

    assert ["more than" in problem.message for problem in report.problems] == [True]


@pytest.mark.parametrize("warned", ["[registri]\n", "extra = 1\n"])
def test_warnings_do_not_keep_a_registry_from_being_published(tmp_path: Path, warned: str) -> None:
    _write(tmp_path, {"registry.toml": warned})

    report = _lint(tmp_path)

    assert report.problems
    assert report.is_publishable()


def _lint(root: Path) -> LintReport:
    return lint(root, _compile)


def _compile(name: str, text: bytes) -> None:
    """Stands for the Lua compiler, which this room may not know."""
    if text == b"crash":
        raise ScriptSyntaxError("the process died")
    for number, line in enumerate(text.splitlines(), start=1):
        if b"broken" in line:
            raise ScriptSyntaxError(f"{name}:{number}: unexpected symbol near 'broken'")


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
