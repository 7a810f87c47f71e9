"""Rows of LSST's tables DiaSource and DiaForcedSource, as brokers hand them on.

References
----------
https://sdm-schemas.lsst.io/apdb.html
"""

from collections.abc import Mapping, Sequence

import polars as pl

from engine.brokers.alerts import LIMIT, lsst_measured
from engine.brokers.json_rows import is_true, json_table
from engine.lightcurve import Flag

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
    kind = "" if rank < LIMIT - 1 else "forced/"
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
