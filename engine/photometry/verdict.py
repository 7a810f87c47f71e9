"""What one frame gave: the number, what went well or wrong, and everything known, also on failure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import polars as pl

from engine.photometry.calibration import Calibration
from engine.photometry.cutout import Cutout
from engine.photometry.facts import NO_FACTS, FrameFacts
from engine.photometry.solution import Solution

CALIB_VERSION = "psf-2"  # names code and parameters: a change of either makes new rows beside the old
TARGET_REF_ID = "target"

STARS_SCHEMA: dict[str, pl.DataType] = {
    "ref_id": pl.String(),  # TARGET_REF_ID for the target itself
    "x": pl.Float64(),
    "y": pl.Float64(),
    "ra_deg": pl.Float64(),
    "dec_deg": pl.Float64(),
    "inst_mag": pl.Float64(),  # of 1 ADU/s = 0
    "inst_mag_err": pl.Float64(),
    "ref_mag": pl.Float64(),  # in the reduction's band
    "residual_mag": pl.Float64(),  # reference minus standardised
    "used": pl.Boolean(),
    "flags": pl.UInt32(),
}


NUMBERS_SCHEMA: dict[str, pl.DataType] = {  # of a verdict
    "mjd": pl.Float64(),
    "exptime_s": pl.Float64(),
    "filter_name": pl.String(),  # as the header wrote it
    "band": pl.String(),
    "mag": pl.Float64(),
    "mag_err": pl.Float64(),
    "stat_err_mag": pl.Float64(),
    "sys_err_mag": pl.Float64(),
    "limit_mag": pl.Float64(),
    "zero_point_mag": pl.Float64(),
    "zero_point_err_mag": pl.Float64(),
    "scatter_mag": pl.Float64(),
    "stars": pl.Int64(),
    "seeing_arcsec": pl.Float64(),
    "aperture_pix": pl.Float64(),
}


class Status(StrEnum):
    """How a reduction ended."""

    MEASURED = "measured"
    LIMIT = "limit"
    REJECTED = "rejected"


def stars_table(
    pairs: pl.DataFrame, calibration: Calibration | None, target: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return one row per matched star with its residual where the frame is calibrated, the target last.

    Parameters
    ----------
    pairs
        Stars and their reference magnitudes, one row per star and band.
    target
        One row with ``x``, ``y``, ``ra_deg``, ``dec_deg``, ``inst_mag``, ``inst_mag_err``, ``flags``.
    """
    stars = pairs.unique("ref_id", keep="first", maintain_order=True)
    if calibration is not None:
        known = calibration.residuals.select("ref_id", "ref_mag", "residual_mag", "used").unique("ref_id")
        stars = stars.drop("ref_mag").join(known, on="ref_id", how="left", maintain_order="left")
    else:
        stars = stars.drop("ref_mag")
    rows = [stars] if target is None else [stars, target.with_columns(ref_id=pl.lit(TARGET_REF_ID))]
    return pl.concat([_in_schema(table) for table in rows]).with_columns(
        pl.col("used").fill_null(value=False)
    )


def _in_schema(stars: pl.DataFrame) -> pl.DataFrame:
    return stars.select(
        (pl.col(name) if name in stars.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in STARS_SCHEMA.items()
    )


def no_stars() -> pl.DataFrame:
    """Return a stars table without stars."""
    return pl.DataFrame(schema=STARS_SCHEMA)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduction:
    """The verdict on one frame; what is not known is None."""

    status: Status
    code: str = ""  # "measured", "limit", or why not: "target-off-frame", "not-solved", ...
    reason: str = ""  # one sentence
    sentences: tuple[str, ...] = ()  # plain words: what went well, what is wrong, what to change
    file: str = ""
    plane: str = ""
    filter_name: str = ""  # as the header wrote it
    band: str | None = None
    mjd: float | None = None
    exptime_s: float | None = None
    mag: float | None = None
    mag_err: float | None = None  # statistical and systematic together
    stat_err_mag: float | None = None
    sys_err_mag: float | None = None
    limit_mag: float | None = None  # 5 sigma
    zero_point_mag: float | None = None
    zero_point_err_mag: float | None = None
    scatter_mag: float | None = None
    stars: int | None = None  # that fix the zero point
    seeing_arcsec: float | None = None
    aperture_pix: float | None = None  # zero where the stars were fitted by their PSF
    calibration: Calibration | None = None
    solution: Solution | None = None
    stars_table: pl.DataFrame = field(default_factory=no_stars)
    sources: pl.DataFrame = field(default_factory=pl.DataFrame)  # x, y, snr, flags of all that was found
    cutout: Cutout | None = None  # round the target
    facts: FrameFacts = NO_FACTS
    stages_s: Mapping[str, float] = field(default_factory=dict)  # how long each took
    flags: int = 0  # engine.lightcurve.Flag
    notes: tuple[str, ...] = ()  # what reading had to assume
    calib_version: str = CALIB_VERSION

    def as_json(self) -> dict[str, str | float | int | None]:
        """Return the verdict as plain values for programs."""
        return {
            "file": self.file,
            "status": str(self.status),
            "code": self.code,
            "reason": self.reason,
            "band": self.band,
            "mjd": self.mjd,
            "mag": self.mag,
            "mag_err": self.mag_err,
            "limit_mag": self.limit_mag,
            "zero_point_mag": self.zero_point_mag,
            "zero_point_err_mag": self.zero_point_err_mag,
            "scatter_mag": self.scatter_mag,
            "stars": self.stars,
            "seeing_arcsec": self.seeing_arcsec,
        }
