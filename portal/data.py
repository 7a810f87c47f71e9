"""What the pages show of targets and light curves, read from the lake; cached by the lake's version."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlencode

import numpy as np
import polars as pl
from astropy import units
from astropy.coordinates import SkyCoord, get_constellation

from engine.errors import Rejected
from engine.lightcurve import Flag, has_flag, utc_time
from engine.target import Target
from engine.times import datetime_of, mjd_now
from engine.visibility.sun import sun_separation_deg
from lake.contents import Contents, contents
from lake.people.accounts import User
from lake.seen import Unseen, unseen_by
from lake.store import Store
from lake.targets import Order, TargetFilter, TargetRow, find_targets, seen_row
from portal.flags import flags_text
from portal.light_curve.moment import address_of, read_version, readable
from portal.opened import lake
from portal.words import _


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """How much there is, for the front page."""

    targets: int
    points: int
    frames: int
    observers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a target is, as people write it."""

    degrees: str
    sexagesimal: str
    galactic: str
    constellation: str


def numbers(user: User | None) -> Numbers:
    """Return how much there is of what this visitor may see."""
    targets = find_targets(lake().operations, TargetFilter(page_size=1), user)[1]
    held = _contents(lake().store, read_version(), unseen_by(lake().operations, user))
    return Numbers(targets=targets, points=held.points, frames=held.frames, observers=held.observers)


@lru_cache(maxsize=16)
def _contents(store: Store, version: int, unseen: Unseen) -> Contents:
    return contents(readable(store, version), unseen)


def target_named(name: str, user: User | None) -> TargetRow | None:
    """Return the target of a name, alias or id with its summary, or None where this visitor sees none."""
    try:
        return seen_row(lake().operations, name, user)
    except Rejected:
        return None


def is_simulated(name: str, user: User | None) -> bool:
    """Return whether a target was made by simulation."""
    row = target_named(name, user)
    return row is not None and row.target.simulated


def similar_targets(name: str, user: User | None, *, limit: int = 6) -> list[TargetRow]:
    """Return targets whose name begins alike, for a visitor who mistyped one."""
    for length in range(len(name), 2, -1):
        rows = find_targets(lake().operations, TargetFilter(name=name[:length], page_size=limit), user)[0]
        if rows:
            return rows
    return []


def interesting_targets(user: User | None, *, limit: int = 8) -> list[TargetRow]:
    """Return the most important of the targets that were observed last."""
    newest = TargetFilter(order=Order.LAST_MJD, descending=True, page_size=limit * 5)
    rows = find_targets(lake().operations, newest, user)[0]
    seen = [row for row in rows if row.points]
    return sorted(seen, key=lambda row: row.target.importance, reverse=True)[:limit]


def target_names(user: User | None) -> list[str]:
    """Return the names of all targets this visitor may see."""
    rows = find_targets(lake().operations, TargetFilter(page_size=10_000), user)[0]
    return [row.target.name for row in rows]


def targets_page(wanted: TargetFilter, user: User | None) -> tuple[list[TargetRow], int]:
    """Return one page of the filtered targets and how many there are in all."""
    return find_targets(lake().operations, wanted, user)


def target_table(rows: Sequence[TargetRow]) -> pl.DataFrame:
    """Return a list of targets as the table that the page shows."""
    sun_deg = sun_distances_deg([row.target for row in rows])
    return pl.DataFrame(
        {
            "Target": [row.target.name for row in rows],
            "Class": [row.target.classification for row in rows],
            "Data": [_("simulated") if row.target.simulated else _("observed") for row in rows],
            "Last mag": [row.last_mag for row in rows],
            "Band": [row.last_band for row in rows],
            "Recent": [_brightening(row.sparkline) for row in rows],
            "Priority": [row.priority for row in rows],
            "Importance": [row.target.importance for row in rows],
            "Cadence": [row.target.cadence_d for row in rows],
            "Sun": [round(angle) for angle in sun_deg],
            "Points": [row.points for row in rows],
            "Last seen": [None if row.last_mjd is None else datetime_of(row.last_mjd) for row in rows],
            "RA": [row.target.ra_deg for row in rows],
            "Dec": [row.target.dec_deg for row in rows],
        },
        schema_overrides={
            "Last mag": pl.Float64(),
            "Recent": pl.List(pl.Float64()),
            "Last seen": pl.Datetime(),
        },
    )


def _brightening(mags: Sequence[float]) -> list[float]:
    """Return magnitudes above the faintest one, so that a line that rises brightens."""
    return [round(max(mags) - mag, 3) for mag in mags]


def sun_distances_deg(targets: Sequence[Target]) -> list[float]:
    """Return how far each target is from the Sun now."""
    ra_deg = np.array([target.ra_deg for target in targets])
    dec_deg = np.array([target.dec_deg for target in targets])
    return [float(angle) for angle in sun_separation_deg(ra_deg, dec_deg, mjd_now())]


@lru_cache(maxsize=512)
def position_of(ra_deg: float, dec_deg: float) -> Position:
    """Return a position in degrees, sexagesimal, galactic, and its constellation."""
    place = SkyCoord(ra_deg, dec_deg, unit=units.deg)
    return Position(
        degrees=f"{ra_deg:.6f} {dec_deg:+.6f}",
        sexagesimal=place.to_string("hmsdms", sep=":", precision=2),
        galactic=f"{place.galactic.l.deg:.4f} {place.galactic.b.deg:+.4f}",
        constellation=str(get_constellation(place)),
    )


def is_embargoed(target: Target) -> bool:
    """Return whether a target becomes public only later."""
    return target.embargo_until_mjd is not None and target.embargo_until_mjd > mjd_now()


def download_address(name: str) -> str:
    """Return where the light curve that is shown can be downloaded."""
    parameters = address_of()
    return f"/download/{quote(name)}.csv" + (f"?{urlencode(parameters)}" if parameters else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSeen:
    """The last magnitude of a light curve."""

    mag: float
    band: str
    mjd: float


def last_seen(points: pl.DataFrame) -> LastSeen | None:
    """Return the last magnitude of a light curve, or None where there is none."""
    seen = points.filter(pl.col("mag").is_not_null()).tail(1).select("mag", "band", "mjd")
    return LastSeen(**seen.row(0, named=True)) if len(seen) else None


def has_simulated(points: pl.DataFrame) -> bool:
    """Return whether any of the points was made by simulation."""
    return bool(points.select(has_flag(Flag.SIMULATED).any()).item())


def newest_first(points: pl.DataFrame) -> pl.DataFrame:
    """Return the points in the order in which pages list them."""
    return points.sort("mjd", descending=True, maintain_order=True)


def points_table(points: pl.DataFrame) -> pl.DataFrame:
    """Return the points as the page lists them, newest first."""
    remarks = {flags: flags_text(flags) for flags in points["flags"].unique().to_list()}
    return newest_first(points).select(
        utc_time().alias("Time (UTC)"),
        pl.col("mjd").alias("MJD"),
        pl.col("band").alias("Band"),
        pl.col("mag").alias("Mag"),
        pl.col("mag_err").alias("Error"),
        pl.col("limit_mag").alias("Limit"),
        pl.col("observer").alias("Observer"),
        pl.col("facility").alias("Facility"),
        pl.col("source").alias("Source"),
        pl.col("flags").replace_strict(remarks, return_dtype=pl.String).alias("Remark"),
    )


def credits_table(points: pl.DataFrame) -> pl.DataFrame:
    """Return who observed a target: one row per observer and facility, the busiest first."""
    who = pl.when(pl.col("observer").fill_null("") == "").then(pl.col("source")).otherwise(pl.col("observer"))
    return (
        points.with_columns(who=who, facility=pl.col("facility").fill_null(""))
        .group_by("who", "facility")
        .agg(
            points=pl.len(), bands=pl.col("band").unique().sort().str.join(", "), last_mjd=pl.col("mjd").max()
        )
        .sort("points", "who", descending=[True, False])
    )
