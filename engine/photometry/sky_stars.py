"""Artificial stars whose magnitudes and colours hang together as those of real Gaia stars do."""

import numpy as np
import polars as pl
from numpy.polynomial.polynomial import polyval
from numpy.typing import NDArray

from engine.photometry.references import REFERENCE_SCHEMA

GAIA_EPOCH = 2016.0
CATALOGUE = "simulated"
COUNTS_SLOPE = 0.25  # log10 of star counts per magnitude at intermediate galactic latitude
GSPC_FAINT_G_MAG = 17.65  # Montegriffo et al. 2023, A&A 674, A33

# G minus band as polynomials in BP-RP: V R I B g r i from the Gaia DR3 documentation, section 5.5.1;
# U, u, z, BP and RP are plain approximations that keep the order of the bands.
G_MINUS_BAND: dict[str, tuple[float, ...]] = {
    "U(GaiaSP)": (0.10, -0.95, -0.40, 0.05),
    "B(GaiaSP)": (0.01448, -0.6874, -0.3604, 0.06718, -0.006061),
    "V(GaiaSP)": (-0.02704, 0.01424, -0.2156, 0.01426),
    "R(GaiaSP)": (-0.02275, 0.3961, -0.1243, -0.01396, 0.003775),
    "I(GaiaSP)": (0.01753, 0.76, -0.0991),
    "u(GaiaSP)": (-0.65, -1.05, -0.38, 0.05),
    "g(GaiaSP)": (0.2199, -0.6365, -0.1548, 0.0064),
    "r(GaiaSP)": (-0.09837, 0.08592, 0.1907, -0.1701, 0.02263),
    "i(GaiaSP)": (-0.293, 0.6404, -0.09609, -0.002104),
    "z(GaiaSP)": (-0.40, 0.88, -0.10),
    "G(GaiaDR3)": (0.0,),
    "BP(GaiaDR3)": (0.0, -0.34, -0.08),
    "RP(GaiaDR3)": (0.0, 0.66, -0.08),
}


def gaia_like_stars(
    rng: np.random.Generator,
    *,
    ra_deg: float,
    dec_deg: float,
    radius_deg: float,
    density_per_deg2: float = 3000.0,
    g_mag_range: tuple[float, float] = (9.0, 17.5),
) -> pl.DataFrame:
    """Return artificial reference stars of a cone, one row per star and band, as a catalogue gives them.

    Parameters
    ----------
    density_per_deg2
        Stars within ``g_mag_range``; 3000 is a usual field, 30000 the galactic plane.
    """
    count = max(1, round(density_per_deg2 * np.pi * radius_deg**2))
    bright, faint = (10 ** (COUNTS_SLOPE * mag) for mag in g_mag_range)
    distance_deg = radius_deg * np.sqrt(rng.uniform(size=count))
    angle_rad = rng.uniform(0.0, 2 * np.pi, count)
    star_dec_deg = dec_deg + distance_deg * np.sin(angle_rad)
    star_ra_deg = ra_deg + distance_deg * np.cos(angle_rad) / np.cos(np.radians(star_dec_deg))
    is_red = rng.uniform(size=count) < 0.3
    bp_rp_mag = np.where(is_red, rng.normal(1.6, 0.45, count), rng.normal(0.85, 0.2, count))
    stars = pl.DataFrame(
        {
            "ref_id": [f"sim-{number:06d}" for number in range(count)],
            "ra_deg": star_ra_deg % 360.0,
            "dec_deg": star_dec_deg,
            "pm_ra_mas_yr": rng.normal(0.0, 8.0, count),
            "pm_dec_mas_yr": rng.normal(0.0, 8.0, count),
            "bp_rp_mag": np.clip(bp_rp_mag, 0.1, 3.0),
            "variable": rng.uniform(size=count) < 0.02,
            "g_mag": np.log10(rng.uniform(bright, faint, count)) / COUNTS_SLOPE,
        }
    )
    table = in_every_band(stars)
    too_faint = stars.filter(pl.col("g_mag") > GSPC_FAINT_G_MAG)["ref_id"].implode()
    return table.filter(~(pl.col("band").str.ends_with("(GaiaSP)") & pl.col("ref_id").is_in(too_faint)))


def one_star(
    ref_id: str, *, ra_deg: float, dec_deg: float, g_mag: float, bp_rp_mag: float = 0.9
) -> pl.DataFrame:
    """Return one exactly known star in every band: a target, or a neighbour to disturb it."""
    star = pl.DataFrame(
        {
            "ref_id": [ref_id],
            "ra_deg": [ra_deg],
            "dec_deg": [dec_deg],
            "pm_ra_mas_yr": [0.0],
            "pm_dec_mas_yr": [0.0],
            "bp_rp_mag": [bp_rp_mag],
            "variable": [False],
            "g_mag": [g_mag],
        }
    )
    return in_every_band(star).with_columns(mag_err=pl.lit(0.0))


def in_every_band(stars: pl.DataFrame) -> pl.DataFrame:
    """Return one row per star and band from stars with ``g_mag`` and ``bp_rp_mag``."""
    g_mag = stars["g_mag"].to_numpy()
    bp_rp_mag = stars["bp_rp_mag"].to_numpy()
    mag = np.concatenate([g_mag - polyval(bp_rp_mag, terms) for terms in G_MINUS_BAND.values()])
    bands = pl.DataFrame({"band": list(G_MINUS_BAND)})
    return (
        bands.join(stars, how="cross", maintain_order="left_right")
        .with_columns(
            epoch=pl.lit(GAIA_EPOCH),
            catalogue=pl.lit(CATALOGUE),
            mag=pl.Series(mag),
            mag_err=pl.Series(np.tile(_catalogue_error_mag(g_mag), len(G_MINUS_BAND))),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in REFERENCE_SCHEMA.items())
        .sort("ref_id", "band")
    )


def _catalogue_error_mag(g_mag: NDArray[np.float64]) -> NDArray[np.float64]:
    return 0.004 + 0.02 * 10 ** (0.3 * (g_mag - GSPC_FAINT_G_MAG))
