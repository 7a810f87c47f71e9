"""What is known of the sky round a target before a frame is measured: its place, stars and neighbours."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from numpy.typing import NDArray

from engine.errors import Rejected
from engine.photometry.match import positions_at
from engine.target import Target
from engine.times import julian_year

SAME_STAR_ARCSEC = 2.0
DOUBLE_ARCSEC = 3.0  # two catalogues' entries of one star


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """The reference stars of one frame, and what they say of the target.

    ``calibrators`` never holds the target; ``near_target`` holds the other stars within half an arc minute,
    with ``separation_arcsec``.
    """

    calibrators: pl.DataFrame
    near_target: pl.DataFrame
    target_position: SkyCoord
    target_bp_rp_mag: float | None


def field_of(
    references: pl.DataFrame, target: Target, *, mjd: float, pixel_scale_arcsec: float = 1.0
) -> Field:
    """Return the field at the time of a frame, without the target among the reference stars."""
    position = position_of(target, mjd)
    stars = without_doubles(references)
    now = positions_at(stars, mjd)
    separation_arcsec = sky_of(now).separation(position).arcsec if len(now) else np.array([])
    distances = now.select("ref_id").with_columns(separation_arcsec=pl.Series(separation_arcsec))
    same_arcsec = max(SAME_STAR_ARCSEC, 0.5 * pixel_scale_arcsec)
    itself = distances.filter(pl.col("separation_arcsec") < same_arcsec).sort("separation_arcsec").head(1)
    if target.track is not None:  # a star where it stands is one that it covers
        itself = itself.clear()
    others = distances.join(itself, on="ref_id", how="anti")
    colour = stars.join(itself, on="ref_id")["bp_rp_mag"].drop_nulls()
    return Field(
        calibrators=stars.join(itself, on="ref_id", how="anti"),
        near_target=stars.join(others.filter(pl.col("separation_arcsec") < 30.0), on="ref_id"),
        target_position=position,
        target_bp_rp_mag=float(colour[0]) if len(colour) else None,
    )


def position_of(target: Target, mjd: float) -> SkyCoord:
    """Return where the target stands at a date, moved by its proper motion or along its track.

    Raises
    ------
    Rejected
        ``outside-ephemeris``.
    """
    if target.track is not None:
        return target.track.position_at(mjd)
    years = julian_year(mjd) - target.epoch
    east_arcsec = (target.pm_ra_mas_yr or 0.0) * years / 1000.0
    north_arcsec = (target.pm_dec_mas_yr or 0.0) * years / 1000.0
    return target.position.spherical_offsets_by(east_arcsec * units.arcsec, north_arcsec * units.arcsec)


def pixel_of(position: SkyCoord, wcs: WCS, *, shape: tuple[int, int]) -> tuple[float, float]:
    """Return the pixel of a position.

    Raises
    ------
    Rejected
        ``target-off-frame``.
    """
    ny, nx = shape
    centre = wcs.pixel_to_world((nx - 1) / 2, (ny - 1) / 2)
    away_deg = float(centre.separation(position).deg)
    x, y = (
        (float("nan"), float("nan"))
        if away_deg > 60
        else (float(value) for value in wcs.all_world2pix(position.ra.deg, position.dec.deg, 0, quiet=True))
    )
    if not (-0.5 <= x <= nx - 0.5 and -0.5 <= y <= ny - 0.5):
        raise Rejected(
            f"The target is not on this frame, whose centre is {away_deg * 60:.1f} arcmin away from it: "
            "check the target's name or point the telescope at it.",
            code="target-off-frame",
        )
    return x, y


def without_doubles(references: pl.DataFrame) -> pl.DataFrame:
    """Return the references without position-only stars that another catalogue gives with magnitudes."""
    bare = references.filter(pl.col("band").is_null())
    bright = references.filter(pl.col("band").is_not_null()).unique("ref_id", maintain_order=True)
    if not len(bare) or not len(bright):
        return references
    _, separation, _ = sky_of(bare).match_to_catalog_sky(sky_of(bright))
    doubles = bare.filter(pl.Series(separation.arcsec < DOUBLE_ARCSEC))
    return references.join(doubles.select("ref_id"), on="ref_id", how="anti")


def neighbours_share(
    field: Field, *, band: str, mag: float, radius_arcsec: float, seeing_arcsec: float
) -> float:
    """Return the catalogued neighbours' light in the target's circle, in units of the target's own light.

    A neighbour counts where its centre lies within the circle widened by half the seeing.
    """
    reach_arcsec = radius_arcsec + 0.5 * seeing_arcsec
    near = field.near_target.filter(pl.col("band") == band, pl.col("separation_arcsec") < reach_arcsec)
    ratios: NDArray[np.float64] = 10 ** (-0.4 * (near["mag"].to_numpy() - mag))
    return float(np.sum(ratios))


def sky_of(stars: pl.DataFrame) -> SkyCoord:
    """Return the positions of a table of stars."""
    return SkyCoord(stars["ra_deg"].to_numpy(), stars["dec_deg"].to_numpy(), unit="deg")
