"""What the house tests look at: the files of this checkout, without what was built or fetched."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "controller"

NOT_OURS = frozenset({"__pycache__", "build", "dist", "demo", "results"})
"""Directories that tools and runs leave behind; none of them is tracked."""

TEXT = frozenset(
    {".cfg", ".html", ".json", ".lua", ".md", ".py", ".sh", ".sql", ".toml", ".txt", ".yaml", ".yml"}
)  # fmt: skip


def files(*suffixes: str, below: Path = ROOT) -> list[Path]:
    """List files below a directory by suffix, in order; hidden directories are left out."""
    return sorted(path for path in _walk(below) if not suffixes or path.suffix in suffixes)


def named(path: Path) -> str:
    """Name a file as a reader of the repository would."""
    return path.relative_to(ROOT).as_posix()


def module_name(path: Path) -> str:
    """Name the module that a file of the package holds."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def parse(path: Path) -> ast.Module:
    """Parse a Python file without importing it."""
    return ast.parse(path.read_text(), filename=named(path))


def _walk(directory: Path) -> Iterator[Path]:
    for entry in directory.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            ours = entry.name not in NOT_OURS and not entry.name.endswith(".egg-info")
            if ours and (not entry.name.startswith(".") or entry.name == ".ci"):
                yield from _walk(entry)
        elif entry.is_file():
            yield entry
