"""How the archives fare, what each last said of a target, and which targets are due to be asked for again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from sqlalchemy import ColumnElement, Connection, Engine, Table, and_, case, insert, or_, select, update

from engine.brokers.protocol import Asks, BrokerInfo
from engine.brokers.reach import reason_not_to_ask
from engine.errors import TomlakeError, Transient
from engine.target import Target
from engine.times import SECONDS_PER_DAY, mjd_now
from lake.job_rows import Job, JobState, job_of
from lake.operations import archive_health, harvests, jobs, reading, serialised, targets, writing
from lake.queue import enqueue_within
from lake.rights import visible_to

FAILURE_PAUSE_D = 0.25  # an archive that did not answer for a target is not asked by the clock sooner
CLOCK_PRIORITY = 6
NEW_PRIORITY = 4  # a target was just added
ASKED_PRIORITY = 3  # somebody pressed "check for new data"
FULL_IMPORTANCE = 10.0  # such a target is asked for at the archive's cadence; one of 1 ten times as rarely
ILL_FAILURES = 3  # in a row: then the archive rests
_REST_S, _REST_MAX_S = 60.0, 6 * 3600.0  # doubled with every further failure
_REASON_MAX_CHARS = 500
# Failures of an archive, whatever the target; others say something of one target only.
_ITS_OWN = frozenset({"schema-drift", "moved", "needs-account", "refused", "too-large"})


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

    @property
    def rests_until_mjd(self) -> float | None:
        """Return until when it is not asked, because it failed several times in a row."""
        if self.failures < ILL_FAILURES or self.last_failure_mjd is None:
            return None
        rest_s = min(_REST_S * 2.0 ** min(self.failures - ILL_FAILURES, 30), _REST_MAX_S)
        return self.last_failure_mjd + rest_s / SECONDS_PER_DAY


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
    release: str  # of the archive, when it answered


def record_answer(
    operations: Engine, archive: str, target_id: int, *, rows: int, latency_s: float, release: str = ""
) -> None:
    """Store that an archive answered for a target; zero rows are an answer too, of this release."""
    now_mjd = mjd_now()
    answer = {"rows": rows, "reason": "", "code": ""}
    with writing(operations) as connection:
        serialised(connection, "archives")
        health = answer | {"last_success_mjd": now_mjd, "latency_s": latency_s, "failures": 0}
        _put(connection, archive_health, {"archive": archive}, health)
        if _exists(connection, target_id):
            harvest = answer | {"asked_mjd": now_mjd, "answered_mjd": now_mjd, "release": release}
            _put(connection, harvests, {"target_id": target_id, "archive": archive}, harvest)


def record_failure(operations: Engine, archive: str, target_id: int, error: TomlakeError) -> None:
    """Store that an archive did not answer for a target, and why; what is its own fault counts against it."""
    now_mjd = mjd_now()
    why = {"reason": error.reason[:_REASON_MAX_CHARS], "code": error.code}
    with writing(operations) as connection:
        serialised(connection, "archives")
        if isinstance(error, Transient) or error.code in _ITS_OWN:
            query = select(archive_health.c.failures).where(archive_health.c.archive == archive)
            failures = (connection.execute(query).scalar_one_or_none() or 0) + 1
            health = _for_all(connection, target_id, why) | {
                "last_failure_mjd": now_mjd,
                "failures": failures,
            }
            _put(connection, archive_health, {"archive": archive}, health)
        if _exists(connection, target_id):
            harvest = why | {"asked_mjd": now_mjd}
            _put(connection, harvests, {"target_id": target_id, "archive": archive}, harvest)


def record_waiting(operations: Engine, archive: str, target_id: int, error: TomlakeError) -> None:
    """Store that an archive has begun to work on a target."""
    told = {"asked_mjd": mjd_now(), "reason": error.reason[:_REASON_MAX_CHARS], "code": error.code}
    with writing(operations) as connection:
        serialised(connection, "archives")
        if _exists(connection, target_id):
            _put(connection, harvests, {"target_id": target_id, "archive": archive}, told)


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


def asked_now(operations: Engine, target_id: int) -> list[Job]:
    """Return the questions about a target that archives have not answered yet, by archive."""
    known = select(harvests.c.archive).where(harvests.c.target_id == target_id)
    with reading(operations) as connection:
        keys = [f"{lock_start(each)}{target_id}" for each in connection.execute(known).scalars()]
        waiting = and_(jobs.c.state == JobState.WAITING.value, jobs.c.dedupe.in_(keys))
        running = and_(jobs.c.state == JobState.RUNNING.value, jobs.c.lock.in_(keys))
        query = select(jobs).where(or_(waiting, running)).order_by(jobs.c.lock)
        return [job_of(row) for row in connection.execute(query).mappings()]


def request_harvest(operations: Engine, archive: str, target_id: int) -> int:
    """Return the job that asks an archive for a target, soon: somebody waits for it."""
    with writing(operations) as connection:
        serialised(connection, "archives")
        _put(connection, harvests, {"target_id": target_id, "archive": archive}, {"asked_mjd": mjd_now()})
        return _enqueue(connection, archive, target_id, priority=ASKED_PRIORITY)


def request_all(operations: Engine, infos: Iterable[BrokerInfo], target: Target) -> int:
    """Return how many archives are now asked for a new target: all that can know it, the quick ones first."""
    with writing(operations) as connection:
        return request_all_within(connection, infos, target)


def request_all_within(connection: Connection, infos: Iterable[BrokerInfo], target: Target) -> int:
    """Do what ``request_all`` does as a part of a transaction that is under way."""
    target_id = target.target_id or 0
    able = [info for info in infos if not reason_not_to_ask(info, target)]
    serialised(connection, "archives")
    for info in sorted(able, key=lambda info: info.latency_s):
        _enqueue(connection, info.key, target_id, priority=NEW_PRIORITY)
        asked = {"asked_mjd": mjd_now()}
        _put(connection, harvests, {"target_id": target_id, "archive": info.key}, asked)
    return len(able)


def enqueue_due_harvests(operations: Engine, info: BrokerInfo, *, limit: int) -> int:
    """Return how many targets an archive is now asked for because they are due.

    A new target is due at once, then every ``refresh_d`` days at full importance, more rarely below and never
    at zero; an archive that is closed gives one answer for each of its releases.
    """
    now_mjd = mjd_now()
    this = and_(harvests.c.target_id == targets.c.target_id, harvests.c.archive == info.key)
    paused = harvests.c.asked_mjd >= now_mjd - FAILURE_PAUSE_D
    due = (
        select(targets.c.target_id)
        .outerjoin(harvests, this)
        .where(_can_know(info), _is_stale(info, now_mjd), or_(harvests.c.asked_mjd.is_(None), ~paused))
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
            _enqueue(connection, info.key, target_id, priority=CLOCK_PRIORITY)
            asked = {"asked_mjd": now_mjd}
            _put(connection, harvests, {"target_id": target_id, "archive": info.key}, asked)
    return len(target_ids)


def _is_stale(info: BrokerInfo, now_mjd: float) -> ColumnElement[bool]:
    never_answered = harvests.c.answered_mjd.is_(None)
    if info.refresh_d is None:
        return or_(never_answered, harvests.c.release != info.release)
    importance = case((targets.c.importance > FULL_IMPORTANCE, FULL_IMPORTANCE), else_=targets.c.importance)
    waited = (now_mjd - harvests.c.answered_mjd) * importance > info.refresh_d * FULL_IMPORTANCE
    return or_(never_answered, waited)


def _can_know(info: BrokerInfo) -> ColumnElement[bool]:
    """Return ``reason_not_to_ask`` as a condition on the table ``targets``."""
    least_deg, most_deg = info.dec_range_deg
    real = targets.c.simulated.is_(False)
    if info.asks == Asks.MOVING:
        return and_(real, targets.c.designation != "")
    return and_(real, targets.c.designation == "", targets.c.dec_deg.between(least_deg, most_deg))


def _enqueue(connection: Connection, archive: str, target_id: int, *, priority: int) -> int:
    key = f"{lock_start(archive)}{target_id}"
    args = {"target_id": str(target_id), "source": archive}
    return enqueue_within(connection, "harvest", args, dedupe=key, lock=key, priority=priority)


def lock_start(archive: str) -> str:
    """Return how the locks of all jobs that ask an archive begin."""
    return f"harvest:{archive}:"


def _for_all(connection: Connection, target_id: int, why: dict[str, str]) -> dict[str, str]:
    """Return what everybody reads of a failure: archives repeat the question, so a name or a place."""
    query = select(targets.c.target_id).where(targets.c.target_id == target_id, visible_to(None))
    is_open = not target_id or connection.execute(query).first() is not None
    return why if is_open else why | {"reason": "It did not answer for a target that not everybody may see."}


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
