"""The live accuracy of a camera, from all frames that a person may see; kept until the lake changes."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import lru_cache

import polars as pl
from sqlalchemy import Engine

from engine.accuracy.report import FRAME_COLUMNS, Accuracy, accuracy
from engine.accuracy.stars import COLOUR_STEP_MAG, MAG_STEP, StarTallies, no_tallies
from engine.accuracy.tally import CELLS_PER_E_FOLD, PULL_SCALE, RESIDUAL_SCALE_MAG
from engine.lightcurve import Flag
from engine.photometry.verdict import TARGET_REF_ID
from lake.people.accounts import User
from lake.readable import Readable
from lake.seen import SeenUploads, seen_uploads
from lake.sites.observatories import RegisteredCamera
from lake.store import Store

_SPOILT = Flag.SATURATED | Flag.BLENDED | Flag.NEAR_EDGE | Flag.BAD_PIXEL
_OF_CAMERA = """
    facility = $facility AND camera = $camera AND ((flags & $simulated_flag) <> 0) = $simulated"""
_FRAMES = f"""
    SELECT upload_id, {", ".join(name for name in FRAME_COLUMNS if name != "received_mjd")}
    FROM lake.frames WHERE {_OF_CAMERA}"""  # noqa: S608 - our own column names
# One pass over all stars gives all three tallies, and memory stays flat; bins are small numbers, which are
# grouped quicker than words. A star's stated error is that of a point of known colour: its photons' and the
# zero point's; the catalogue's own belongs to it. What is no number (TRY_CAST) is counted nowhere.
_TALLIES = f"""
    WITH of_camera AS (
        SELECT frame_id, band, CAST(dense_rank() OVER (ORDER BY band) AS SMALLINT) AS band_number,
               coalesce(zero_point_err_mag, 0) AS zero_point_err_mag
        FROM lake.frames
        WHERE {_OF_CAMERA} AND upload_id IN (SELECT unnest($upload_ids))
              AND band IS NOT NULL AND zero_point_mag IS NOT NULL
    ), catalogue AS (
        SELECT ref_id, band, any_value(bp_rp_mag) AS colour_mag, any_value(mag_err) AS ref_err_mag
        FROM lake.reference_stars
        WHERE band IN (SELECT DISTINCT band FROM of_camera)
        GROUP BY ref_id, band
    ), stars AS (
        SELECT band_number, residual_mag, ref_mag, colour_mag,
               sqrt(inst_mag_err ** 2 + zero_point_err_mag ** 2 + coalesce(ref_err_mag, 0) ** 2)
                   AS stated_err_mag
        FROM lake.frame_stars JOIN of_camera USING (frame_id) LEFT JOIN catalogue USING (ref_id, band)
        WHERE isfinite(residual_mag) AND ref_mag IS NOT NULL AND (flags & $spoilt) = 0 AND ref_id <> $target
    ), binned AS (
        SELECT band_number,
               TRY_CAST(floor(ref_mag / $mag_step) AS SMALLINT) AS mag_bin,
               TRY_CAST(floor(colour_mag / $colour_step) AS SMALLINT) AS colour_bin,
               TRY_CAST(round(asinh(residual_mag / $residual_scale) * $per_e_fold) AS SMALLINT)
                   AS residual_cell,
               CASE WHEN stated_err_mag > 0 THEN TRY_CAST(round(asinh(
                   residual_mag / stated_err_mag / $pull_scale) * $per_e_fold) AS SMALLINT) END AS pull_cell
        FROM stars
    ), counted AS (
        SELECT band_number, coalesce(mag_bin, colour_bin) AS bin, coalesce(residual_cell, pull_cell) AS cell,
               CASE WHEN grouping(mag_bin) = 1 THEN 'colours'
                    WHEN grouping(pull_cell) = 1 THEN 'residuals' ELSE 'pulls' END AS tally,
               count(*) AS count
        FROM binned
        GROUP BY GROUPING SETS (
            (band_number, mag_bin, residual_cell), (band_number, mag_bin, pull_cell),
            (band_number, colour_bin, residual_cell))
    )
    SELECT tally, band, bin, cell, count
    FROM counted JOIN (SELECT DISTINCT band_number, band FROM of_camera) USING (band_number)
    WHERE bin IS NOT NULL AND cell IS NOT NULL"""  # noqa: S608 - our own words


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Whose frames are asked for."""

    facility: str
    camera: str
    longitude_deg: float = 0.0
    simulated: bool = False  # of a simulated observatory; elsewhere simulated frames tell nothing


def camera_accuracy(
    store: Store,
    operations: Engine,
    registered: RegisteredCamera,
    user: User | None,
    *,
    as_of: int | None = None,
) -> Accuracy:
    """Return what the frames of a camera that a person may see, None for anybody, tell of it.

    ``as_of`` is a version of the lake.

    Raises
    ------
    Rejected
        ``unknown-version``: the lake has no such version, or keeps it no longer.
    """
    place = registered.observatory
    wanted = Wanted(
        facility=registered.camera.facility,
        camera=registered.camera.name,
        longitude_deg=place.longitude_deg,
        simulated=place.simulated,
    )
    version = store.version() if as_of is None else as_of
    return _kept(store, version, wanted, seen_uploads(operations, user))


@lru_cache(maxsize=64)
def _kept(store: Store, version: int, wanted: Wanted, seen: SeenUploads) -> Accuracy:
    read_from = store if version == store.version() else store.at(version)
    return accuracy_of(read_from, wanted, seen.table(), lake=store)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """Which stars are to be counted: two are equal where the same reductions of the same frames are meant.

    Other writers change the lake's version all the time; counting every star anew for each would be a waste.
    """

    wanted: Wanted
    lake: Hashable  # which store: a process may have several
    frames: int
    fingerprint: int  # of uploads and the moments of their verdicts
    reader: Readable = field(compare=False)
    upload_ids: tuple[int, ...] = field(compare=False)


def accuracy_of(store: Readable, wanted: Wanted, seen: pl.DataFrame, *, lake: Hashable = None) -> Accuracy:
    """Return the accuracy from the frames of some uploads; ``seen`` has upload_id and received_mjd."""
    frames = store.read(_FRAMES, _asked(wanted)).join(seen, on="upload_id")
    return accuracy(
        frames.select(pl.col(name).cast(dtype) for name, dtype in FRAME_COLUMNS.items()),
        _tallies(store, wanted, frames, lake),
        longitude_deg=wanted.longitude_deg,
    )


def _asked(wanted: Wanted) -> dict[str, object]:
    return {
        "facility": wanted.facility,
        "camera": wanted.camera,
        "simulated": wanted.simulated,
        "simulated_flag": int(Flag.SIMULATED),
    }


def _tallies(store: Readable, wanted: Wanted, frames: pl.DataFrame, lake: Hashable) -> StarTallies:
    calibrated = frames.drop_nulls(["band", "zero_point_mag"])
    if calibrated.is_empty():
        return no_tallies()
    question = _Question(
        wanted=wanted,
        lake=lake,
        frames=len(calibrated),
        fingerprint=int(calibrated.select("upload_id", "band", "made_mjd").hash_rows().sum()),
        reader=store,
        upload_ids=tuple(calibrated["upload_id"].unique()),
    )
    return _counted(question)


@lru_cache(maxsize=32)
def _counted(question: _Question) -> StarTallies:
    rows = question.reader.scan(
        _TALLIES,
        _asked(question.wanted)
        | {
            "upload_ids": list(question.upload_ids),
            "target": TARGET_REF_ID,
            "spoilt": int(_SPOILT),
            "mag_step": MAG_STEP,
            "colour_step": COLOUR_STEP_MAG,
            "residual_scale": RESIDUAL_SCALE_MAG,
            "pull_scale": PULL_SCALE,
            "per_e_fold": CELLS_PER_E_FOLD,
        },
    )

    def told(tally: str, bin_name: str) -> pl.DataFrame:
        return rows.filter(pl.col("tally") == tally).select(
            "band", pl.col("bin").alias(bin_name), "cell", "count"
        )

    return StarTallies(
        residuals=told("residuals", "mag_bin"),
        pulls=told("pulls", "mag_bin"),
        colours=told("colours", "colour_bin"),
    )


_NUMBERS = """
    SELECT facility, camera, (flags & $simulated_flag) <> 0 AS simulated, count(*) AS frames,
           max(mjd) AS last_mjd, median(scatter_mag) AS scatter_mag, median(limit_mag) AS limit_mag,
           median(seeing_arcsec) AS seeing_arcsec
    FROM lake.frames
    WHERE upload_id IN (SELECT unnest($upload_ids))
    GROUP BY ALL"""


def numbers_of_cameras(
    store: Store, operations: Engine, user: User | None, *, as_of: int | None = None
) -> pl.DataFrame:
    """Return how many frames each camera gave that a person may see, and medians over them.

    Returns
    -------
        ``facility``, ``camera``, ``simulated``, ``frames``, ``last_mjd``, ``scatter_mag``, ``limit_mag``,
        ``seeing_arcsec``.
    """
    version = store.version() if as_of is None else as_of
    return _kept_numbers(store, version, seen_uploads(operations, user))


@lru_cache(maxsize=64)
def _kept_numbers(store: Store, version: int, seen: SeenUploads) -> pl.DataFrame:
    read_from = store if version == store.version() else store.at(version)
    asked = {"simulated_flag": int(Flag.SIMULATED), "upload_ids": [number for number, _ in seen.received]}
    return read_from.scan(_NUMBERS, asked)
