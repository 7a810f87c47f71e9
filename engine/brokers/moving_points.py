"""Light curves of moving bodies: barycentric times by the place of each observation, not by the target's."""

import numpy as np
import polars as pl

from engine.brokers.points import archive_points
from engine.brokers.protocol import BrokerInfo, Query
from engine.lightcurve import empty
from engine.times import bjd_tdb


def moving_points(
    rows: pl.DataFrame, query: Query, info: BrokerInfo, *, calib_version: str, facility: str = ""
) -> pl.DataFrame:
    """Return rows with ``ra_deg`` and ``dec_deg`` beside the columns of ``archive_points`` as a light curve.

    The barycentric correction is that of a far star at the place where the body was seen.
    """
    if rows.is_empty():
        return empty()
    times = bjd_tdb(
        np.asarray(rows["mjd"].to_numpy(), dtype=np.float64),
        ra_deg=np.asarray(rows["ra_deg"].to_numpy(), dtype=np.float64),
        dec_deg=np.asarray(rows["dec_deg"].to_numpy(), dtype=np.float64),
    )
    points = rows.with_columns(pl.Series("bjd_tdb", times)).drop("ra_deg", "dec_deg")
    return archive_points(points, query, info, calib_version=calib_version, facility=facility)
