"""The live accuracy of a camera in plain words, for its page and for programs."""

import polars as pl

from engine.accuracy.nights import Trend
from engine.accuracy.report import Accuracy
from engine.accuracy.stars import FEWEST_STARS_OF_BAND, is_enough
from engine.accuracy.tally import FEWEST_STARS
from engine.times import datetime_of

USEFUL_MAG = 0.1  # fainter stars are worse than a tenth of a magnitude
HONEST = (0.8, 1.25)  # spread of residuals over stated errors that counts as honest
LEAST_SHARE = 0.01  # of its band that a bin must hold to be named
WORTH_TELLING_MAG = 0.05  # change of the zero point
MANY_REJECTED = 0.2
FEWEST_FRAMES = 5  # calibrated ones


def sentences(found: Accuracy) -> tuple[str, ...]:
    """Return what to know of a camera, the most important first."""
    if found.frames == 0:
        return ("No frame of this camera was measured yet: its accuracy shows with the first ones.",)
    parts = (*_about_stars(found), about_trend(found.trend), _about_failures(found))
    return tuple(part for part in parts if part)


def _about_stars(found: Accuracy) -> tuple[str, ...]:
    best = found.field.bands.head(1)
    counted = int(best["stars"][0]) if len(best) else 0
    if not is_enough(counted):
        return (
            f"Too few stars to judge this camera: {counted} were measured in one band, and at least "
            f"{FEWEST_STARS_OF_BAND} are needed.",
        )
    calibrated = int(found.nights["frames"].sum())
    if calibrated < FEWEST_FRAMES:
        return (
            f"Too few frames to judge this camera: {calibrated} gave a zero point, and at least "
            f"{FEWEST_FRAMES} are needed.",
        )
    band = str(best["band"][0])
    many = pl.max_horizontal(pl.lit(FEWEST_STARS), pl.lit(counted * LEAST_SHARE))  # no lonely bright bin
    rows = found.field.by_mag.filter(pl.col("band") == band, pl.col("stars") >= many).sort("mag")
    told = [about_precision(rows, band)] if len(rows) else []
    return (*told, about_honesty(best["pull"][0]))


def about_precision(rows: pl.DataFrame, band: str) -> str:
    """Return how good magnitudes of one band are, and down to where they are of use.

    Parameters
    ----------
    rows
        Bins with enough stars, from bright to faint: ``mag`` and ``rms_mag``.
    """
    best = rows.row(int(rows["rms_mag"].arg_min() or 0), named=True)
    name = band.partition("(")[0] or band
    words = f"Frames of this camera are good to {best['rms_mag']:.3f} mag at {name} = {best['mag']:.1f}"
    useful = rows.filter(pl.col("rms_mag") <= USEFUL_MAG)
    if useful.is_empty():
        return f"{words}; no brightness reaches {USEFUL_MAG:g} mag: look at focus, flat field and exposure."
    faintest = useful.row(-1, named=True)
    if faintest["mag"] <= best["mag"]:
        return f"{words}."
    return f"{words}, and to {faintest['rms_mag']:.2f} mag at {name} = {faintest['mag']:.1f}."


def about_honesty(pull: float | None) -> str:
    """Return whether errors are what they say; ``pull`` is the spread of residuals over stated errors."""
    if pull is None:
        return ""
    if pull > HONEST[1]:
        return f"Its stated errors are too small: the real scatter is {pull:.1f} times as large."
    if pull < HONEST[0]:
        return f"Its stated errors are too large: the real scatter is only {pull:.1f} times as large."
    return "Its errors are honest."


def about_trend(trend: Trend | None) -> str:
    """Return what became of the zero point, and what that may mean."""
    if trend is None:
        return ""
    since = f"{datetime_of(trend.from_mjd):%B %Y}"
    if not trend.is_sure or abs(trend.change_mag) < WORTH_TELLING_MAG:
        return f"Its zero point is steady since {since}."
    if trend.change_mag < 0:
        return f"Its zero point has dropped by {-trend.change_mag:.2f} mag since {since}: clean the mirror?"
    return f"Its zero point has risen by {trend.change_mag:.2f} mag since {since}."


def _about_failures(found: Accuracy) -> str:
    if found.frames == 0 or found.rejected / found.frames < MANY_REJECTED:
        return ""
    first = str(found.failures["words"][0])
    return f"{found.rejected} of {found.frames} frames gave no point, most often because: {first}"
