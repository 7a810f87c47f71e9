"""A program that calibrates one table of stars and ends, for who wants neither its code nor its memory.

It reads a JSON object, and writes one: ``{"told": ..., "stars": ...}`` or ``{"refused": ...}``.
"""

import json
import sys
from pathlib import Path

import polars as pl

from engine.errors import Rejected
from engine.photometry.instrumental import read_instrumental
from engine.photometry.reduce_table import MATCH_RADIUS_ARCSEC, reduce_table
from engine.photometry.verdict import Reduction
from engine.target import Target

_STARS = ("ref_mag", "residual_mag", "used")
_NUMBERS = (
    "reason", "mjd", "mag", "mag_err", "limit_mag", "band", "zero_point_mag", "scatter_mag", "stars",
)  # fmt: skip


def answer(asked: dict[str, object]) -> dict[str, object]:
    """Return what is told of the table that is asked about."""
    try:
        table = read_instrumental(Path(str(asked["table"])))
        ra_deg, dec_deg = float(str(asked["ra_deg"])), float(str(asked["dec_deg"]))
        mjd, radius_arcsec = asked["mjd"], asked["match_radius_arcsec"]
        reduction = reduce_table(
            table,
            Target(name="target", ra_deg=ra_deg, dec_deg=dec_deg),
            pl.read_ipc(str(asked["references"])),
            requested=str(asked["requested"]),
            mjd=None if mjd is None else float(str(mjd)),
            match_radius_arcsec=MATCH_RADIUS_ARCSEC if radius_arcsec is None else float(str(radius_arcsec)),
        )
    except Rejected as refusal:
        return {"refused": {"reason": refusal.reason, "code": refusal.code}}
    stars = reduction.stars_table.select(_STARS).to_dict(as_series=False)
    return {"told": _told(reduction), "stars": stars}


def _told(reduction: Reduction) -> dict[str, object]:
    fit = reduction.calibration
    chosen = next((each for each in fit.fits if each.band == fit.band), None) if fit else None
    told = {name: getattr(reduction, name) for name in _NUMBERS}
    fraction = None if chosen is None else chosen.outlier_fraction
    return {**told, "status": str(reduction.status), "outlier_fraction": fraction}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(answer(json.load(sys.stdin))))
