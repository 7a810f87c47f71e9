"""How the archives fare, what each last said of a target, and which targets are due to be asked for again."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from sqlalchemy import ColumnElement, Connection, Engine, Table, and_, insert, or_, select, update

from engine.errors import TomlakeError
from engine.times import mjd_now
from lake.operations import archive_health, harvests, reading, serialised, targets, writing
from lake.queue import enqueue_within

FAILURE_PAUSE_D = 0.25  # an archive that did not answer for a target is not asked by the clock sooner
CLOCK_PRIORITY = 6
ASKED_PRIORITY = 3  # somebody pressed "check for new data"
_REASON_MAX_CHARS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveHealth:
    """How one archive answered lately."""

    archive: str
    last_success_mjd: float | None
    last_failure_mjd: float | None
    reason: str  # of the last failure; empty since a success
    code: str
    latency_s: float | None  # of the last answer
    rows: int  # of the last answer
    failures: int  # in a row


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvest:
    """What one archive last said of one target."""

    target_id: int
    archive: str
    asked_mjd: float | None
    answered_mjd: float | None
    rows: int
    reason: str  # why it did not answer; empty since it did
    code: str


def record_answer(operations: Engine, archive: str, target_id: int, *, rows: int, latency_s: float) -> None:
    """Store that an archive answered for a target; zero rows are an answer too."""
    now_mjd = mjd_now()
    answer = {"rows": rows, "reason": "", "code": ""}
    with writing(operations) as connection:
        serialised(connection, "archives")
        health = answer | {"last_success_mjd": now_mjd, "latency_s": latency_s, "failures": 0}
        _put(connection, archive_health, {"archive": archive}, health)
        if _exists(connection, target_id):
            harvest = answer | {"asked_mjd": now_mjd, "answered_mjd": now_mjd}
            _put(connection, harvests, {"target_id": target_id, "archive": archive}, harvest)


def record_failure(operations: Engine, archive: str, target_id: int, error: TomlakeError) -> None:
    """Store that an archive did not answer for a target, and why."""
    now_mjd = mjd_now()
    why = {"reason": error.reason[:_REASON_MAX_CHARS], "code": error.code}
    with writing(operations) as connection:
        serialised(connection, "archives")
        query = select(archive_health.c.failures).where(archive_health.c.archive == archive)
        failures = (connection.execute(query).scalar_one_or_none() or 0) + 1
        health = why | {"last_failure_mjd": now_mjd, "failures": failures}
        _put(connection, archive_health, {"archive": archive}, health)
        if _exists(connection, target_id):
            harvest = why | {"asked_mjd": now_mjd}
            _put(connection, harvests, {"target_id": target_id, "archive": archive}, harvest)


def list_archive_health(operations: Engine) -> list[ArchiveHealth]:
    """Return how every archive that was ever asked fares, by name."""
    with reading(operations) as connection:
        rows = connection.execute(select(archive_health).order_by(archive_health.c.archive)).mappings()
        return [
            ArchiveHealth(**{field.name: row[field.name] for field in fields(ArchiveHealth)}) for row in rows
        ]


def harvests_of_target(operations: Engine, target_id: int) -> list[Harvest]:
    """Return what each archive last said of a target, by archive."""
    query = select(harvests).where(harvests.c.target_id == target_id).order_by(harvests.c.archive)
    with reading(operations) as connection:
        rows = connection.execute(query).mappings()
        return [Harvest(**{field.name: row[field.name] for field in fields(Harvest)}) for row in rows]


def request_harvest(operations: Engine, archive: str, target_id: int) -> int:
    """Return the job that asks an archive for a target, soon: somebody waits for it."""
    with writing(operations) as connection:
        return _enqueue(connection, archive, target_id, priority=ASKED_PRIORITY)


def enqueue_due_harvests(operations: Engine, archive: str, *, refresh_d: float | None, limit: int) -> int:
    """Return how many targets an archive is now asked for because they are due.

    A new target is due at once, then every ``refresh_d`` days while its importance is above zero; None
    means that one answer is for ever. Simulated targets are in no archive.
    """
    now_mjd = mjd_now()
    this = and_(harvests.c.target_id == targets.c.target_id, harvests.c.archive == archive)
    is_due: ColumnElement[bool] = harvests.c.answered_mjd.is_(None)
    if refresh_d is not None:
        stale = and_(harvests.c.answered_mjd < now_mjd - refresh_d, targets.c.importance > 0)
        is_due = or_(is_due, stale)
    paused = harvests.c.asked_mjd >= now_mjd - FAILURE_PAUSE_D
    due = (
        select(targets.c.target_id)
        .outerjoin(harvests, this)
        .where(targets.c.simulated.is_(False), is_due, or_(harvests.c.asked_mjd.is_(None), ~paused))
        .order_by(harvests.c.asked_mjd.asc().nulls_first(), targets.c.target_id.desc())
        .limit(limit)
    )
    with reading(operations) as connection:  # nearly always nothing: do not take the writer's turn for it
        target_ids = connection.execute(due).scalars().all()
    if not target_ids:
        return 0
    with writing(operations) as connection:
        serialised(connection, "archives")
        target_ids = connection.execute(due).scalars().all()
        for target_id in target_ids:
            _enqueue(connection, archive, target_id, priority=CLOCK_PRIORITY)
            asked = {"asked_mjd": now_mjd}
            _put(connection, harvests, {"target_id": target_id, "archive": archive}, asked)
    return len(target_ids)


def _enqueue(connection: Connection, archive: str, target_id: int, *, priority: int) -> int:
    key = f"harvest:{archive}:{target_id}"
    args = {"target_id": str(target_id), "source": archive}
    return enqueue_within(connection, "harvest", args, dedupe=key, lock=key, priority=priority)


def _exists(connection: Connection, target_id: int) -> bool:
    query = select(targets.c.target_id).where(targets.c.target_id == target_id)
    return connection.execute(query).first() is not None


def _put(
    connection: Connection, table: Table, key: Mapping[str, object], values: Mapping[str, object]
) -> None:
    """Update the row of a key, or insert it; callers are serialised."""
    this = and_(*(table.c[name] == value for name, value in key.items()))
    if connection.execute(update(table).where(this).values(dict(values))).rowcount == 0:
        connection.execute(insert(table).values({**key, **values}))
