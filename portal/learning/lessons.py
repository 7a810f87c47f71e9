"""Targets of the lake that fit a lesson, and the numbers that the lesson tells of them; public ones only."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import altair as alt
import numpy as np
import polars as pl

from engine.target import Target
from lake.targets import Order, TargetFilter
from portal.data import targets_page
from portal.fmt import date_text
from portal.light_curve.curves import light_curve
from portal.light_curve.moment import read_version
from portal.vega import Spec, spec_of
from portal.words import _, language

LEAST_POINTS = 30
EASY_TO_READ = ("SN", "Nova", "LPV", "")  # the last: any class
MICROLENSING, LONG_PERIOD = "Microlensing Event", "LPV"
SHORTEST_D, LONGEST_D, FIRST_GUESS_D = 50, 1000, 200
_BRIGHT_SHARE = 0.02  # of the points at each end is left out, so that one wrong point tells nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A target for a lesson, with its magnitudes in the band that has most of them."""

    target: Target
    band: str
    mags: pl.DataFrame  # mjd, mag, mag_err; by time
    points: int  # magnitudes in all bands

    @property
    def swing_mag(self) -> float:
        """Return how far the brightest and the faintest are apart, single stray points left out."""
        return float(self._quantile(1 - _BRIGHT_SHARE) - self._quantile(_BRIGHT_SHARE))

    @property
    def rise_mag(self) -> float:
        """Return how far the third-brightest point, lest one be a mistake, stands above the middle one."""
        mags = np.sort(self.mags["mag"].to_numpy())  # a share of the points would miss a short peak
        return float(np.median(mags) - mags[min(2, len(mags) - 1)])

    @property
    def span(self) -> str:
        """Return from when to when it was seen in this band."""
        mjd = self.mags["mjd"]
        return _("{first} to {last}", first=date_text(mjd[0]), last=date_text(mjd[-1]))

    def _quantile(self, share: float) -> float:
        return float(np.quantile(self.mags["mag"].to_numpy(), share))


def example(*classes: str, source: str = "") -> Example | None:
    """Return the public target with most points of the first class that has one; none named: of any.

    Observed targets go before simulated ones, whatever their class.
    """
    for simulated, classification in product((False, True), classes or ("",)):
        wanted = TargetFilter(
            classification=classification,
            simulated=simulated,
            order=Order.POINTS,
            descending=True,
            page_size=20 if source else 3,
        )
        for row in targets_page(wanted, None)[0]:
            found = _of(row.target, source)
            if found is not None:
                return found
    return None


def _of(target: Target, source: str) -> Example | None:
    points = light_curve(target.target_id or 0)
    seen = points.filter(pl.col("mag").is_not_null())
    if source:
        seen = seen.filter(pl.col("source") == source, pl.col("mag_err") > 0)
    bands = seen.group_by("band").len().sort("len", "band", descending=[True, False])
    if bands.is_empty() or bands["len"][0] < (3 if source else LEAST_POINTS):
        return None
    mags = seen.filter(pl.col("band") == bands["band"][0]).select("mjd", "mag", "mag_err").sort("mjd")
    return Example(target=target, band=bands["band"][0], mags=mags, points=int(bands["len"].sum()))


def times_brighter(difference_mag: float) -> float:
    """Return the ratio of light that a difference of magnitudes stands for."""
    return float(10 ** (0.4 * difference_mag))


def percent_of_light(error_mag: float) -> float:
    """Return the part of the light, in per cent, that a small error in magnitudes stands for."""
    return 100.0 * (times_brighter(error_mag) - 1.0)


def folded(mags: pl.DataFrame, period_d: float) -> pl.DataFrame:
    """Return the points of two turns, each at its place within the period."""
    turn = (pl.col("mjd") % period_d) / period_d
    once = mags.select(turn=turn, mag=pl.col("mag"))
    return pl.concat([once, once.with_columns(turn=pl.col("turn") + 1.0)])


def untidiness_mag(mags: pl.DataFrame, period_d: float) -> float:
    """Return by how much neighbours in the folded picture differ, on average; a good period has little."""
    return float(_untidiness(mags["mjd"].to_numpy(), mags["mag"].to_numpy(), period_d))


def _untidiness(mjd: np.ndarray, mag: np.ndarray, period_d: float) -> float:
    in_order = mag[np.argsort((mjd % period_d) / period_d)]
    return float(np.abs(np.diff(in_order, append=in_order[0])).mean())


def tidiest_period_d(found: Example) -> int:
    """Return the whole number of days that folds the points into the tidiest picture."""
    return _tidiest(found.target.target_id or 0, read_version(), found.band)


@lru_cache(maxsize=32)
def _tidiest(target_id: int, version: int, band: str) -> int:  # noqa: ARG001 - the version is the key
    mags = light_curve(target_id).filter(pl.col("mag").is_not_null(), pl.col("band") == band)
    mjd, mag = mags["mjd"].to_numpy(), mags["mag"].to_numpy()
    periods: Sequence[int] = range(SHORTEST_D, LONGEST_D + 1)
    return min(periods, key=lambda period_d: _untidiness(mjd, mag, period_d))


def folded_spec() -> Spec:
    """Return the chart of ``folded``."""
    return _folded_spec(language())


@lru_cache(maxsize=16)
def _folded_spec(language: str) -> Spec:  # noqa: ARG001 - it has words
    rows = alt.Chart(alt.NamedData(name="rows"))
    size = alt.AutoSizeParams(type="fit-x", contains="padding")
    chart = (
        rows.mark_point(filled=True, size=34, opacity=0.7)
        .encode(
            x=alt.X("turn:Q", title=_("turns of the period"), axis=alt.Axis(format="~g", tickSize=0)),
            y=alt.Y(
                "mag:Q",
                title=_("magnitude"),
                scale=alt.Scale(zero=False, reverse=True, nice=False, padding=12),
                axis=alt.Axis(format="~g", tickSize=0),
            ),
        )
        .properties(height=300, autosize=size)
    )
    return spec_of(chart)
