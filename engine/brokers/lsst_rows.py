"""Rows of LSST's tables DiaSource and DiaForcedSource, as brokers hand them on.

References
----------
https://sdm-schemas.lsst.io/apdb.html
"""

from collections.abc import Mapping, Sequence

import polars as pl

from engine.brokers.alerts import FORCED, MEASURED, MJD_RANGE, refuse_if
from engine.brokers.points import UJY_PER
from engine.brokers.reading.json_answers import is_true, json_table
from engine.lightcurve import Flag
from engine.times import mjd_utc_of

LSST_YEAR = 2026.5  # within what LSST has seen
LSST_BANDS = tuple(f"LSST({letter})" for letter in "ugrizy")
LSST_THANKS = (
    "This material is based on data of the NSF-DOE Vera C. Rubin Observatory, a project of the U.S. National "
    "Science Foundation and the U.S. Department of Energy's Office of Science."
)
HOW_LSST = (
    "The light curve shows the total flux at the target's place in the direct image (scienceFlux; "
    "calib_version ends in total-1), because the difference from the template (psfFlux) says nothing about "
    "a star that is in the template; of a transient the total holds the light of its host. A band of which "
    "most rows have no total flux shows the difference (difference-1); rows of the other kind are left out.",
    "Fluxes in nJy become uJy (AB); below 3 sigma a point is a 5 sigma limit from its error, never a "
    "magnitude.",
    "Times are midpointMjdTai less the leap seconds: MJD (UTC), mid-exposure.",
    "Of two measurements of one exposure the alert's own is kept before the forced one.",
)
FLAGS: dict[Flag, tuple[str, ...]] = {  # a row is flagged where one of these is set
    Flag.POOR_QUALITY_AT_SOURCE: ("psfFlux_flag", "isDipole", "glint_trail"),
    Flag.SATURATED: ("pixelFlags_saturatedCenter",),
    Flag.NEAR_EDGE: ("psfFlux_flag_edge", "pixelFlags_edge"),
    Flag.BAD_PIXEL: ("pixelFlags_crCenter", "pixelFlags_interpolatedCenter", "pixelFlags_nodataCenter"),
}
FLAG_COLUMNS = tuple(name for names in FLAGS.values() for name in names)
TOTALS = ("scienceFlux", "scienceFluxErr")
WITHDRAWN = "timeWithdrawnMjdTai"
FLAGS_TOLD = (
    "Rows that LSST withdrew are left out. Flagged are rows with psfFlux_flag, isDipole or glint_trail as of "
    "poor quality, with a saturated, bad or interpolated central pixel, and at an edge."
)


def lsst_rows(
    rows: Sequence[Mapping[str, object]], *, title: str, rank: int, prefix: str = "", id_name: str = ""
) -> pl.DataFrame:
    """Return records as the measurements that ``light_curve_of`` takes, without those that were withdrawn.

    Parameters
    ----------
    rows
        Records with ``midpointMjdTai``, ``band`` (a letter), ``psfFlux`` and ``psfFluxErr``; ``TOTALS`` and
        ``FLAG_COLUMNS`` where the archive has them.
    prefix
        Before every name, such as ``r:``.
    id_name
        Of the row's identifier; rows without it are known by time and band.

    Raises
    ------
    Rejected
        ``schema-drift``
    """
    plain = [{name.removeprefix(prefix): value for name, value in row.items()} for row in rows]
    identifier = id_name or "id"
    table = json_table(
        plain,
        title=title,
        numbers=("midpointMjdTai", "psfFlux", "psfFluxErr", *TOTALS, WITHDRAWN),
        texts=("band", identifier, *FLAG_COLUMNS),
        optional=(identifier, *TOTALS, WITHDRAWN, *FLAG_COLUMNS),
    )
    kind = "forced/" if rank == FORCED else ""
    own = pl.format(kind + "{}/{}", pl.col("midpointMjdTai").round(7), "band")
    flags = [
        pl.when(pl.any_horizontal(is_true(name) for name in names)).then(int(flag)).otherwise(0)
        for flag, names in FLAGS.items()
    ]
    table = table.filter(pl.col(WITHDRAWN).is_null()).with_columns(
        source_ref=pl.coalesce(pl.format(kind + "{}", identifier), own),
        letter="band",
        rank=pl.lit(rank),
        flags=pl.sum_horizontal(flags),
    )
    return lsst_measured(table, title=title)


def lsst_measured(rows: pl.DataFrame, *, title: str) -> pl.DataFrame:
    """Return rows of LSST's difference images as measurements.

    Parameters
    ----------
    rows
        ``source_ref``, ``midpointMjdTai``, ``letter``: u to y; ``psfFlux``, ``psfFluxErr``, ``scienceFlux``,
        ``scienceFluxErr`` in nJy; ``rank``; ``flags``.

    Raises
    ------
    Rejected
        ``schema-drift``: a row without time, or in an unknown filter.
    """
    refuse_if(
        rows, ~pl.col("midpointMjdTai").is_between(*MJD_RANGE), title=title, what="a row without a time"
    )
    refuse_if(rows, ~pl.col("letter").is_in(list("ugrizy")), title=title, what="an unknown filter")
    mjd = mjd_utc_of(rows["midpointMjdTai"].to_numpy(), scale="tai")
    return rows.with_columns(
        pl.Series("mjd", mjd, dtype=pl.Float64()),
        exptime_s=pl.lit(None),
        band=pl.format("LSST({})", "letter"),
        limit_mag=pl.lit(None),
        **_in_ujy("difference", "psfFlux"),
        **_in_ujy("total", "scienceFlux"),
    ).select(*MEASURED)


def _in_ujy(ours: str, theirs: str) -> dict[str, pl.Expr]:
    """Return a flux and its error in uJy, both or neither."""
    flux, error = pl.col(theirs), pl.col(f"{theirs}Err")
    sound = flux.is_not_null() & (error > 0)
    return {
        f"{ours}_ujy": pl.when(sound).then(flux * UJY_PER["nJy"]),
        f"{ours}_err_ujy": pl.when(sound).then(error * UJY_PER["nJy"]),
    }
