"""Pairs what a frame shows with what the catalogue knows, on the sphere and at the frame's date."""

import numpy as np
import polars as pl
from astropy.coordinates import angular_separation, position_angle
from astropy.wcs import WCS
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from engine.errors import Rejected
from engine.times import julian_year

Array = NDArray[np.float64]

GENEROUS_RADIUS_ARCSEC = 5.0
GENEROUS_RADIUS_PIX = 3.0
_MIN_RADIUS_ARCSEC = 0.3
_STARS_FOR_A_NARROW_RADIUS = 20
_SIGMAS = 4.0
_MAS_PER_DEG = 3.6e6
_SOURCE_COLUMNS = ("x", "y", "inst_mag", "inst_mag_err", "flags", "flux_adu", "snr", "fwhm_pix")


def positions_at(references: pl.DataFrame, mjd: float) -> pl.DataFrame:
    """Return one row per star, ``ref_id``, ``ra_deg``, ``dec_deg`` moved by the proper motion to a date."""
    year = julian_year(mjd)
    stars = references.unique("ref_id", keep="first", maintain_order=True)
    years = year - pl.col("epoch").fill_null(year)
    cos_dec = (pl.col("dec_deg") * np.pi / 180).cos().clip(1e-6)
    moved_ra = pl.col("pm_ra_mas_yr").fill_null(0.0) * years / _MAS_PER_DEG / cos_dec
    return stars.select(
        "ref_id",
        ra_deg=(pl.col("ra_deg") + moved_ra) % 360.0,
        dec_deg=(pl.col("dec_deg") + pl.col("pm_dec_mas_yr").fill_null(0.0) * years / _MAS_PER_DEG).clip(
            -90, 90
        ),
    )


def match(
    sources: pl.DataFrame,
    references: pl.DataFrame,
    wcs: WCS | None,
    *,
    mjd: float,
    radius_arcsec: float | None = None,
) -> pl.DataFrame:
    """Return one row per matched star and band: the source's columns, and the reference's magnitude.

    Parameters
    ----------
    sources
        ``x``, ``y`` when ``wcs`` is given, else ``ra_deg``, ``dec_deg``; other columns are kept.
    radius_arcsec
        None: found from the offsets themselves, which are also freed of their common shift.

    Raises
    ------
    Rejected
        ``no-matches``: no source lies near a reference star.
    """
    stars = positions_at(references, mjd)
    ra_deg, dec_deg = _source_positions(sources, wcs)
    generous = radius_arcsec or _generous_radius_arcsec(wcs)
    found = _mutual_nearest(ra_deg, dec_deg, stars, generous)
    if not len(found):
        raise Rejected(
            f"No star lies within {generous:.1f} arcsec of a catalogue star: check its position.",
            code="no-matches",
        )
    if radius_arcsec is None:
        found = _without_strays(found)
    ids = stars["ref_id"].gather(found["star"])
    kept = [name for name in _SOURCE_COLUMNS if name in sources.columns]
    table = sources.select(kept)[found["source"].to_list()].with_columns(
        source=found["source"],
        ra_deg=pl.Series(ra_deg)[found["source"].to_list()],
        dec_deg=pl.Series(dec_deg)[found["source"].to_list()],
        ref_id=ids,
        separation_arcsec=found["separation_arcsec"],
    )
    named = references.select(
        "ref_id", "bp_rp_mag", "variable", "catalogue", "band", ref_mag="mag", ref_mag_err="mag_err"
    )
    return table.join(named, on="ref_id").sort("source", "band")


def _source_positions(sources: pl.DataFrame, wcs: WCS | None) -> tuple[Array, Array]:
    if wcs is None:
        return sources["ra_deg"].to_numpy().astype(float), sources["dec_deg"].to_numpy().astype(float)
    ra_deg, dec_deg = wcs.all_pix2world(sources["x"].to_numpy(), sources["y"].to_numpy(), 0)
    return np.asarray(ra_deg, dtype=np.float64) % 360.0, np.asarray(dec_deg, dtype=np.float64)


def _generous_radius_arcsec(wcs: WCS | None) -> float:
    if wcs is None:
        return GENEROUS_RADIUS_ARCSEC
    scale_arcsec = float(np.sqrt(np.abs(np.linalg.det(wcs.pixel_scale_matrix)))) * 3600.0
    return max(GENEROUS_RADIUS_ARCSEC, GENEROUS_RADIUS_PIX * scale_arcsec)


def _vectors(ra_deg: Array, dec_deg: Array) -> Array:
    ra, dec = np.radians(ra_deg), np.radians(dec_deg)
    return np.column_stack((np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)))


def _mutual_nearest(ra_deg: Array, dec_deg: Array, stars: pl.DataFrame, radius_arcsec: float) -> pl.DataFrame:
    """Return pairs of which each is the other's nearest, with offsets on the sky."""
    placed = np.flatnonzero(np.isfinite(ra_deg) & np.isfinite(dec_deg))
    star_ra, star_dec = stars["ra_deg"].to_numpy(), stars["dec_deg"].to_numpy()
    if not len(placed) or not len(stars):
        return pl.DataFrame()
    here, there = _vectors(ra_deg[placed], dec_deg[placed]), _vectors(star_ra, star_dec)
    chord = 2 * np.sin(np.radians(radius_arcsec / 3600.0) / 2)
    distance, star = cKDTree(there).query(here, distance_upper_bound=chord)
    _, back = cKDTree(here).query(there)
    near = np.isfinite(distance)
    mutual = near & (back[np.where(near, star, 0)] == np.arange(len(placed)))
    source, star = placed[mutual], star[mutual]
    of_star = np.radians((star_ra[star], star_dec[star]))
    of_source = np.radians((ra_deg[source], dec_deg[source]))
    separation_arcsec = np.degrees(angular_separation(*of_star, *of_source)) * 3600.0
    angle_rad = position_angle(*of_star, *of_source).radian
    return pl.DataFrame(
        {
            "source": source,
            "star": star,
            "east_arcsec": separation_arcsec * np.sin(angle_rad),
            "north_arcsec": separation_arcsec * np.cos(angle_rad),
            "separation_arcsec": separation_arcsec,
        }
    )


def _without_strays(found: pl.DataFrame) -> pl.DataFrame:
    """Drop pairs whose offset is not that of the crowd: wrong matches are spread, right ones are heaped."""
    if len(found) < _STARS_FOR_A_NARROW_RADIUS:
        return found
    east, north = found["east_arcsec"].to_numpy(), found["north_arcsec"].to_numpy()
    centre = np.array([np.median(east), np.median(north)])
    sigma = 1.4826 * float(np.median(np.abs(np.concatenate((east - centre[0], north - centre[1])))))
    for _ in range(10):
        radius = max(_SIGMAS * sigma, _MIN_RADIUS_ARCSEC)
        inside = np.hypot(east - centre[0], north - centre[1]) <= radius
        centre = np.array([np.mean(east[inside]), np.mean(north[inside])])
        residual = np.concatenate((east[inside] - centre[0], north[inside] - centre[1]))
        updated = float(np.sqrt(np.mean(residual**2)))
        if abs(updated - sigma) < 1e-4:
            break
        sigma = min(sigma, updated)
    return found.filter(pl.Series(np.hypot(east - centre[0], north - centre[1]) <= radius))
