"""What can be observed in a night: the targets a person may see, ranked for one telescope or over many."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl
from sqlalchemy import Engine

from engine.target import Target
from engine.visibility.depth import Depth
from engine.visibility.horizon import Array
from engine.visibility.night import Night, night_of, tonight
from engine.visibility.plan_files import PlanFile
from engine.visibility.ranking import WANTED_SCHEMA, clock, ranked, reasons
from engine.visibility.windows import Limits, windows
from lake.ephemerides import whole_ephemerides
from lake.people.accounts import User
from lake.readable import Readable
from lake.sites.telescopes import Telescope, depth_of
from lake.target_list import PAGE_SIZE_MAX, Order, TargetFilter, TargetRow, find_targets

_OWN_COLUMNS: dict[str, pl.DataType] = {
    "target_id": pl.Int64(),
    "classification": pl.String(),
    "simulated": pl.Boolean(),
    "ra_deg": pl.Float64(),
    "dec_deg": pl.Float64(),
    "place": pl.Int64(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """For which telescope, night and limits a plan is wanted; of value, so that caches can hold it."""

    telescope: Telescope
    day: int  # of MJD, at the site, on whose evening the night begins
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """The best targets of a night.

    Attributes
    ----------
    rows
        Ranked, with ``rank`` from 1 and ``reasons`` in words; the place of a body is the one at midnight.
    altitudes_deg
        Of each row, at the moments of the night.
    """

    asked: Asked
    night: Night
    depth: Depth | None
    rows: pl.DataFrame
    altitudes_deg: Array
    observable: int  # of which ``rows`` are the best
    considered: int  # targets that the person may see

    @property
    def title(self) -> str:
        """Return one line that says what this is."""
        limits = self.asked.limits
        dark = self.night.with_sun_below(limits.sun_max_deg)
        if dark is None:
            hours = f"the Sun does not sink {-limits.sun_max_deg:g} degrees below the horizon"
        else:
            hours = f"dark from {clock(dark.from_mjd)} to {clock(dark.to_mjd)} UTC"
        evening = f"{self.night.evening.day} {self.night.evening:%B %Y}"
        return f"{self.night.site.name}, night of {evening}: {hours}, Moon {self.night.moon_lit:.0%} lit"

    @property
    def file(self) -> PlanFile:
        """Return it as files are written from it."""
        return PlanFile(night=self.night, rows=self.rows, title=self.title)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chance:
    """What one telescope can see of a target in its next night; ``offer`` is a row of ``windows``."""

    telescope: Telescope
    night: Night
    altitudes_deg: Array  # shape (k,)
    offer: dict[str, float | None]

    @property
    def hours_up(self) -> float:
        """Return for how long the target can be observed."""
        return self.offer["hours_up"] or 0.0


def plan_night(
    operations: Engine, store: Readable, asked: Asked, user: User | None, *, limit: int, now_mjd: float
) -> Plan:
    """Return the best targets for a telescope and a night among those that a person may see.

    Of a night that is under way counts what is left.
    """
    wanted = TargetFilter(order=Order.PRIORITY, descending=True, page_size=PAGE_SIZE_MAX)
    found, _ = find_targets(operations, wanted, user)
    night = night_of(asked.telescope.site, asked.day)
    seen = [row.target for row in found]
    offers, altitudes_deg, places = _offers(operations, seen, night, asked.limits, now_mjd)
    depth = depth_of(operations, store, asked.telescope, user)
    best = ranked(_wanted(found, places, max(now_mjd, float(night.mjd[0]))), night, offers, depth)
    shown = best.head(limit).with_row_index("rank", offset=1)
    told = [reasons(row, night, depth) for row in shown.iter_rows(named=True)]
    return Plan(
        asked=asked,
        night=night,
        depth=depth,
        rows=shown.with_columns(reasons=pl.Series(told, dtype=pl.String())),
        altitudes_deg=altitudes_deg[shown["place"].to_numpy()],
        observable=len(best),
        considered=len(found),
    )


def up_tonight(
    operations: Engine, asked: Asked, wanted: TargetFilter, user: User | None, *, now_mjd: float
) -> frozenset[int]:
    """Return which of the targets of a filter stand high enough in what is left of a night's dark."""
    whole = replace(wanted, page=1, page_size=PAGE_SIZE_MAX)
    found = [row.target for row in find_targets(operations, whole, user)[0]]
    if not found:
        return frozenset()
    night = night_of(asked.telescope.site, asked.day)
    offers, _, _ = _offers(operations, found, night, asked.limits, now_mjd)
    hours_up = offers["hours_up"].to_list()
    return frozenset(
        target.target_id or 0 for target, hours in zip(found, hours_up, strict=True) if hours and hours > 0.0
    )


def chances(
    operations: Engine,
    target: Target,
    telescopes: Iterable[Telescope],
    *,
    limits: Limits,
    now_mjd: float,
) -> list[Chance]:
    """Return what each telescope can see of a target in the night that it has now or next, the best first.

    Parameters
    ----------
    target
        One that the caller was allowed to get.
    """
    found = []
    for telescope in telescopes:
        night = night_of(telescope.site, tonight(telescope.site, now_mjd))
        offers, altitudes_deg, _ = _offers(operations, [target], night, limits, now_mjd)
        offer = offers.row(0, named=True)
        found.append(Chance(telescope=telescope, night=night, altitudes_deg=altitudes_deg[0], offer=offer))
    return sorted(found, key=lambda each: (each.hours_up == 0, -(each.offer["best_altitude_deg"] or 0.0)))


def _offers(
    operations: Engine, targets: Sequence[Target], night: Night, limits: Limits, now_mjd: float
) -> tuple[pl.DataFrame, Array, tuple[Array, Array]]:
    """Return what the night offers, the altitudes, and where the targets are at its middle."""
    ra_deg = np.array([target.ra_deg for target in targets], dtype=np.float64)
    dec_deg = np.array([target.dec_deg for target in targets], dtype=np.float64)
    since_mjd = now_mjd if night.mjd[0] <= now_mjd <= night.mjd[-1] else -np.inf
    fixed = windows(night, ra_deg, dec_deg, limits=limits, since_mjd=since_mjd)
    moving = [number for number, target in enumerate(targets) if target.designation]
    if not moving:
        return fixed.table, fixed.altitudes_deg, (ra_deg, dec_deg)
    ways = _ways(operations, [targets[number] for number in moving], night)
    followed = windows(night, *ways, limits=limits, since_mjd=since_mjd)
    altitudes_deg = fixed.altitudes_deg.copy()
    altitudes_deg[moving] = followed.altitudes_deg
    middle = len(night.mjd) // 2
    ra_deg[moving], dec_deg[moving] = ways[0][:, middle], ways[1][:, middle]
    stays = fixed.table.with_row_index("place").filter(~pl.col("place").is_in(moving))
    moves = followed.table.with_columns(place=pl.Series(moving, dtype=pl.UInt32()))
    table = pl.concat([stays, moves.select(stays.columns)]).sort("place").drop("place")
    return table, altitudes_deg, (ra_deg, dec_deg)


def _ways(operations: Engine, bodies: Sequence[Target], night: Night) -> tuple[Array, Array]:
    """Return where bodies are at the moments of a night; NaN where no ephemeris tells. Shapes: (n, k)."""
    ra_deg, dec_deg = (np.full((len(bodies), len(night.mjd)), np.nan) for _ in range(2))
    kept = whole_ephemerides(operations, [body.target_id or 0 for body in bodies])
    for number, body in enumerate(bodies):
        known = kept.get(body.target_id or 0)
        if known is not None and known.designation == body.designation and len(known.nodes) > 1:
            ra_deg[number], dec_deg[number] = known.track.positions_at(night.mjd)
    return ra_deg, dec_deg


def _wanted(found: Sequence[TargetRow], places: tuple[Array, Array], then_mjd: float) -> pl.DataFrame:
    """Return the targets as the ranking wants them, with how long each will then have waited."""
    rows = [
        {
            "name": row.target.name,
            "importance": row.target.importance,
            "cadence_d": row.target.cadence_d,
            "since_last_d": None if row.last_mjd is None else max(0.0, then_mjd - row.last_mjd),
            "last_mag": row.last_mag,
            "last_band": row.last_band,
            "target_id": row.target.target_id,
            "classification": row.target.classification,
            "simulated": row.target.simulated,
            "ra_deg": float(ra_deg),
            "dec_deg": float(dec_deg),
            "place": number,
        }
        for number, (row, ra_deg, dec_deg) in enumerate(zip(found, *places, strict=True))
    ]
    return pl.DataFrame(rows, schema=WANTED_SCHEMA | _OWN_COLUMNS)
