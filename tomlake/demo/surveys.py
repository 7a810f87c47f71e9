"""How each survey would have sampled a simulated object: cadence, depth, errors and limits."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.lightcurve import Flag, light_curve
from tomlake.demo.actor import Actor, sun_ra_deg

SOURCE = "demo"
GAIA_END_MJD = 60690.0  # 2025 January 15
NEOWISE_END_MJD = 60523.0  # 2024 August 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What the demo needs to know of a survey; ``limit_mag`` is its 5 sigma depth for one exposure."""

    facility: str
    bands: tuple[str, ...]
    start_mjd: float
    stop_mjd: float | None  # None: still going
    every_d: float
    limit_mag: float
    floor_mag_err: float
    seasonal: bool = True
    exposures_per_visit: int = 1
    gives_limits: bool = False


SURVEYS: tuple[Survey, ...] = (
    Survey(facility="Gaia", bands=("GSA(G)",), start_mjd=56890.0, stop_mjd=GAIA_END_MJD, every_d=28.0,
           limit_mag=20.7, floor_mag_err=0.006, seasonal=False, exposures_per_visit=2),
    Survey(facility="WISE", bands=("WISE(W1)", "WISE(W2)"), start_mjd=56640.0, stop_mjd=NEOWISE_END_MJD,
           every_d=182.0, limit_mag=15.6, floor_mag_err=0.02, seasonal=False, exposures_per_visit=11),
    Survey(facility="ZTF", bands=("ZTF(zg)", "ZTF(zr)"), start_mjd=58200.0, stop_mjd=None, every_d=6.0,
           limit_mag=20.6, floor_mag_err=0.012, gives_limits=True),
    Survey(facility="ATLAS", bands=("ATLAS(o)", "ATLAS(c)"), start_mjd=57600.0, stop_mjd=None, every_d=7.0,
           limit_mag=19.3, floor_mag_err=0.012, gives_limits=True),
    Survey(facility="ASAS-SN", bands=("ASASSN(g)",), start_mjd=58000.0, stop_mjd=None, every_d=9.0,
           limit_mag=17.4, floor_mag_err=0.02, gives_limits=True),
)  # fmt: skip

# Magnitude in the band minus Gaia G, as a straight line in BP-RP: near enough for a demo.
_COLOUR_LINES: dict[str, tuple[float, float]] = {
    "GSA(G)": (0.0, 0.0), "WISE(W1)": (-0.4, -1.55), "WISE(W2)": (-0.4, -1.57), "ZTF(zg)": (-0.1, 0.55),
    "ZTF(zr)": (0.05, -0.14), "ATLAS(o)": (0.1, -0.22), "ATLAS(c)": (0.0, 0.25), "ASASSN(g)": (-0.1, 0.55),
}  # fmt: skip


def survey_points(actor: Actor, target_id: int, *, now_mjd: float, rng: np.random.Generator) -> pl.DataFrame:
    """Return what all surveys saw of one actor until ``now_mjd``, every row flagged as simulated."""
    tables = [
        _band_points(actor, survey, band, now_mjd=now_mjd, rng=rng)
        for survey in SURVEYS
        for band in survey.bands
    ]
    points = pl.concat(tables).with_columns(
        target_id=pl.lit(target_id), source=pl.lit(SOURCE), flags=pl.lit(int(Flag.SIMULATED), pl.UInt32)
    )
    return light_curve(points)


def _visits(survey: Survey, actor: Actor, now_mjd: float, rng: np.random.Generator) -> NDArray[np.float64]:
    stop_mjd = min(survey.stop_mjd or now_mjd, now_mjd)
    visits = np.arange(survey.start_mjd, stop_mjd, survey.every_d)
    visits = visits + rng.uniform(-0.3, 0.3, len(visits)) * survey.every_d
    if survey.seasonal:  # the Sun is in the way for four months a year
        away = np.abs((actor.ra_deg - sun_ra_deg(visits) + 180.0) % 360.0 - 180.0)
        visits = visits[(away > 55.0) & (rng.uniform(size=len(visits)) < 0.7)]
    spread_d = rng.uniform(0.0, 0.9, (len(visits), survey.exposures_per_visit))
    mjd = np.sort((visits[:, None] + spread_d).ravel())
    return mjd[mjd < stop_mjd]


def _band_points(
    actor: Actor, survey: Survey, band: str, *, now_mjd: float, rng: np.random.Generator
) -> pl.DataFrame:
    mjd = _visits(survey, actor, now_mjd, rng)
    intercept, slope = _COLOUR_LINES[band]
    change = actor.change_mag(mjd, now_mjd=now_mjd)
    true_mag = actor.g_mag + intercept + slope * actor.bp_rp_mag + change
    snr = 5.0 * 10 ** (0.4 * (survey.limit_mag - true_mag))
    mag_err = np.hypot(1.0857 / np.maximum(snr, 1e-3), survey.floor_mag_err)
    seen = snr >= 5.0
    mag = np.where(seen, true_mag + rng.normal(0.0, mag_err), np.nan)
    keep = seen | (survey.gives_limits & (rng.uniform(size=len(mjd)) < 0.25))
    return pl.DataFrame(
        {
            "source_ref": [f"{band} {time:.6f}" for time in mjd],
            "mjd": mjd,
            "band": band,
            "mag": mag,
            "mag_err": np.where(seen, mag_err, np.nan),
            "limit_mag": np.where(seen, np.nan, survey.limit_mag + rng.normal(0.0, 0.15, len(mjd))),
            "facility": f"{survey.facility} (simulated)",
            "observer": f"{survey.facility} (simulated)",
        }
    ).filter(pl.Series(keep))
