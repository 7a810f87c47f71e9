"""What a search for periods looks at: weighted magnitudes band by band, and the frequencies to try."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import Rejected
from engine.lightcurve import Flag

Array = NDArray[np.float64]

LEAST_POINTS = 12  # of a band: three go into its mean and its wave
LEAST_SPAN_D = 1e-3
USUAL_OVERSAMPLING = 5.0
USUAL_SHORTEST_D = 0.1
SHORTEST_D = 0.005
MOST_FREQUENCIES = 1_000_000
_USUAL_ERR_MAG = 0.05
_LEAST_ERR_SHARE = 0.3  # of a band's median error, so that no single point decides alone
_UNUSABLE = int(Flag.SATURATED | Flag.POOR_QUALITY_AT_SOURCE | Flag.BAD_PIXEL)


@dataclass(frozen=True, slots=True, kw_only=True)
class BandCurve:
    """The magnitudes of one band about their weighted mean."""

    band: str
    time_d: Array  # since the first point of the whole light curve
    mag: Array  # weighted mean taken away
    mean_mag: float
    weight: Array  # adds up to one

    @property
    def degrees(self) -> int:
        """How many points are left when a mean and a wave are taken away."""
        return len(self.mag) - 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The bands of a light curve that have enough points, and those that were left out."""

    bands: tuple[BandCurve, ...]
    left_out: tuple[str, ...]
    epoch: float  # time of the first point, in the scale that came in
    span_d: float

    @property
    def points(self) -> int:
        """How many magnitudes are searched."""
        return sum(len(band.mag) for band in self.bands)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrequencyGrid:
    """Frequencies ``step_per_d * (first ... first + count - 1)``."""

    step_per_d: float
    first: int
    count: int
    oversampling: float

    @property
    def frequency_per_d(self) -> Array:
        """Every frequency of the grid."""
        places: Array = np.arange(self.first, self.first + self.count, dtype=np.float64)
        return places * self.step_per_d


def observed(points: pl.DataFrame, *, time: str = "mjd") -> Observed:
    """Return the magnitudes of a light curve that a period can be searched in.

    Limits, fluxes and points that are saturated or poor are left out, and bands of fewer than 12 points.
    A missing error counts as the median of its band; one far below that median counts as 0.3 of it.

    Raises
    ------
    Rejected
        ``few-points``: no band has 12 points; ``short-span``: they are of one moment.
    """
    usable = points.filter(pl.col("mag").is_not_null(), (pl.col("flags") & _UNUSABLE) == 0)
    sizes = usable.group_by("band").len().sort("band")
    enough = sizes.filter(pl.col("len") >= LEAST_POINTS).get_column("band").to_list()
    if not enough:
        most = int(str(sizes["len"].max() or 0))
        raise Rejected(
            f"A period needs at least {LEAST_POINTS} good magnitudes in one band, and there are at most "
            f"{most}: observe more.",
            code="few-points",
        )
    kept = usable.filter(pl.col("band").is_in(enough)).sort(time)
    epoch, last = float(kept[time][0]), float(kept[time][-1])
    if last - epoch < LEAST_SPAN_D:
        raise Rejected(
            "A period needs magnitudes of more than one moment: observe again later.", code="short-span"
        )
    curves = tuple(_band_curve(name, kept.filter(pl.col("band") == name), time, epoch) for name in enough)
    varying = tuple(curve for curve in curves if np.ptp(curve.mag) > 0)
    if not varying:
        raise Rejected("A period needs magnitudes that differ, and all are equal.", code="all-equal")
    names = {curve.band for curve in varying}
    left_out = tuple(name for name in sizes["band"] if name not in names)
    return Observed(bands=varying, left_out=left_out, epoch=epoch, span_d=last - epoch)


def _band_curve(name: str, rows: pl.DataFrame, time: str, epoch: float) -> BandCurve:
    usual = float(str(rows["mag_err"].median() or _USUAL_ERR_MAG))
    err = rows["mag_err"].fill_null(usual).to_numpy().clip(min=_LEAST_ERR_SHARE * usual)
    weight = err**-2.0
    weight /= weight.sum()
    mag = rows["mag"].to_numpy()
    mean_mag = float(weight @ mag)
    return BandCurve(
        band=name,
        time_d=rows[time].to_numpy() - epoch,
        mag=mag - mean_mag,
        mean_mag=mean_mag,
        weight=weight,
    )


def frequency_grid(
    span_d: float, *, shortest_d: float = USUAL_SHORTEST_D, oversampling: float = USUAL_OVERSAMPLING
) -> FrequencyGrid:
    """Return the frequencies from one cycle in the whole span to the shortest period.

    They are ``oversampling`` to the width of a peak, which is 1/span. Where that makes more than a million
    of them, the shortest period is made longer.

    Raises
    ------
    Rejected
        ``bad-shortest``: below 0.005 d, or too long for the span; ``bad-oversampling``: outside 2 to 20.
    """
    if not SHORTEST_D <= shortest_d <= span_d / 2:
        raise Rejected(
            f"The shortest period must lie between {SHORTEST_D} d and half of the {span_d:.4g} d observed.",
            code="bad-shortest",
        )
    if not 2.0 <= oversampling <= 20.0:
        raise Rejected("The oversampling must lie between 2 and 20.", code="bad-oversampling")
    step_per_d = 1.0 / (oversampling * span_d)
    first = int(np.ceil(oversampling))
    last = min(int(np.ceil(1.0 / (shortest_d * step_per_d))), first + MOST_FREQUENCIES - 1)
    return FrequencyGrid(
        step_per_d=step_per_d, first=first, count=last - first + 1, oversampling=oversampling
    )
