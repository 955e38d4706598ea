"""`python -m benchmarks.plot`: draw every figure over time, from the JSON, as one SVG a benchmark."""

import json
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from benchmarks.measure import RESULTS

WIDTH, HEIGHT = 360, 120
MARGIN = 28
COLUMNS = 3

Point = Mapping[str, Any]


def read_results(directory: Path) -> dict[str, dict[str, list[Point]]]:
    """Read all results: benchmark, then figure with its size, then points in order of time."""
    found: dict[str, dict[str, list[Point]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted(directory.glob("*.json")):
        for line in path.read_text(encoding="utf-8").splitlines():
            point = json.loads(line)
            name = f"{point['name']} ({point['size']})" if point["size"] else point["name"]
            if point["unit"] == "/CPU-s" or point["unit"] == "s":
                name = f"{name}, {point['unit']}"
            found[point["benchmark"]][name].append(point)
    return found


def draw(benchmark: str, figures: Mapping[str, Sequence[Point]]) -> str:
    """Draw one panel a figure: its ratio to the floor where it has one, else its value."""
    rows = -(-len(figures) // COLUMNS)
    width, height = COLUMNS * WIDTH, rows * HEIGHT + MARGIN
    panels = [
        _panel(name, points, (index % COLUMNS * WIDTH, index // COLUMNS * HEIGHT + MARGIN))
        for index, (name, points) in enumerate(figures.items())
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        ' font-family="sans-serif" font-size="11">'
        '<rect width="100%" height="100%" fill="white"/>'
        f'<text x="10" y="18" font-size="14" font-weight="bold">{escape(benchmark)}</text>'
        f"{''.join(panels)}</svg>\n"
    )


def _panel(name: str, points: Sequence[Point], corner: tuple[int, int]) -> str:
    left, top = corner
    with_floor = points[-1]["ratio"] is not None
    values = [_value(point, with_floor=with_floor) for point in points]
    bar = points[-1]["bar"]
    goal = float(bar.split(" ")[1]) if bar else None
    highest = max([*values, goal or 0.0]) or 1.0
    inner, floor = WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN
    step = inner / max(len(values) - 1, 1)

    def place(index: int, value: float) -> tuple[float, float]:
        return left + MARGIN + index * step, top + MARGIN + floor * (1 - value / highest)

    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(n, v) for n, v in enumerate(values)))
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="#1f6feb"><title>{escape(point["at"])}:'
        f" {value:.4g}</title></circle>"
        for (x, y), value, point in (
            (place(index, value), value, point)
            for index, (value, point) in enumerate(zip(values, points))
        )
    )
    # Title above, figures below the axis: a long title leaves no room beside it.
    below = top + MARGIN + floor + 14
    unit = f"x {points[-1]['floor']}" if with_floor else points[-1]["unit"]
    parts = [
        f'<text x="{left + 10}" y="{top + 14}">{escape(name)}</text>',
        (
            f'<text x="{left + MARGIN}" y="{below}" fill="#1f6feb">'
            f"{values[-1]:.3g} {escape(unit)}</text>"
        ),
        (
            f'<line x1="{left + MARGIN}" x2="{left + WIDTH - MARGIN}" y1="{top + MARGIN + floor}"'
            f' y2="{top + MARGIN + floor}" stroke="#ccc"/>'
        ),
        f'<polyline points="{line}" fill="none" stroke="#1f6feb"/>',
        dots,
    ]
    if goal is not None:
        _, y = place(0, goal)
        parts.append(
            f'<line x1="{left + MARGIN}" x2="{left + WIDTH - MARGIN}" y1="{y:.1f}" y2="{y:.1f}"'
            ' stroke="#d1242f" stroke-dasharray="4 3"/>'
            f'<text x="{left + WIDTH - MARGIN}" y="{below}" text-anchor="end" fill="#d1242f">'
            f"asked {escape(bar)}</text>"
        )
    return "".join(parts)


def _value(point: Point, *, with_floor: bool) -> float:
    value = point["ratio"] if with_floor else point["value"]
    return float(value or 0.0)


def main() -> int:
    """Draw what is there, or say that there is nothing."""
    results = read_results(RESULTS)
    if not results:
        print("nothing measured yet: run `make bench` first")
        return 1
    for benchmark, figures in results.items():
        path = RESULTS / f"{benchmark}.svg"
        path.write_text(draw(benchmark, figures), encoding="utf-8")
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
