import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from controller import __version__
from tests.cli.console import Console, item

HEAVY = "controller.lua.supervisor structlog rich numpy httpx httpcore pygit2 lupa psycopg jsonschema yaml tomlkit watchdog"


def ctx(
    *arguments: str, cwd: Path, stdin: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "controller", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        input=stdin,
        env={**os.environ, **environment},
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["search", "x", "--nonsense"], "No such option"),
        (["--config"], "requires an argument"),
        (["snyc", "script"], "No such command 'snyc'. Did you mean 'sync'?"),
        (["connector", "nonsense"], "No such command 'nonsense'"),
        (["--log-format", "xml", "stats"], "'xml' is not one of"),
    ],
)
def test_a_line_that_makes_no_sense_is_a_usage_error(
    console: Console, arguments: list[str], problem: str
) -> None:
    answer = console.run(*arguments)

    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.startswith("Error: ")
    assert problem in answer.err
    assert re.search(r"Hint: see ctx .*--help", answer.err)


def test_a_working_directory_that_is_gone_is_told(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = console.directory / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    answer = console.run("stats")

    assert answer.code == 2
    assert answer.err == "Error: the working directory is gone\nHint: change to another\n"


def test_a_usage_error_is_json_for_a_program(console: Console) -> None:
    answer = console.run("search", "x", "--nonsense", "--output=json")

    assert answer.code == 2
    assert answer.error()["reason"] == "InvalidUsage"


def test_without_a_command_the_help_is_shown(console: Console) -> None:
    answer = console.run()

    assert answer.code == 2
    assert "Commands:" in answer.out + answer.err


def test_the_help_lists_every_command_and_imports_none(console: Console) -> None:
    probe = (
        "import sys; from controller.cli.main import run; run(['--help'])\n"
        "print(sorted(m for m in sys.modules if m.startswith('controller.cli.')))"
    )

    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)

    for name in (
        "init",
        "sync",
        "search",
        "get",
        "sources",
        "stats",
        "connector",
        "registry",
        "dev",
    ):
        assert re.search(rf"^  {name}  ", done.stdout, re.MULTILINE)
    assert "controller.cli.search" not in done.stdout


@pytest.mark.parametrize("before", [True, False])
def test_the_config_stands_before_or_after_the_command(console: Console, before: bool) -> None:
    console.write("mine.toml", "[db]\npath = 'mine.sqlite'\n")
    option = ("--config", "mine.toml")

    answer = console.run(*option, "init") if before else console.run("init", *option)

    assert answer.code == 0
    assert (console.directory / "mine.sqlite").is_file()


def test_an_option_after_the_command_wins_and_none_undoes_one_before(console: Console) -> None:
    console.write("first.toml", "[db]\npath = 'first.sqlite'\n")
    console.write("second.toml", "[db]\npath = 'second.sqlite'\n")

    console.run("--config", "first.toml", "init", "--config", "second.toml")
    console.run("--config", "first.toml", "init", "--verbose")

    assert sorted(path.name for path in console.directory.glob("*.sqlite")) == [
        "first.sqlite",
        "second.sqlite",
    ]


def test_a_broken_config_is_told_with_its_place(console: Console) -> None:
    config = console.write("ctx.toml", "[db]\npath =\n")

    answer = console.run("search", "x")

    assert answer.code == 1
    assert answer.err.startswith(f"Error: {config}:2:")
    assert "(key path)" in answer.err


@pytest.mark.parametrize("name", ["nowhere.toml", "."])
def test_a_config_that_is_no_file_is_named(console: Console, name: str) -> None:
    answer = console.run("stats", "--config", name, "--output", "json")

    assert answer.code == 1
    assert answer.error()["reason"] == "InvalidConfig"
    assert str(console.directory) in answer.error()["message"]


def test_odd_settings_are_warnings_on_standard_error(console: Console) -> None:
    config = console.write("ctx.toml", "[retrieval]\nfinal_limits = 3\n")

    answer = console.run("sources")

    assert answer.code == 0
    assert answer.err == (
        f"Warning: {config}: retrieval.final_limits is unknown; did you mean 'final_limit'?\n"
    )


def test_a_defect_ends_in_words_and_verbose_shows_where(console: Console) -> None:
    # No shell can pass this; nothing before the file system minds it.
    impossible = ("stats", "--config", "a\0b")

    plain = console.run(*impossible)
    verbose = console.run(*impossible, "--verbose")

    assert plain.code == verbose.code == 1
    assert "a defect of ctx (ValueError" in plain.err
    assert "Traceback" not in plain.err
    assert "Traceback" in verbose.err


@pytest.mark.parametrize("arguments", [["--version"], ["--version", "--verbose"]])
def test_the_version_is_printed(tmp_path: Path, arguments: list[str]) -> None:
    done = ctx(*arguments, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (0, f"ctx {__version__}\n")


def test_a_reader_that_has_seen_enough_is_no_error(console: Console) -> None:
    console.store(item("A-1", "word\n" * 100_000))
    script = f"{sys.executable} -m controller get script:jira/A-1; echo code $? >&2"

    done = subprocess.run(
        ["bash", "-c", f"{{ {script}; }} | head -1"], capture_output=True, text=True, check=True
    )

    assert done.stdout == "--- Document ---\n"
    assert done.stderr == "code 0\n"


def test_a_terminal_without_the_character_gets_its_escape(console: Console) -> None:
    console.store(item("A-1", "caf\u00e9 \u2713"))

    done = ctx("get", "script:jira/A-1", cwd=console.directory, PYTHONIOENCODING="ascii")

    assert done.returncode == 0
    assert "caf\\xe9 \\u2713" in done.stdout


@pytest.mark.parametrize(
    "arguments", [["--version"], ["search", "word"], ["get", "script:jira/A-1"]]
)
def test_what_must_start_fast_imports_nothing_heavy(console: Console, arguments: list[str]) -> None:
    console.store(item("A-1", "word"))
    probe = (
        "import sys; from controller.__main__ import main\n"
        f"sys.argv = ['ctx', *{arguments!r}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        f"found = [name for name in {HEAVY!r}.split() if name in sys.modules]\n"
        "print('heavy:', found, file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)

    assert done.stdout
    assert done.stderr == "heavy: []\n"


def test_the_version_needs_no_command_line_library() -> None:
    probe = (
        "import sys; from controller.__main__ import main\n"
        "sys.argv = ['ctx', '--version']; main(); print('click' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)

    assert done.stdout.endswith("\nFalse\n")
