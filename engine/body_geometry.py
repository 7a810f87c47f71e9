"""Distances and phase angle of a body at any moment, from a table of its places."""

import numpy as np
import polars as pl
from scipy.interpolate import make_interp_spline

from engine.reduced_magnitude import distance_modulus_mag

LEAST_NODES = 4
_COLUMNS = ("r_au", "delta_au", "phase_deg")
_SCHEMA = dict.fromkeys(_COLUMNS, pl.Float64())
_CUBIC = 3
_ROUGH_MAG = 0.5  # of distance alone between two nodes: too wide apart to tell what lies between


def geometry_at(nodes: pl.DataFrame, mjd: pl.Series) -> pl.DataFrame:
    """Return ``r_au``, ``delta_au`` and ``phase_deg`` at moments, null where the table cannot tell.

    Parameters
    ----------
    nodes
        ``mjd`` (ascending), ``r_au``, ``delta_au``, ``phase_deg``; cubics go through them.
    """
    if len(nodes) < LEAST_NODES:
        return pl.DataFrame({name: [None] * len(mjd) for name in _COLUMNS}, schema=_SCHEMA)
    times, moments = nodes["mjd"].to_numpy(), mjd.to_numpy()
    days = times - times[0]
    spline = make_interp_spline(days, nodes.select(_COLUMNS).to_numpy(), k=_CUBIC)
    inside = (moments >= times[0]) & (moments <= times[-1])
    steps_mag = np.abs(np.diff(distance_modulus_mag(nodes["r_au"].to_numpy(), nodes["delta_au"].to_numpy())))
    interval = np.clip(np.searchsorted(times, moments, side="right") - 1, 0, len(steps_mag) - 1)
    known = pl.Series("known", inside & (steps_mag[interval] <= _ROUGH_MAG))
    values = spline(np.clip(moments - times[0], 0.0, days[-1]))
    found = pl.DataFrame(values, schema=_SCHEMA)
    return found.select(pl.when(known).then(pl.col(name)).alias(name) for name in _COLUMNS)
