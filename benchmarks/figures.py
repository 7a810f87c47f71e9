"""Timings taken in turn, and the table that says of each whether its bar is met."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

Case = TypeVar("Case")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """How long one kind of work took, each time it was done."""

    times_s: tuple[float, ...]

    @property
    def p50_ms(self) -> float:
        """Return the median."""
        return 1e3 * float(np.percentile(self.times_s, 50))

    @property
    def p95_ms(self) -> float:
        """Return what 95 of 100 did not exceed."""
        return 1e3 * float(np.percentile(self.times_s, 95))

    def __str__(self) -> str:
        """Return the median and the 95th percentile."""
        return f"{self.p50_ms:.2f} / {self.p95_ms:.2f} ms"


def seconds(work: Callable[[], object]) -> float:
    """Return how long the work took."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def in_turn(
    cases: Iterable[Case], first: Callable[[Case], object], second: Callable[[Case], object]
) -> tuple[Sample, Sample]:
    """Return how long two ways took for the same cases, in turn, so that both meet the same load."""
    pairs = [(seconds(lambda: first(case)), seconds(lambda: second(case))) for case in cases]  # noqa: B023 - used at once
    ours, theirs = zip(*pairs, strict=True)
    return Sample(times_s=ours), Sample(times_s=theirs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table."""

    what: str
    ours: str
    theirs: str = ""
    ratio: str = ""
    bar: str = ""
    is_met: bool | None = None


@dataclass(slots=True)
class Report:
    """Lines of the table, printed as they come, and the numbers behind them for the plot of growth."""

    rows: list[Row] = field(default_factory=list)
    numbers: dict[str, float] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """Take a line and print it."""
        if not self.rows:
            print("| what | tomlake | PostgreSQL | ratio | bar | met |")
            print("|---|---|---|---|---|---|")
        self.rows.append(row)
        met = {True: "yes", False: "**no**", None: ""}[row.is_met]
        print(f"| {row.what} | {row.ours} | {row.theirs} | {row.ratio} | {row.bar} | {met} |", flush=True)

    def at_most(self, what: str, samples: tuple[Sample, Sample], *, bar: float | None = None) -> None:
        """Compare medians; ours may be ``bar`` times theirs."""
        ours, theirs = samples
        ratio = ours.p50_ms / theirs.p50_ms
        self.add(
            Row(
                what=what,
                ours=str(ours),
                theirs=str(theirs),
                ratio=f"{ratio:.2f}",
                bar="" if bar is None else f"≤ {bar:g}",
                is_met=None if bar is None else ratio <= bar,
            )
        )

    def faster(self, what: str, times_s: tuple[float, float], *, bar: float) -> None:
        """Compare two durations; theirs must be ``bar`` times ours or more."""
        ours_s, theirs_s = times_s
        ratio = theirs_s / ours_s
        self.add(
            Row(
                what=what,
                ours=f"{ours_s:.3g} s",
                theirs=f"{theirs_s:.3g} s",
                ratio=f"{ratio:.1f} × faster",
                bar=f"≥ {bar:g} ×",
                is_met=ratio >= bar,
            )
        )

    def ratio(self, what: str, values: tuple[float, float], *, bar: float, words: str) -> None:
        """Compare two sizes; ours may be ``bar`` times theirs."""
        ours, theirs = values
        self.add(
            Row(
                what=what,
                ours=f"{ours:.1f}",
                theirs=f"{theirs:.1f}",
                ratio=f"1/{theirs / ours:.2f}",
                bar=words,
                is_met=ours / theirs <= bar,
            )
        )

    def limited(
        self, what: str, value: float, unit: str, *, bar: float | None = None, theirs: str = ""
    ) -> None:
        """Hold one of our numbers to a limit."""
        self.add(
            Row(
                what=what,
                ours=f"{value:.3g} {unit}".strip(),
                theirs=theirs,
                bar="" if bar is None else f"≤ {bar:g} {unit}".strip(),
                is_met=None if bar is None else value <= bar,
            )
        )

    def at_least(self, what: str, value: float, *, bar: float) -> None:
        """Hold one of our numbers to a floor."""
        self.add(Row(what=what, ours=f"{value:.3g}", bar=f"≥ {bar:g}", is_met=value >= bar))

    @property
    def missed(self) -> list[str]:
        """Return what did not meet its bar."""
        return [row.what for row in self.rows if row.is_met is False]


def spread(values: Sequence[float]) -> float:
    """Return Jain's index of fairness: 1 when all have the same share, 1/n when one has all."""
    shares = np.asarray(values, dtype=np.float64)
    return float(shares.sum() ** 2 / (len(shares) * (shares**2).sum()))
