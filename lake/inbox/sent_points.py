"""Points of a light curve that somebody sent ready-made."""

from collections.abc import Sequence

import polars as pl

from engine.lightcurve import Flag, light_curve
from engine.target import Target
from engine.times import bjd_tdb
from lake.changes import Change
from lake.credit import credited
from lake.frame_rows import UPLOAD
from lake.inbox.uploads import Upload
from lake.opening import Lake
from lake.provenance import Batch
from lake.sites.observatories import RegisteredCamera, list_cameras
from lake.tables import PHOTOMETRY
from lake.target_list import update_summary

AS_SENT = "as sent"  # the calibration is the sender's


def save_curve(lake: Lake, sent: Upload, target: Target, rows: pl.DataFrame, *, batch: Batch) -> None:
    """Keep the rows of ``engine.sent.curve_file`` as points, in place of what the upload gave before."""
    target_id = target.target_id or 0
    before = lake.store.light_curve(target_id).filter(
        (pl.col("source") == UPLOAD) & pl.col("source_ref").str.starts_with(f"{sent.sha256}:")
    )
    points = _points(lake, sent, target, rows)
    keys = pl.concat([before.select("target_id", "point_id"), points.select("target_id", "point_id")])
    lake.store.commit([Change(table=PHOTOMETRY, rows=points, keys=keys.unique())], batch=batch)
    update_summary(lake.operations, target_id, lake.store.light_curve(target_id))


def _points(lake: Lake, sent: Upload, target: Target, rows: pl.DataFrame) -> pl.DataFrame:
    camera = _camera(list_cameras(lake.operations), sent.oname)
    times = bjd_tdb(
        rows["mjd"].to_numpy(),
        ra_deg=target.ra_deg,
        dec_deg=target.dec_deg,
        location=None if camera is None else camera.camera.location,
    )
    flags = int(Flag.SIMULATED) if sent.simulated or target.simulated else 0
    return light_curve(
        rows.select(
            pl.lit(target.target_id).alias("target_id"),
            pl.lit(UPLOAD).alias("source"),
            pl.concat_str(pl.lit(f"{sent.sha256}:"), pl.col("row")).alias("source_ref"),
            "mjd",
            pl.Series("bjd_tdb", times),
            "band", "mag", "mag_err", "limit_mag",
            pl.lit(sent.oname if camera is None else camera.observatory.name).alias("facility"),
            pl.lit("" if camera is None else camera.camera.name).alias("camera"),
            pl.col("observer").fill_null(credited(lake, sent)),
            pl.lit(AS_SENT).alias("calib_version"),
            pl.lit(flags, dtype=pl.UInt32()).alias("flags"),
        )
    )  # fmt: skip


def _camera(cameras: Sequence[RegisteredCamera], oname: str) -> RegisteredCamera | None:
    return next((each for each in cameras if oname and each.oname == oname), None)
