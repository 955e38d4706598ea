"""The command line: how soon it answers, what it loads, how large a plain install is."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from benchmarks.corpus import Corpus
from benchmarks.measure import Figure, Report, median, percentile, wall_times
from benchmarks.process import CTX, environment
from benchmarks.store import SOURCE, sync

ROUNDS = 25
SIZES = (10_000, 100_000)
DISTRIBUTION = "context-harness-controller"
LIMIT_MB = 80

# Seconds of processor time from the first import to the last, in a fresh interpreter.
IMPORTS = """
from time import process_time
start = process_time()
import controller.cli.main, controller.cli.{module}
print(process_time() - start)
"""


def run(report: Report) -> None:
    """Measure start-up, whole searches at two sizes, imports and the install."""
    with TemporaryDirectory(prefix="ctx-bench-") as name:
        directory = Path(name)
        _start_up(report, directory)
        for count in SIZES:
            _search(report, directory, count)
    for module in ("search", "sync", "dev"):
        seconds = median([_import_seconds(module) for _ in range(ROUNDS)])
        report.add(Figure(f"imports of ctx {module}", seconds * 1000, "CPU-ms"))
    _install(report)


def _start_up(report: Report, directory: Path) -> None:
    version, bare = _in_turn(
        _start([str(CTX), "--version"], directory),
        _start([sys.executable, "-c", "pass"], directory),
    )
    report.add(
        Figure("ctx --version, p50", percentile(version, 0.5) * 1000, "ms", bar="<= 60"),
    )
    report.add(
        Figure(
            "ctx --version beside Python, p50",
            percentile(version, 0.5) * 1000,
            "ms",
            "",
            "python -c pass",
            percentile(bare, 0.5) * 1000,
        )
    )


def _search(report: Report, directory: Path, count: int) -> None:
    database = directory / f"store-{count}.sqlite"
    corpus = Corpus()
    sync(database, list(corpus.documents(count)), "first", SOURCE)
    (directory / "ctx.toml").write_text(f'[db]\npath = "{database}"\n', encoding="utf-8")
    size = f"{count:,} documents"
    for name, words, bar in (
        ("a unique word", "token000017", "<= 120"),
        ("a selective word", corpus.words[1000], "<= 120"),
        ("a very common word", corpus.words[0], ""),
    ):
        ours, bare = _in_turn(
            _start([str(CTX), "search", words], directory),
            _start([sys.executable, "-c", "pass"], directory),
        )
        floor = percentile(bare, 0.5) * 1000
        report.add(Figure(f"{name}, p50", percentile(ours, 0.5) * 1000, "ms", size, bar=bar))
        report.add(
            Figure(
                f"{name}, p95",
                percentile(ours, 0.95) * 1000,
                "ms",
                size,
                "python -c pass, p50",
                floor,
            )
        )


def _in_turn(
    ours: Callable[[], object], floor: Callable[[], object]
) -> tuple[list[float], list[float]]:
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        times[0].extend(wall_times(ours, 1))
        times[1].extend(wall_times(floor, 1))
    return times


def _start(command: Sequence[str], directory: Path) -> Callable[[], object]:
    def start() -> object:
        return subprocess.run(
            command, cwd=directory, env=environment(), stdout=subprocess.DEVNULL, check=True
        )

    return start


def _import_seconds(module: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS.format(module=module)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return float(done.stdout)


def _install(report: Report) -> None:
    found = runtime_distributions(DISTRIBUTION)
    sizes = {name: _size_of(one) for name, one in found.items()}
    # An editable install lists no files of the package itself.
    sizes[DISTRIBUTION] = _size_below(Path(__file__).parent.parent / "controller")
    total = sum(sizes.values()) / 1e6
    packages = f"{len(sizes)} distributions"
    report.add(Figure("plain install", total, "MB", packages, bar=f"<= {LIMIT_MB}"))
    for name, size in sorted(sizes.items(), key=lambda pair: -pair[1])[:4]:
        report.add(Figure(f"of which {name}", size / 1e6, "MB"))


def runtime_distributions(name: str) -> dict[str, Distribution]:
    """Follow the requirements that a plain install has, as pip would."""
    found: dict[str, Distribution] = {}
    waiting = [Requirement(name)]
    seen: set[tuple[str, str]] = set()
    while waiting:
        wanted = waiting.pop()
        key = canonicalize_name(wanted.name)
        try:
            found[key] = distribution(wanted.name)
        except PackageNotFoundError:
            continue
        for extra in ("", *sorted(wanted.extras)):
            if (key, extra) in seen:
                continue
            seen.add((key, extra))
            waiting += _needed(found[key], extra)
    return found


def _needed(found: Distribution, extra: str) -> list[Requirement]:
    around = {**{key: str(value) for key, value in default_environment().items()}, "extra": extra}
    needed = [Requirement(text) for text in found.requires or ()]
    return [one for one in needed if one.marker is None or one.marker.evaluate(around)]


def _size_of(found: Distribution) -> int:
    paths = [Path(str(found.locate_file(file))) for file in found.files or ()]
    return sum(path.stat().st_size for path in paths if path.is_file())


def _size_below(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
