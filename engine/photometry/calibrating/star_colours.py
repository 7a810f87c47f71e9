"""The colour of each reference star: Gaia's BP-RP, or one made from the reference magnitudes themselves."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

MIN_COLOURED_STARS = 15
# name, bluer band, redder band, the Sun's colour rounded: where the zero point is quoted
_MADE_FROM = (
    ("BP-RP", "BP(GaiaDR3)", "RP(GaiaDR3)", 0.8),
    ("g-i", "g(GaiaSP)", "i(GaiaSP)", 0.6),
    ("g-i", "g(Refcat2)", "i(Refcat2)", 0.6),
    ("g-r", "g(GaiaSP)", "r(GaiaSP)", 0.5),
    ("g-r", "g(Refcat2)", "r(Refcat2)", 0.5),
    ("r-i", "r(Refcat2)", "i(Refcat2)", 0.1),
    ("V-I", "V(GaiaSP)", "I(GaiaSP)", 0.7),
    ("B-V", "B(GaiaSP)", "V(GaiaSP)", 0.6),
    ("J-K", "2MASS(J)", "2MASS(K)", 0.4),
)
_GAIA_ZERO_MAG = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class StarColours:
    """One colour for the stars of a frame."""

    name: str  # "BP-RP", "g-i" ...
    zero_mag: float  # the colour at which a zero point is quoted
    of_star: pl.DataFrame  # ref_id, colour_mag


def star_colours(pairs: pl.DataFrame) -> StarColours | None:
    """Return the first colour of a fixed order that most stars have, or None where fewer than 15 have one.

    Parameters
    ----------
    pairs
        Rows of star and band with ``ref_id``, ``bp_rp_mag``, ``band``, ``ref_mag``.
    """
    stars = pairs["ref_id"].n_unique()
    most: StarColours | None = None
    for colours in _colours(pairs):
        if len(colours.of_star) >= max(MIN_COLOURED_STARS, 0.7 * stars):
            return colours
        if most is None or len(colours.of_star) > len(most.of_star):
            most = colours
    return most if most is not None and len(most.of_star) >= MIN_COLOURED_STARS else None


def _colours(pairs: pl.DataFrame) -> Iterator[StarColours]:
    """Give the stars' colours in their order; each is made when it is asked for."""
    yield _gaia_colour(pairs)
    yield from (_made_colour(pairs, *recipe) for recipe in _MADE_FROM)


def _gaia_colour(pairs: pl.DataFrame) -> StarColours:
    known = pairs.filter(pl.col("bp_rp_mag").is_not_null())
    of_star = known.group_by("ref_id").agg(colour_mag=pl.col("bp_rp_mag").first()).sort("ref_id")
    return StarColours(name="BP-RP", zero_mag=_GAIA_ZERO_MAG, of_star=of_star)


def _made_colour(pairs: pl.DataFrame, name: str, blue: str, red: str, zero_mag: float) -> StarColours:
    in_blue = pairs.filter(pl.col("band") == blue).select("ref_id", blue_mag="ref_mag")
    in_red = pairs.filter(pl.col("band") == red).select("ref_id", red_mag="ref_mag")
    of_star = in_blue.join(in_red, on="ref_id").select(
        "ref_id", colour_mag=pl.col("blue_mag") - pl.col("red_mag")
    )
    return StarColours(name=name, zero_mag=zero_mag, of_star=of_star.sort("ref_id"))
