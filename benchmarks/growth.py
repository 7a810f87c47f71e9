"""Draw how both stores grow, from the numbers that runs of ``bench_lake.py --json`` kept.

``python benchmarks/growth.py docs/images/growth.svg benchmarks/measured/*.json``
"""

import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

WIDTH, HEIGHT, MARGIN = 300, 200, 46
ACROSS = 3
COLOURS = {"tomlake": "#0d9aa8", "PostgreSQL": "#b45309"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One small plot: a number of each store against the number of points, both axes logarithmic."""

    title: str
    ours: str
    theirs: str = ""
    limit: float | None = None


PANELS = (
    Panel(title="one light curve, p50 [ms]", ours="light_curve_new_ms", theirs="pg_light_curve_new_ms"),
    Panel(title="mean by source [s]", ours="scan_mean_by_source_s", theirs="pg_scan_mean_by_source_s"),
    Panel(title="CSV of scattered targets [s]", ours="csv_scattered_s", theirs="pg_csv_scattered_s"),
    Panel(title="replace, one writer, p50 [ms]", ours="replace_ms", theirs="pg_replace_ms"),
    Panel(title="disk [bytes a point]", ours="bytes_per_point", theirs="pg_bytes_per_point"),
    Panel(title="nightly maintenance, memory [MB]", ours="maintenance_mb", limit=1024.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A logarithmic axis that covers whole decades."""

    low: int
    high: int
    start_px: float
    length_px: float

    def place(self, value: float) -> float:
        """Return where a value lies."""
        return self.start_px + self.length_px * (math.log10(value) - self.low) / (self.high - self.low)


def axis(values: Sequence[float], *, start_px: float, length_px: float) -> Axis:
    """Return the axis that holds all values."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return Axis(low=low, high=max(high, low + 1), start_px=start_px, length_px=length_px)


def drawn(panel: Panel, runs: Sequence[dict[str, float]]) -> str:
    """Return one panel as SVG."""
    keys = {"tomlake": panel.ours, "PostgreSQL": panel.theirs}
    lines = {
        name: [(run["points"], run[key]) for run in runs if key in run] for name, key in keys.items() if key
    }
    values = [value for line in lines.values() for _, value in line] + ([panel.limit] if panel.limit else [])
    sizes = [10.0 ** round(math.log10(run["points"]), 1) for run in runs]
    across = axis(sizes, start_px=MARGIN, length_px=WIDTH - MARGIN - 14)
    up = axis(values, start_px=HEIGHT - 30, length_px=-(HEIGHT - 62))
    parts = [f'<text x="{MARGIN}" y="18" font-weight="600">{panel.title}</text>', _grid(across, up)]
    if panel.limit:
        y = up.place(panel.limit)
        parts.append(
            f'<path d="M{MARGIN} {y:.1f}H{WIDTH - 14}" stroke="#dc2626" stroke-dasharray="4 3" fill="none"/>'
        )
    parts += [_line(line, across, up, COLOURS[name]) for name, line in lines.items()]
    return "\n".join(parts)


def _grid(across: Axis, up: Axis) -> str:
    parts = []
    for power in range(across.low, across.high + 1):
        x = across.place(10.0**power)
        parts.append(f'<path d="M{x:.1f} 32V{HEIGHT - 30}" stroke="#8884"/>')
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 14}" text-anchor="middle">10{_raised(power)}</text>')
    return "\n".join([*parts, *levels(up, left_px=MARGIN, right_px=WIDTH - 14)])


def levels(up: Axis, *, left_px: float, right_px: float) -> Iterator[str]:
    """Give a line and its label at each power of ten of an upright axis."""
    for power in range(up.low, up.high + 1):
        y = up.place(10.0**power)
        yield f'<path d="M{left_px} {y:.1f}H{right_px}" stroke="#8884"/>'
        yield f'<text x="{left_px - 6}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g}</text>'


def _line(line: Sequence[tuple[float, float]], across: Axis, up: Axis, colour: str) -> str:
    places = [(across.place(points), up.place(value)) for points, value in line]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in places)
    return f'<path d="M{path}" stroke="{colour}" stroke-width="2" fill="none"/>{dots}'


def _raised(power: int) -> str:
    return f'<tspan dy="-5" font-size="9">{power}</tspan>'


def picture(runs: Sequence[dict[str, float]]) -> str:
    """Return all panels as one SVG."""
    down = math.ceil(len(PANELS) / ACROSS)
    width, height = ACROSS * WIDTH, down * HEIGHT + 34
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        'font-size="12" fill="#444">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for number, panel in enumerate(PANELS):
        x, y = WIDTH * (number % ACROSS), HEIGHT * (number // ACROSS)
        parts.append(f'<g transform="translate({x} {y})">\n{drawn(panel, runs)}\n</g>')
    for number, (name, colour) in enumerate(COLOURS.items()):
        x, y = MARGIN + 110 * number, down * HEIGHT + 16
        parts.append(f'<circle cx="{x}" cy="{y - 4}" r="4" fill="{colour}"/>')
        parts.append(f'<text x="{x + 9}" y="{y}">{name}</text>')
    parts.append(
        f'<text x="{width - 14}" y="{down * HEIGHT + 16}" text-anchor="end">across: points in the lake</text>'
    )
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    """Write the picture."""
    place, *files = (Path(word) for word in sys.argv[1:])
    runs = [json.loads(file.read_text())["numbers"] for file in files]
    place.write_text(picture(sorted(runs, key=lambda run: float(run["points"]))))


if __name__ == "__main__":
    main()
