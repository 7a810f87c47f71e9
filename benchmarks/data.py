"""Made-up light curves that look like real ones: about 1,000 points a target, from twelve sources."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.lightcurve import SCHEMA

POINTS_PER_TARGET = 1000
POINTS_PER_BATCH = POINTS_PER_TARGET / 12  # one target, one source
PIECE_TARGETS = 12_000  # of one source: about a million points
_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What the rows of one archive, or of the uploads, look like."""

    key: str
    bands: tuple[str, ...]
    facility: str
    observer: str
    calib_version: str
    exptime_s: float | None
    mag_digits: int = 3
    limit_share: float = 0.0
    has_flux: bool = False


# key, bands, facility, observer, calib_version, exptime_s, digits of mag, share of limits, has fluxes
_ROWS: tuple[tuple[str, str, str, str, str, float | None, int, float, bool], ...] = (
    ("gaia_alerts", "GSA(G)", "Gaia Alerts", "Gaia Alerts", "hodgkin-2021", None, 2, 0.0, False),
    ("gaia_dr3", "G(GaiaDR3) BP(GaiaDR3) RP(GaiaDR3)", "Gaia", "Gaia DR3", "dr3", None, 4, 0.0, False),
    ("neowise", "WISE(W1) WISE(W2)", "NEOWISE", "NEOWISE", "neowise-cuts-1", 7.7, 3, 0.1, False),
    ("ztf", "ZTF(zg) ZTF(zr) ZTF(zi)", "P48", "ZTF", "dr24", 30.0, 5, 0.0, False),
    ("ztf_forced", "ZTF(zg) ZTF(zr)", "P48", "ZTF", "forced-1", 30.0, 4, 0.3, True),
    ("atlas", "ATLAS(c) ATLAS(o)", "ATLAS", "ATLAS", "forced-1", 30.0, 3, 0.3, True),
    ("asassn", "ASASSN(g) ASASSN(V)", "ASAS-SN", "ASAS-SN", "sky-patrol-2", 90.0, 3, 0.2, True),
    ("two_mass", "2MASS(J) 2MASS(H) 2MASS(K)", "2MASS", "2MASS", "psc", 7.8, 3, 0.0, False),
    ("bhtom", "g(GaiaSP) r(GaiaSP) i(GaiaSP)", "various", "various", "bhtom", 120.0, 6, 0.1, False),
    ("crts", "V(GaiaSP)", "CSS", "CRTS", "dr3", 30.0, 2, 0.0, False),
    ("refcat", "g(Refcat2) r(Refcat2) i(Refcat2)", "PS1", "Pan-STARRS", "refcat2", 45.0, 4, 0.0, False),
    (
        "upload",
        "g(GaiaSP) r(GaiaSP) V(GaiaSP)",
        "Ostrowik",
        "A. Kowalska",
        "phot-3",
        60.0,
        4,
        0.05,
        True,
    ),
)
SOURCES: tuple[Source, ...] = tuple(
    Source(
        key=key,
        bands=tuple(bands.split()),
        facility=facility,
        observer=observer,
        calib_version=calib_version,
        exptime_s=exptime_s,
        mag_digits=mag_digits,
        limit_share=limit_share,
        has_flux=has_flux,
    )
    for key, bands, facility, observer, calib_version, exptime_s, mag_digits, limit_share, has_flux in _ROWS
)


def arrivals(points: int) -> Iterator[pl.DataFrame]:
    """Give about so many points as they come: source by source, region by region, all in a mixed order.

    So every target's points come in twelve pieces, far from each other.
    """
    targets = points // POINTS_PER_TARGET
    pieces = [
        (number, range(first, min(first + PIECE_TARGETS, targets)))
        for number in range(len(SOURCES))
        for first in range(0, targets, PIECE_TARGETS)
    ]
    for turn in np.random.default_rng(7).permutation(len(pieces)):
        number, some = pieces[turn]
        rng = np.random.default_rng([number, some.start, some.stop])
        order = pl.DataFrame({"target_id": rng.permutation(np.arange(some.start, some.stop, dtype=np.int64))})
        yield order.join(_of_source(number, some, rng), on="target_id", maintain_order="left").select(*SCHEMA)


def points_of_one(target_id: int, source: str, *, look: int = 0) -> pl.DataFrame:
    """Return all points that one source has of one target."""
    number = [each.key for each in SOURCES].index(source)
    rng = np.random.default_rng([look, target_id, number])
    return _of_source(number, range(target_id, target_id + 1), rng).select(*SCHEMA).sort("mjd")


def long_curve(target_id: int, points: int) -> pl.DataFrame:
    """Return so many points of one target: the light curves of many, under one name."""
    targets = range(points // POINTS_PER_TARGET * 11 // 10 + 2)
    pieces = [
        _of_source(number, targets, np.random.default_rng([target_id, number]))
        for number in range(len(SOURCES))
    ]
    chosen = pl.concat(pieces).sample(points, seed=7).sort("mjd")
    own = _mixed(target_id * 16_777_216 + np.arange(points))
    return chosen.with_columns(
        point_id=pl.Series(own),
        target_id=pl.lit(target_id, dtype=pl.Int64()),
        source_ref=pl.format("{}/{}", "source_ref", pl.Series(own)),  # two of the many share an exposure
    ).select(*SCHEMA)


def _of_source(number: int, targets: range, rng: np.random.Generator) -> pl.DataFrame:
    source = SOURCES[number]
    counts = np.maximum(1, rng.poisson(POINTS_PER_BATCH, len(targets)))
    target_id = np.repeat(np.arange(targets.start, targets.stop, dtype=np.int64), counts)
    rows = len(target_id)
    place = np.arange(rows) - np.repeat(np.cumsum(counts) - counts, counts)
    mjd = np.round(rng.uniform(57000.0, 61000.0, rows), 6)
    level = np.repeat(rng.uniform(14.0, 19.5, len(targets)), counts)
    error = np.round(0.01 + 0.04 * rng.random(rows) * 10 ** (0.2 * (level - 17.0)), source.mag_digits)
    mag = np.round(level + rng.normal(0.0, 0.15, rows), source.mag_digits)
    is_limit = rng.random(rows) < source.limit_share
    flux = np.round(10 ** (-0.4 * (mag - 23.9)), 1)
    return pl.DataFrame(
        {
            "point_id": _mixed(target_id * 16_384 + number * 1_024 + place),
            "target_id": target_id,
            "source": pl.repeat(source.key, rows, eager=True),
            "mjd": mjd,
            "bjd_tdb": _bjd(mjd, target_id),
            "exptime_s": pl.repeat(source.exptime_s, rows, dtype=pl.Float64(), eager=True),
            "band": pl.Series(source.bands).gather(rng.integers(0, len(source.bands), rows)),
            "mag": np.where(is_limit, np.nan, mag),
            "mag_err": np.where(is_limit, np.nan, np.maximum(error, 0.01)),
            "flux_ujy": flux if source.has_flux else np.full(rows, np.nan),
            "flux_err_ujy": np.round(0.02 * flux + 1.0, 1) if source.has_flux else np.full(rows, np.nan),
            "limit_mag": np.where(is_limit, np.round(level + 0.5, 2), np.nan),
            "flags": pl.Series(np.where(rng.random(rows) < 0.03, 1 << 5, 0), dtype=pl.UInt32()),
        }
    ).with_columns(
        pl.selectors.float().fill_nan(None),
        source_ref=pl.format("{}/{}", (pl.col("mjd") + 2_400_000.5).round(5), "band"),
        facility=pl.lit(source.facility),
        camera=pl.lit(None, dtype=pl.String()),
        observer=pl.lit(source.observer),
        calib_version=pl.lit(source.calib_version),
        batch_id=pl.lit(None, dtype=pl.String()),
    )


def _bjd(mjd: NDArray[np.float64], target_id: NDArray[np.int64]) -> NDArray[np.float64]:
    longitude = (target_id % 360) * np.pi / 180.0
    light_time_d = 0.0055 * np.cos(2 * np.pi * mjd / 365.25 - longitude)
    return mjd + 2_400_000.5 + 0.0008 + light_time_d


def _mixed(number: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return numbers as spread over 64 bits as a hash is (splitmix64), so that they compress no better."""
    with np.errstate(over="ignore"):
        z = number.astype(np.uint64) * _MIX[0]
        z = (z ^ (z >> np.uint64(30))) * _MIX[1]
        z = (z ^ (z >> np.uint64(27))) * _MIX[2]
        return (z ^ (z >> np.uint64(31))).view(np.int64)
