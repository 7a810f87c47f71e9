"""What the field stars of a camera tell: rms against magnitude, offset against colour, honesty of errors."""

from dataclasses import dataclass

import polars as pl

from engine.accuracy.tally import FEWEST_STARS, PULL_SCALE, RESIDUAL_SCALE_MAG, middle_err, robust

MAG_STEP = 0.5
COLOUR_STEP_MAG = 0.2
FEWEST_STARS_OF_BAND = 300  # of a band whose magnitudes are judged in words


@dataclass(frozen=True, slots=True, kw_only=True)
class StarTallies:
    """All field stars of a camera, counted; bins are numbered from zero magnitude upward."""

    residuals: pl.DataFrame  # band, mag_bin, cell, count: reference minus measured
    pulls: pl.DataFrame  # band, mag_bin, cell, count: the same over its stated error
    colours: pl.DataFrame  # band, colour_bin, cell, count: residuals of stars with a known colour


@dataclass(frozen=True, slots=True, kw_only=True)
class StarAccuracy:
    """What the tallies give; numbers of bins with too few stars are null."""

    by_mag: pl.DataFrame  # band, mag, stars, offset_mag, rms_mag, pull
    by_colour: pl.DataFrame  # band, colour_mag, stars, offset_mag, offset_err_mag
    bands: pl.DataFrame  # band, stars, pull; the band with most stars first


def no_tallies() -> StarTallies:
    """Return the tallies of a camera that has no stars yet."""
    whole = {"cell": pl.Int32(), "count": pl.Int64()}
    by_mag = pl.DataFrame(schema={"band": pl.String(), "mag_bin": pl.Int32(), **whole})
    by_colour = pl.DataFrame(schema={"band": pl.String(), "colour_bin": pl.Int32(), **whole})
    return StarTallies(residuals=by_mag, pulls=by_mag, colours=by_colour)


def star_accuracy(tallies: StarTallies) -> StarAccuracy:
    """Return what all counted stars tell of a camera."""
    by_mag = ["band", "mag_bin"]
    residuals = robust(tallies.residuals, by_mag, scale=RESIDUAL_SCALE_MAG)
    pulls = robust(tallies.pulls, by_mag, scale=PULL_SCALE).select(*by_mag, pull="spread")
    colours = robust(tallies.colours, ["band", "colour_bin"], scale=RESIDUAL_SCALE_MAG)
    return StarAccuracy(
        by_mag=residuals.join(pulls, on=by_mag, how="left", maintain_order="left").select(
            "band",
            "stars",
            "pull",
            mag=(pl.col("mag_bin") + 0.5) * MAG_STEP,
            offset_mag="middle",
            rms_mag="spread",
        ),
        by_colour=colours.select(
            "band",
            "stars",
            colour_mag=(pl.col("colour_bin") + 0.5) * COLOUR_STEP_MAG,
            offset_mag="middle",
            offset_err_mag=middle_err(pl.col("stars"), pl.col("spread")),
        ),
        bands=robust(tallies.pulls, ["band"], scale=PULL_SCALE)
        .select("band", "stars", pull="spread")
        .sort("stars", "band", descending=[True, False]),
    )


def is_enough(stars: int) -> bool:
    """Return whether so many stars of a band allow a sentence about it."""
    return stars >= FEWEST_STARS_OF_BAND


def few_stars_bins(table: pl.DataFrame) -> int:
    """Return how many bins have too few stars for a number."""
    return table.filter(pl.col("stars") < FEWEST_STARS).height
