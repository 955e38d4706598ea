"""`python -m benchmarks [NAME …]`: run benchmarks, print tables, keep the figures as JSON."""

import sys
from importlib import import_module
from pathlib import Path

from rich.console import Console

from benchmarks.measure import Report

_PARTS = {"__init__", "__main__", "corpus", "measure", "pages", "plot", "process", "scanning"}


def names() -> list[str]:
    """List the benchmarks: every module here that has a `run(report)`."""
    return sorted(
        path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in _PARTS
    )


def main(arguments: list[str]) -> int:
    """Run the named benchmarks, or all."""
    console = Console(width=None if sys.stdout.isatty() else 150)
    unknown = sorted(set(arguments) - set(names()))
    if unknown:
        console.print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(names())}")
        return 2
    missed = 0
    for name in arguments or names():
        report = Report(name)
        import_module(f"benchmarks.{name}").run(report)
        report.print(console)
        console.print(f"written to {report.write()}\n")
        missed += sum(figure.verdict is False for figure in report.figures)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
