"""Where bodies of the Solar System stand: what was asked for each target, and what is due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

import numpy as np
import polars as pl
from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, and_, case, delete, insert, or_, select

from engine.errors import TomlakeError
from engine.times import mjd_now
from engine.track import Track, track_of
from lake.archives import lock_start
from lake.operations import ephemerides, reading, serialised, targets, writing
from lake.queue import enqueue_within

KIND = "ephemeris"
SERVICE = "horizons"
GEOCENTRE = "500"
WHOLE = 0  # in place of a night: the whole light curve and some time ahead
REFRESH_D = 30.0
TROUBLE_PAUSE_D = 1.0
POINTS_PAUSE_D = 0.01  # archives bring the points of a new target one after the other
NODES = ("mjd", "ra_deg", "dec_deg", "r_au", "delta_au", "phase_deg", "v_mag")
_SCHEMA = dict.fromkeys(NODES, pl.Float64())
CLOCK_PRIORITY = 6
NEW_PRIORITY = 4
_REASON_MAX_CHARS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which ephemeris of a target: for whom, and for which night.

    Attributes
    ----------
    observer
        ``500``, the centre of the Earth, or ``longitude,latitude,height`` in degrees and metres.
    night
        The day of MJD that the night surrounds, or ``WHOLE``.
    """

    target_id: int
    observer: str = GEOCENTRE
    night: int = WHOLE


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KeptEphemeris:
    """An ephemeris as it is kept.

    Attributes
    ----------
    nodes
        The columns ``NODES`` in the order of time, without rows where nothing was ever answered.
    """

    designation: str  # for which it was asked
    asked_mjd: float
    from_mjd: float | None = None
    to_mjd: float | None = None
    points: int = 0  # that the light curve had
    nodes: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_SCHEMA))
    reason: str = ""  # why the last question was not answered
    code: str = ""

    @property
    def track(self) -> Track:
        """Return the way over the sky.

        Raises
        ------
        Rejected
            ``bad-ephemeris``: fewer than two moments.
        """
        mjd, ra_deg, dec_deg = (self.nodes[name].to_numpy() for name in NODES[:3])
        return track_of(np.asarray(mjd), np.asarray(ra_deg), np.asarray(dec_deg))

    def covers(self, from_mjd: float, to_mjd: float) -> bool:
        """Return whether it tells places for all of a time."""
        if self.from_mjd is None or self.to_mjd is None:
            return False
        return self.from_mjd <= from_mjd and to_mjd <= self.to_mjd


def kept_ephemeris(operations: Engine, wanted: Wanted) -> KeptEphemeris | None:
    """Return an ephemeris that was asked for, None where none was."""
    with reading(operations) as connection:
        row = connection.execute(select(ephemerides).where(_this(wanted))).mappings().one_or_none()
    if row is None:
        return None
    return _kept(row)


def whole_ephemerides(operations: Engine, target_ids: Sequence[int]) -> dict[int, KeptEphemeris]:
    """Return what is kept of the light curves' ephemerides of many targets, by number, with one question."""
    query = select(ephemerides).where(
        ephemerides.c.target_id.in_(list(target_ids)),
        ephemerides.c.observer == GEOCENTRE,
        ephemerides.c.night == WHOLE,
    )
    with reading(operations) as connection:
        return {row["target_id"]: _kept(row) for row in connection.execute(query).mappings()}


def _kept(row: RowMapping) -> KeptEphemeris:
    values = {each.name: row[each.name] for each in fields(KeptEphemeris)}
    return KeptEphemeris(**values | {"nodes": pl.DataFrame(row["nodes"] or None, schema=_SCHEMA)})


def asked_when(operations: Engine, target_id: int) -> float | None:
    """Return when the ephemeris of a light curve was last asked for: it may have changed then."""
    query = select(ephemerides.c.asked_mjd).where(_this(Wanted(target_id=target_id)))
    with reading(operations) as connection:
        return connection.execute(query).scalar_one_or_none()


def keep_ephemeris(operations: Engine, wanted: Wanted, kept: KeptEphemeris) -> None:
    """Put an ephemeris in the place of the earlier one, where the target is still there."""
    values = {each.name: getattr(kept, each.name) for each in fields(KeptEphemeris)}
    values |= {"nodes": kept.nodes.select(NODES).to_dict(as_series=False)}
    values |= {name: getattr(wanted, name) for name in ("target_id", "observer", "night")}
    there = select(targets.c.target_id).where(targets.c.target_id == wanted.target_id)
    with writing(operations) as connection:
        serialised(connection, "ephemerides")
        if connection.execute(there).first() is not None:
            connection.execute(delete(ephemerides).where(_this(wanted)))
            connection.execute(insert(ephemerides).values(values))


def keep_trouble(operations: Engine, wanted: Wanted, designation: str, error: TomlakeError) -> None:
    """Store why a question was not answered; an earlier ephemeris of the same body stays."""
    before = kept_ephemeris(operations, wanted)
    told = {"asked_mjd": mjd_now(), "reason": error.reason[:_REASON_MAX_CHARS], "code": error.code}
    values: dict[str, object] = {"designation": designation, **told}
    if before is not None and before.designation == designation:
        values |= {name: getattr(before, name) for name in ("from_mjd", "to_mjd", "points", "nodes")}
    keep_ephemeris(operations, wanted, KeptEphemeris(**values))  # type: ignore[arg-type]


def wanted_of(args: Mapping[str, str]) -> Wanted:
    """Return what the arguments of a job ask for."""
    return Wanted(
        target_id=int(args["target_id"]),
        observer=args.get("observer", GEOCENTRE),
        night=int(args.get("night", WHOLE)),
    )


def ask_ephemeris(operations: Engine, wanted: Wanted, *, priority: int = NEW_PRIORITY) -> int:
    """Return the job that asks for an ephemeris; asked twice it is the same job."""
    with writing(operations) as connection:
        return ask_ephemeris_within(connection, wanted, priority=priority)


def ask_ephemeris_within(connection: Connection, wanted: Wanted, *, priority: int = NEW_PRIORITY) -> int:
    """Do what ``ask_ephemeris`` does as a part of a transaction that is under way."""
    key = f"{lock_start(SERVICE)}{wanted.target_id}:{wanted.observer}:{wanted.night}"
    args = {
        "target_id": str(wanted.target_id),
        "source": SERVICE,  # by which the harvester keeps the pace
        "observer": wanted.observer,
        "night": str(wanted.night),
    }
    return enqueue_within(connection, KIND, args, dedupe=key, lock=key, priority=priority)


def enqueue_due_ephemerides(operations: Engine, *, limit: int = 50) -> int:
    """Return how many bodies' ephemerides are now asked for because they are due.

    One is due when there is none of the body, when it is 30 days old, a while after the number of points
    changed, and a day after a question that failed.
    """
    now_mjd = mjd_now()
    since = now_mjd - ephemerides.c.asked_mjd
    is_ill = ephemerides.c.code != ""
    pause_d = case((is_ill, TROUBLE_PAUSE_D), else_=POINTS_PAUSE_D)
    has_changed = or_(is_ill, ephemerides.c.points != targets.c.points)
    due = (
        select(targets.c.target_id)
        .outerjoin(
            ephemerides,
            and_(
                ephemerides.c.target_id == targets.c.target_id,
                ephemerides.c.observer == GEOCENTRE,
                ephemerides.c.night == WHOLE,
            ),
        )
        .where(
            targets.c.simulated.is_(False),
            targets.c.designation != "",
            or_(
                ephemerides.c.asked_mjd.is_(None),
                ephemerides.c.designation != targets.c.designation,
                since > REFRESH_D,
                and_(since > pause_d, has_changed),
            ),
        )
        .order_by(ephemerides.c.asked_mjd.asc().nulls_first(), targets.c.target_id.desc())
        .limit(limit)
    )
    with reading(operations) as connection:
        target_ids = connection.execute(due).scalars().all()
    for target_id in target_ids:
        ask_ephemeris(operations, Wanted(target_id=target_id), priority=CLOCK_PRIORITY)
    return len(target_ids)


def _this(wanted: Wanted) -> ColumnElement[bool]:
    return and_(
        ephemerides.c.target_id == wanted.target_id,
        ephemerides.c.observer == wanted.observer,
        ephemerides.c.night == wanted.night,
    )
