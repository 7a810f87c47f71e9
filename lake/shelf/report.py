"""What another processing changes: frame by frame, and in sum."""

import polars as pl

from lake.readable import Readable

_TOLD = ("status", "band", "mag", "mag_err", "limit_mag", "zero_point_mag", "zero_point_err_mag", "stars")
_BOTH = f"""
    SELECT n.frame_id, n.upload_id, n.target_id, n.camera, n.mjd,
           n.calib_version AS now, s.processing AS shelf,
           {", ".join(f"n.{name} AS {name}_now, s.{name} AS {name}_shelf" for name in _TOLD)}
    FROM lake.frames AS n JOIN lake.shelf_frames AS s USING (frame_id)
    WHERE n.upload_id IN (SELECT unnest($upload_ids))
    ORDER BY n.target_id, n.mjd, n.frame_id"""  # noqa: S608 - our own names


def comparison(store: Readable, chosen: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each frame of the chosen uploads: what counts now beside what waits on the shelf.

    Parameters
    ----------
    chosen
        ``upload_id`` and ``processing``, as ``lake.shelf.selection.choices`` gives them.
    """
    both = store.read(_BOTH, {"upload_ids": chosen["upload_id"].to_list()})
    key = chosen.select("upload_id", shelf="processing")
    return both.join(key, on=["upload_id", "shelf"], how="semi", maintain_order="left").with_columns(
        change_mag=pl.when(pl.col("band_now") == pl.col("band_shelf")).then(
            pl.col("mag_shelf") - pl.col("mag_now")
        )
    )


def in_sum(compared: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each target, camera and band on the shelf, with the changes of its frames.

    ``median_mag`` and ``spread_mag`` (half of what the middle 68 % span) tell of frames measured in the same
    band both times, ``verdicts`` of those whose status or band became another.
    """
    change = pl.col("change_mag")
    is_other = (pl.col("status_now") != pl.col("status_shelf")) | (pl.col("band_now") != pl.col("band_shelf"))
    return compared.group_by("target_id", "camera", "band_shelf", maintain_order=True).agg(
        frames=pl.len(),
        compared=change.count(),
        median_mag=change.median(),
        spread_mag=(change.quantile(0.84) - change.quantile(0.16)) / 2,
        largest_mag=change.abs().max(),
        error_now_mag=pl.col("mag_err_now").median(),
        error_shelf_mag=pl.col("mag_err_shelf").median(),
        verdicts=is_other.sum(),
    )
