"""Lists of targets: filters, cones, orders, and the summary of each light curve that lists show."""

from dataclasses import dataclass

import polars as pl
from sqlalchemy import Engine, RowMapping, and_, func, select, update

from engine.bands import BANDS
from engine.errors import Rejected
from engine.target import Target, observing_priority
from engine.times import mjd_now
from lake.operations import reading, targets, writing
from lake.people.accounts import User
from lake.rights import visible_to
from lake.seen import closed_within
from lake.target_filter import Order, TargetFilter, conditions_of, order_columns
from lake.target_rows import Cone, aliases_of, separation_deg, target_of, unit_vector, within

__all__ = [
    "Order",
    "TargetFilter",
    "TargetRow",
    "cone_search",
    "find_targets",
    "line_of",
    "summary_of",
    "target_places",
    "target_row",
    "update_summary",
]

PAGE_SIZE_MAX = 10_000
SPARKLINE_POINTS = 40
_OPTICAL_NM = (300.0, 1100.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRow:
    """One line of a list: the target and the summary of its light curve."""

    target: Target
    points: int
    last_mag: float | None  # newest optical magnitude
    last_band: str
    last_mjd: float | None
    sparkline: tuple[float, ...]  # medians of the commonest optical band, oldest first
    priority: float


def find_targets(operations: Engine, wanted: TargetFilter, user: User | None) -> tuple[list[TargetRow], int]:
    """Return one page of the targets that a user (None: anybody) may see, and how many there are in all.

    Raises
    ------
    Rejected
        ``bad-page``: the page or its size is out of range.
    """
    if wanted.page < 1 or not 1 <= wanted.page_size <= PAGE_SIZE_MAX:
        raise Rejected(f"Pages count from 1 and hold 1 to {PAGE_SIZE_MAX} targets.", code="bad-page")
    now_mjd = mjd_now()
    conditions = and_(visible_to(user), *conditions_of(wanted, now_mjd))
    column = order_columns(now_mjd)[wanted.order]
    page = (
        select(targets)
        .where(conditions)
        .order_by((column.desc() if wanted.descending else column.asc()).nulls_last(), targets.c.target_id)
        .limit(wanted.page_size)
        .offset((wanted.page - 1) * wanted.page_size)
    )
    with reading(operations) as connection:
        total = connection.execute(select(func.count()).select_from(targets).where(conditions)).scalar_one()
        rows = connection.execute(page).mappings().all()
        aliases = aliases_of(connection, [row["target_id"] for row in rows])
    return [line_of(row, aliases.get(row["target_id"], ()), now_mjd) for row in rows], int(total)


def target_places(
    operations: Engine, wanted: TargetFilter, user: User | None, *, limit: int
) -> tuple[pl.DataFrame, int]:
    """Return where the filtered targets are that have a fixed place, and how many there are of them.

    The first ones in the order of the filter, with name, class and newest magnitude.
    """
    now_mjd = mjd_now()
    conditions = and_(visible_to(user), targets.c.designation == "", *conditions_of(wanted, now_mjd))
    column = order_columns(now_mjd)[wanted.order]
    query = (
        select(*(targets.c[name] for name in _PLACE_COLUMNS))
        .where(conditions)
        .order_by((column.desc() if wanted.descending else column.asc()).nulls_last(), targets.c.target_id)
        .limit(limit)
    )
    with reading(operations) as connection:
        total = connection.execute(select(func.count()).select_from(targets).where(conditions)).scalar_one()
        rows = [tuple(row) for row in connection.execute(query)]
    return pl.DataFrame(rows, schema=_PLACE_COLUMNS, orient="row"), int(total)


_PLACE_COLUMNS: dict[str, pl.DataType] = {
    "name": pl.String(),
    "classification": pl.String(),
    "ra_deg": pl.Float64(),
    "dec_deg": pl.Float64(),
    "last_mag": pl.Float64(),
    "simulated": pl.Boolean(),
}


def target_row(operations: Engine, target: Target) -> TargetRow:
    """Return the line of one target, which the caller was allowed to get.

    Raises
    ------
    Rejected
        ``unknown-target``: it was deleted meanwhile.
    """
    with reading(operations) as connection:
        query = select(targets).where(targets.c.target_id == target.target_id)
        row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise Rejected(f"Target '{target.name}' does not exist.", code="unknown-target")
    return line_of(row, target.aliases, mjd_now())


def cone_search(
    operations: Engine, ra_deg: float, dec_deg: float, radius_deg: float, user: User | None
) -> list[tuple[Target, float]]:
    """Return the visible targets in a cone with their separation [arcsec], nearest first.

    Right at the poles and across RA 0/360. Positions are taken at their own epochs.

    Raises
    ------
    Rejected
        ``bad-cone``.
    """
    cone = Cone(ra_deg=ra_deg, dec_deg=dec_deg, radius_deg=radius_deg)
    with reading(operations) as connection:
        query = select(targets).where(within(cone), visible_to(user))
        rows = connection.execute(query).mappings().all()
        aliases = aliases_of(connection, [row["target_id"] for row in rows])
    centre = unit_vector(cone.ra_deg, cone.dec_deg)
    found = [
        (
            target_of(row, aliases.get(row["target_id"], ())),
            3600.0 * separation_deg(centre, (row["x"], row["y"], row["z"])),
        )
        for row in rows
    ]
    return sorted(found, key=lambda pair: pair[1])


def update_summary(operations: Engine, target_id: int, points: pl.DataFrame) -> None:
    """Store what lists show of a light curve: number of points, newest optical magnitude, sparkline.

    Lists are the same for everybody, so what an upload gave that is not open to all is not in it.
    """
    this = targets.c.target_id == target_id
    with writing(operations) as connection:
        open_points = closed_within(connection, None, target_id=target_id).open_points(points)
        connection.execute(update(targets).where(this).values(summary_of(open_points)))


def summary_of(points: pl.DataFrame) -> dict[str, object]:
    """Return what lists show of a light curve as columns of ``targets``."""
    optical = [
        band for band, facts in BANDS.items() if _OPTICAL_NM[0] <= facts.wavelength_nm <= _OPTICAL_NM[1]
    ]
    mags = points.filter(pl.col("mag").is_not_null() & pl.col("band").is_in(optical)).sort("mjd")
    last = mags.row(-1, named=True) if len(mags) else None
    return {
        "points": len(points),
        "last_mag": last and last["mag"],
        "last_band": last["band"] if last else "",
        "last_mjd": last and last["mjd"],
        "sparkline": _sparkline(mags),
        "summary_mjd": mjd_now(),
    }


def _sparkline(mags: pl.DataFrame) -> list[float]:
    if mags.is_empty():
        return []
    commonest = mags["band"].value_counts().sort(["count", "band"], descending=[True, False])["band"][0]
    line = mags.filter(pl.col("band") == commonest).with_row_index("place")
    per_bin = -(-len(line) // SPARKLINE_POINTS)
    medians = line.group_by(pl.col("place") // per_bin).agg(pl.col("mag").median()).sort("place")
    return [round(mag, 3) for mag in medians["mag"]]


def line_of(row: RowMapping, aliases: tuple[tuple[str, str], ...], now_mjd: float) -> TargetRow:
    """Return a row of ``targets`` as a line of a list."""
    target = target_of(row, aliases)
    since_last_d = None if row["last_mjd"] is None else now_mjd - row["last_mjd"]
    return TargetRow(
        target=target,
        points=row["points"],
        last_mag=row["last_mag"],
        last_band=row["last_band"],
        last_mjd=row["last_mjd"],
        sparkline=tuple(row["sparkline"]),
        priority=observing_priority(
            importance=target.importance, cadence_d=target.cadence_d, since_last_d=since_last_d
        ),
    )
