"""Ten thousand Markdown files in the connector's directory, read through `fs`."""

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.corpus import Corpus
from benchmarks.measure import Cost, Figure, Report, measured, median
from benchmarks.process import Ran, run_ctx
from benchmarks.scanning import scan

FOLDERS = 100
PER_FOLDER = 100
COUNT = FOLDERS * PER_FOLDER
ROUNDS = 3

SCRIPT = """connector = { name = "files", version = "1.0.0", description = "Reads Markdown" }

function connector.scan(config)
  for _, folder in ipairs(fs.list("pages")) do
    for _, file in ipairs(fs.list(folder.path, "*.md")) do
      local text = fs.read(file.path)
      emit {
        source_id = file.path,
        title = string.match(text, "^# ([^\\n]*)") or file.name,
        body = text,
        content_type = "text/markdown",
        updated_at = file.modified,
      }
    end
  end
end
"""


def run(report: Report) -> None:
    """Measure the scan beside a plain Python loop, and the whole `ctx sync`, first and again."""
    with TemporaryDirectory(prefix="ctx-bench-") as name:
        directory = Path(name)
        _make(directory / "connector")
        ours: list[Cost] = []
        plain: list[Cost] = []
        first: list[Ran] = []
        same: list[Ran] = []
        for number in range(ROUNDS):
            plain.append(_plain_scan(directory / "connector"))
            ours.append(scan(directory / "connector" / "files.lua", {}, COUNT))
            _configure(directory, number)
            first.append(run_ctx(["sync", "script:files", "--no-progress"], directory))
            same.append(run_ctx(["sync", "script:files", "--no-progress"], directory))
    size = f"{COUNT:,} files"
    speed = COUNT / median([cost.cpu for cost in ours])
    floor = COUNT / median([cost.cpu for cost in plain])
    report.add(Figure("scan, host and guest", speed, "/CPU-s", size, "Python loop", floor))
    report.add(Figure("scan", median([cost.wall for cost in ours]), "s", size))
    report.add(Figure("first sync, whole", median([ran.wall for ran in first]), "s", size))
    report.add(Figure("unchanged re-sync", median([ran.wall for ran in same]), "s", size))


def _make(directory: Path) -> None:
    texts = Corpus().documents(COUNT)
    for folder in range(FOLDERS):
        below = directory / "pages" / f"{folder:03}"
        below.mkdir(parents=True)
        for number in range(PER_FOLDER):
            title, body = next(texts)
            (below / f"page-{number:03}.md").write_text(f"# {title}\n\n{body}\n", encoding="utf-8")
    (directory / "files.lua").write_text(SCRIPT, encoding="utf-8")


def _configure(directory: Path, number: int) -> None:
    (directory / "ctx.toml").write_text(
        f'[db]\npath = "store-{number}.sqlite"\n'
        '[connectors.script.files]\npath = "connector/files.lua"\n',
        encoding="utf-8",
    )


def _plain_scan(directory: Path) -> Cost:
    """Do what any Python program would: walk, stat, read."""
    items = []
    with measured() as cost:
        for path in sorted((directory / "pages").rglob("*.md")):
            text = path.read_text(encoding="utf-8")
            title = text.partition("\n")[0].removeprefix("# ")
            items.append((str(path), title, text, path.stat().st_mtime))
    assert len(items) == COUNT
    return cost
