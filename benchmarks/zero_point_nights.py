"""Matched stars of nights that never were: the truth of a zero point and a band, without pixels.

A star is a colour and one oddity beside it (metals, dust), which reaches each band by its own share; a camera
is one of the standard bands, a little beside it. Nothing here is the engine's fit.
"""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.polynomial.polynomial import polyval
from numpy.typing import NDArray

from engine.photometry.sky import PIVOT_BP_RP_MAG
from engine.photometry.sky_stars import COUNTS_SLOPE, G_MINUS_BAND

Array = NDArray[np.float64]

SIDE_PIX = 2000.0
# mag in each band of one standard deviation of metals and dust at one BP-RP
ODDITY_MAG = {
    "U(GaiaSP)": 0.060, "u(GaiaSP)": 0.070, "B(GaiaSP)": 0.025, "g(GaiaSP)": 0.015, "V(GaiaSP)": 0.008,
    "R(GaiaSP)": -0.004, "r(GaiaSP)": 0.002, "I(GaiaSP)": -0.012, "i(GaiaSP)": -0.009, "z(GaiaSP)": -0.020,
    "G(GaiaDR3)": 0.0, "BP(GaiaDR3)": 0.006, "RP(GaiaDR3)": -0.006,
}  # fmt: skip
CATALOGUE_ERR_MAG = 0.004
POOR_BANDS = {"U(GaiaSP)": 6.0, "u(GaiaSP)": 6.0, "B(GaiaSP)": 2.0, "z(GaiaSP)": 2.0}  # larger errors
VARIABLE_SHARE, VARIABLE_MAG = 0.03, 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sky:
    """From what nights are drawn."""

    stars: tuple[int, int] = (30, 150)
    bands: tuple[str, ...] = tuple(G_MINUS_BAND)
    colour_term: float = 0.02  # standard deviation of cameras' colour terms, mag per mag of BP-RP
    intrinsic_mag: tuple[float, float] = (0.003, 0.025)
    slope_mag: float = 0.03  # at most, from the centre to a border; half of the frames have none
    wrong_share: tuple[float, float] = (0.0, 0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """One frame's matched stars, and what is true; the target stands at ``x``, ``y``."""

    pairs: pl.DataFrame
    band: str
    zero_point_mag: float  # at the centre of the frame and BP-RP = 0.8
    target_mag: float
    target_inst_mag: float
    target_inst_err_mag: float
    target_bp_rp_mag: float
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stars:
    g_mag: Array
    bp_rp_mag: Array
    oddity: Array
    x: Array
    y: Array

    def mag(self, band: str) -> Array:
        """Return the true magnitudes in a standard band."""
        colour = polyval(self.bp_rp_mag, np.array(G_MINUS_BAND[band]))
        return np.asarray(self.g_mag - colour + ODDITY_MAG[band] * self.oddity)


def night(rng: np.random.Generator, *, sky: Sky | None = None) -> Night:
    """Return the matched stars of a frame; the last star drawn is the target and stays out of the pairs."""
    sky = sky or Sky()
    count = int(rng.integers(sky.stars[0], sky.stars[1] + 1))
    band = str(rng.choice(sky.bands))
    stars = _stars(rng, count + 1)
    zero_point_mag = float(rng.uniform(19.0, 28.0))
    inst_err_mag = 0.0015 + 0.012 * 10 ** (0.35 * (stars.g_mag - 15.0))
    expected = stars.mag(band) - zero_point_mag - _camera(rng, stars, sky)
    noise = np.hypot(inst_err_mag, rng.uniform(*sky.intrinsic_mag))
    inst_mag = expected + rng.normal(0.0, noise)
    target_inst_mag = float(inst_mag[-1])
    changes = np.where(rng.uniform(size=count + 1) < VARIABLE_SHARE, VARIABLE_MAG, 0.0)
    inst_mag = inst_mag + changes * rng.normal(size=count + 1)
    is_wrong = rng.uniform(size=count + 1) < rng.uniform(*sky.wrong_share)
    inst_mag = np.where(is_wrong, rng.permutation(inst_mag), inst_mag)
    return Night(
        pairs=_pairs(rng, stars, inst_mag, inst_err_mag),
        band=band,
        zero_point_mag=zero_point_mag,
        target_mag=float(stars.mag(band)[-1]),
        target_inst_mag=target_inst_mag,
        target_inst_err_mag=float(inst_err_mag[-1]),
        target_bp_rp_mag=float(stars.bp_rp_mag[-1]),
        x=float(stars.x[-1]),
        y=float(stars.y[-1]),
    )


def with_wrong_matches(told: Night, rng: np.random.Generator, *, share: float) -> Night:
    """Return the night with exactly this share of its stars given the light of any other star."""
    ids = told.pairs["ref_id"].unique(maintain_order=True)
    wrong = rng.permutation(len(ids))[: round(share * len(ids))]
    light = told.pairs.unique("ref_id", maintain_order=True)["inst_mag"].to_numpy()
    other = light.copy()
    other[wrong] = rng.uniform(light.min(), light.max(), len(wrong))
    swapped = pl.DataFrame({"ref_id": ids, "inst_mag": other})
    return replace(told, pairs=told.pairs.drop("inst_mag").join(swapped, on="ref_id", maintain_order="left"))


def _stars(rng: np.random.Generator, count: int) -> _Stars:
    bright, faint = 10 ** (COUNTS_SLOPE * 10.5), 10 ** (COUNTS_SLOPE * 16.5)
    is_red = rng.uniform(size=count) < rng.uniform(0.1, 0.5)
    dust_mag = rng.uniform(-0.1, 0.4)
    colour = np.where(is_red, rng.normal(1.6, 0.45, count), rng.normal(0.85, 0.2, count)) + dust_mag
    return _Stars(
        g_mag=np.log10(rng.uniform(bright, faint, count)) / COUNTS_SLOPE,
        bp_rp_mag=np.clip(colour, 0.1, 3.0),
        oddity=rng.normal(size=count),
        x=rng.uniform(0.0, SIDE_PIX, count),
        y=rng.uniform(0.0, SIDE_PIX, count),
    )


def _camera(rng: np.random.Generator, stars: _Stars, sky: Sky) -> Array:
    """Return by how much the camera sees each star brighter than the standard band does."""
    colour = stars.bp_rp_mag - PIVOT_BP_RP_MAG
    beside = rng.normal(0.0, sky.colour_term) * colour + 0.2 * rng.normal(0.0, sky.colour_term) * colour**2
    angle_rad = rng.uniform(0.0, 2 * np.pi)
    u, v = (2 * place / SIDE_PIX - 1 for place in (stars.x, stars.y))
    slope_mag = sky.slope_mag * max(0.0, rng.uniform(-1.0, 1.0))
    tilted = slope_mag * (u * np.cos(angle_rad) + v * np.sin(angle_rad))
    return np.asarray(beside + 0.1 * rng.normal(0.0, sky.colour_term) * stars.oddity + tilted)


def _pairs(rng: np.random.Generator, stars: _Stars, inst_mag: Array, inst_err_mag: Array) -> pl.DataFrame:
    calibrators = slice(0, -1)
    frames = []
    for band in G_MINUS_BAND:
        err_mag = POOR_BANDS.get(band, 1.0) * (CATALOGUE_ERR_MAG + 0.012 * 10 ** (0.3 * (stars.g_mag - 17.0)))
        ref_mag = stars.mag(band) + rng.normal(0.0, err_mag)
        columns = {
            "x": stars.x, "y": stars.y, "inst_mag": inst_mag, "inst_mag_err": inst_err_mag,
            "bp_rp_mag": stars.bp_rp_mag, "ref_mag": ref_mag, "ref_mag_err": err_mag,
        }  # fmt: skip
        frame = pl.DataFrame({name: values[calibrators] for name, values in columns.items()})
        frames.append(frame.with_columns(band=pl.lit(band)).with_row_index("star"))
    return pl.concat(frames).with_columns(ref_id=pl.format("star-{}", "star")).drop("star")
