"""Watches: what somebody wants to hear of from a stream of alerts, how often, and what came of it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Engine, RowMapping, and_, insert, or_, select, true, update

from engine.brokers.streams.criteria import checked_rule, criteria_of, rule_of
from engine.brokers.streams.protocol import Rule
from engine.brokers.streams.registry import stream
from engine.errors import Rejected, TomlakeError
from engine.times import mjd_now
from lake.operations import reading, serialised, users, watches, writing
from lake.people.accounts import User
from lake.queue import enqueue_within
from lake.target_rows import name_key

KIND = "watch"  # of the jobs that ask
EVERY_MAX_H = 24.0 * 30.0
MOST_WATCHES = 50  # of one person
AGAIN_AFTER_MIN = 10.0  # a person may ask by hand so soon after the last question
CLOCK_PRIORITY = 7
ASKED_PRIORITY = 4
_NAME_MAX_CHARS = 80
_REASON_MAX_CHARS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A person's rule for one stream, and how its last question ended."""

    watch_id: int = 0
    name: str
    stream: str
    rule: Rule
    every_h: float = 6.0
    makes_targets: bool = False  # by themselves, without anybody looking
    is_active: bool = True
    created_by: str = ""
    created_mjd: float = 0.0
    asked_mjd: float | None = None
    answered_mjd: float | None = None
    reason: str = ""  # what it found, or why it was not answered
    code: str = ""  # of a failure; empty since an answer


def add_watch(operations: Engine, wanted: Watch, *, by: str) -> Watch:
    """Return the watch with its number; it is due at once.

    Raises
    ------
    Rejected
        ``unknown-stream``, ``bad-rule``, ``bad-name``, ``bad-interval``, ``name-taken``, ``many-watches``.
    """
    watch = replace(_checked(wanted), created_by=by, created_mjd=mjd_now())
    with writing(operations) as connection:
        serialised(connection, "watches")
        own = select(watches.c.name_key).where(watches.c.created_by == by)
        keys = connection.execute(own).scalars().all()
        if name_key(watch.name) in keys:
            raise Rejected(f"You have a watch named {watch.name} already.", code="name-taken")
        if len(keys) >= MOST_WATCHES:
            raise Rejected(f"One person may have {MOST_WATCHES} watches.", code="many-watches")
        created = insert(watches).values(_row_of(watch)).returning(watches.c.watch_id)
        return replace(watch, watch_id=int(connection.execute(created).scalar_one()))


def get_watch(operations: Engine, name_or_id: str | int, user: User | None) -> Watch:
    """Return a watch by its number, or by its name, as far as the user may see it.

    Raises
    ------
    Rejected
        ``unknown-watch``; ``ambiguous-name``: several people have one of this name.
    """
    text = str(name_or_id)
    numbered = watches.c.watch_id == int(text) if text.isascii() and text.isdigit() else ~true()
    named = ~true() if isinstance(name_or_id, int) else watches.c.name_key == name_key(text)
    this = or_(named, numbered)
    with reading(operations) as connection:
        query = select(watches).where(this, watched_by(user)).limit(2)
        rows = connection.execute(query).mappings().all()
    if not rows:
        raise Rejected(f"There is no watch {name_or_id!s:.80}.", code="unknown-watch")
    if len(rows) > 1:
        raise Rejected(
            f"Several watches are called {name_or_id!s:.80}: give its number.", code="ambiguous-name"
        )
    return _watch_of(rows[0])


def list_watches(operations: Engine, user: User | None) -> list[Watch]:
    """Return the watches that somebody may see: their own; staff see all."""
    query = select(watches).where(watched_by(user)).order_by(watches.c.watch_id)
    with reading(operations) as connection:
        return [_watch_of(row) for row in connection.execute(query).mappings()]


def watched_by(user: User | None) -> ColumnElement[bool]:
    """Return the rule who may see a watch as a condition on the table ``watches``."""
    if user is None:
        return ~true()
    return true() if user.is_staff else watches.c.created_by == user.username


def set_active(operations: Engine, watch_id: int, is_active: bool, *, user: User) -> Watch:
    """Return the watch after letting it rest, or go on.

    Raises
    ------
    Rejected
        ``unknown-watch``
    """
    watch = get_watch(operations, watch_id, user)
    with writing(operations) as connection:
        this = update(watches).where(watches.c.watch_id == watch.watch_id)
        connection.execute(this.values(is_active=is_active))
    return replace(watch, is_active=is_active)


def request_watch(operations: Engine, watch_id: int, *, user: User) -> int:
    """Return the job that asks a stream soon, because a person wants to know now.

    Raises
    ------
    Rejected
        ``unknown-watch``; ``asked-lately``: the stream was asked a few minutes ago.
    """
    watch = get_watch(operations, watch_id, user)
    now_mjd = mjd_now()
    if watch.asked_mjd is not None and (now_mjd - watch.asked_mjd) * 1440.0 < AGAIN_AFTER_MIN:
        raise Rejected(
            f"{watch.name} was asked less than {AGAIN_AFTER_MIN:g} minutes ago: wait a little.",
            code="asked-lately",
        )
    return _enqueue(operations, [watch], now_mjd, priority=ASKED_PRIORITY)[0]


def enqueue_due_watches(operations: Engine) -> int:
    """Return how many watches were put into the queue because they are due."""
    now_mjd = mjd_now()
    closed = select(users.c.username).where(users.c.is_active.is_(False))
    waited_h = (now_mjd - watches.c.asked_mjd) * 24.0
    due = and_(
        watches.c.is_active.is_(True),
        watches.c.created_by.not_in(closed),
        or_(watches.c.asked_mjd.is_(None), waited_h >= watches.c.every_h),
    )
    with reading(operations) as connection:
        rows = connection.execute(select(watches).where(due)).mappings().all()
    return len(_enqueue(operations, map(_watch_of, rows), now_mjd, priority=CLOCK_PRIORITY))


def record_answer(operations: Engine, watch: Watch, reason: str, *, asked_mjd: float) -> None:
    """Store what a stream answered to the question of a moment: the next one begins there."""
    _record(operations, watch, reason=reason, code="", answered_mjd=asked_mjd)


def record_failure(operations: Engine, watch: Watch, error: TomlakeError) -> None:
    """Store why a stream did not answer."""
    _record(operations, watch, reason=error.reason[:_REASON_MAX_CHARS], code=error.code)


def _record(operations: Engine, watch: Watch, **values: object) -> None:
    with writing(operations) as connection:
        connection.execute(update(watches).where(watches.c.watch_id == watch.watch_id).values(values))


def _enqueue(operations: Engine, due: Iterable[Watch], now_mjd: float, *, priority: int) -> list[int]:
    asked = list(due)
    if not asked:
        return []
    with writing(operations) as connection:
        this = watches.c.watch_id.in_([watch.watch_id for watch in asked])
        connection.execute(update(watches).where(this).values(asked_mjd=now_mjd))
        return [
            enqueue_within(
                connection,
                KIND,
                {"watch_id": str(watch.watch_id)},
                dedupe=f"{KIND}:{watch.watch_id}",
                lock=f"{KIND}:{watch.stream}",  # never two questions to one stream at once
                priority=priority,
            )
            for watch in asked
        ]


def _checked(wanted: Watch) -> Watch:
    info = stream(wanted.stream).info
    name = " ".join(wanted.name.split())
    if not 0 < len(name) <= _NAME_MAX_CHARS or not name.isprintable():
        raise Rejected(f"A watch needs a name of 1 to {_NAME_MAX_CHARS} characters.", code="bad-name")
    if not info.least_every_h <= wanted.every_h <= EVERY_MAX_H:
        raise Rejected(
            f"{info.title} is asked every {info.least_every_h:g} to {EVERY_MAX_H:g} hours.",
            code="bad-interval",
        )
    rule = checked_rule(info, rule_of(criteria_of(wanted.rule)))
    return replace(wanted, name=name, rule=rule)


def _row_of(watch: Watch) -> dict[str, object]:
    return {
        "name": watch.name,
        "name_key": name_key(watch.name),
        "stream": watch.stream,
        "criteria": criteria_of(watch.rule),
        "every_h": watch.every_h,
        "makes_targets": watch.makes_targets,
        "is_active": watch.is_active,
        "created_by": watch.created_by,
        "created_mjd": watch.created_mjd,
    }


def _watch_of(row: RowMapping) -> Watch:
    kept = {name: value for name, value in row.items() if name not in ("name_key", "criteria")}
    return Watch(**kept, rule=rule_of(row["criteria"]))
