"""Which notices are due by mail, and claiming them, so that none is ever sent twice.

A letter is claimed in a transaction of its own before it is handed over: at most once. Who is killed in
between leaves notices that stand in the portal and were never mailed.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, and_, or_, select, update

from engine.times import mjd_now
from lake.notices.kinds import Mail
from lake.notices.notices import NOTICE_COLUMNS, Notice, notice_of, readable_by, with_subjects
from lake.notices.tables import notices
from lake.notices.wishes import mail_wished
from lake.operations import reading, users, writing
from lake.people.account_tables import profiles
from lake.people.person import USER_COLUMNS, User, user_of

DAILY_AT_UTC_H = 6.0
PAUSE_D = 10 / 1440  # between two letters to one person, however much happens
STALE_D = 3.0  # what could not be sent for so long is news no more


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What one person is mailed; every notice of it is claimed."""

    email: str
    notices: tuple[Notice, ...]
    claimed_ids: tuple[int, ...]  # beside those in it, what its reader may not see any more


def people_due(operations: Engine) -> list[User]:
    """Return who has something due by mail, and an address."""
    now_mjd = mjd_now()
    written = notices.alias("written")
    lately = select(written.c.notice_id).where(
        written.c.user_id == users.c.user_id, written.c.mailed_mjd > now_mjd - PAUSE_D
    )
    waiting = (
        select(notices.c.notice_id)
        .select_from(with_subjects())
        .where(notices.c.user_id == users.c.user_id, _is_due(now_mjd))
        .correlate(users)
    )
    query = (
        select(*USER_COLUMNS)
        .join_from(users, profiles, profiles.c.user_id == users.c.user_id)
        .where(users.c.is_active, profiles.c.email != "", waiting.exists(), ~lately.exists())
        .order_by(users.c.user_id)
    )
    with reading(operations) as connection:
        return [user_of(row) for row in connection.execute(query).mappings()]


def claim_letter(operations: Engine, user: User) -> Letter | None:
    """Return what a person is to be mailed now, which nobody else gets any more; None where nothing is."""
    now_mjd = mjd_now()
    due = select(notices.c.notice_id).select_from(with_subjects())
    due = due.where(notices.c.user_id == user.user_id, _is_due(now_mjd))
    taken = update(notices).where(notices.c.notice_id.in_(due), notices.c.mailed_mjd.is_(None))
    with writing(operations) as connection:
        claimed = taken.values(mailed_mjd=now_mjd).returning(notices.c.notice_id)
        ids = tuple(sorted(connection.execute(claimed).scalars()))
        seen = select(*NOTICE_COLUMNS).select_from(with_subjects())
        seen = seen.where(notices.c.notice_id.in_(ids), readable_by(user)).order_by(notices.c.notice_id)
        told = tuple(notice_of(row) for row in connection.execute(seen).mappings())
        address = select(profiles.c.email).where(profiles.c.user_id == user.user_id)
        email = connection.execute(address).scalar_one_or_none()
    return Letter(email=email, notices=told, claimed_ids=ids) if told and email else None


def give_back(operations: Engine, notice_ids: Collection[int]) -> None:
    """Let notices be due again whose letter certainly did not leave."""
    this = update(notices).where(notices.c.notice_id.in_(sorted(notice_ids)))
    with writing(operations) as connection:
        connection.execute(this.values(mailed_mjd=None))


def last_daily_mjd(now_mjd: float) -> float:
    """Return when the last daily letters were due."""
    hour_d = DAILY_AT_UTC_H / 24.0
    return math.floor(now_mjd - hour_d) + hour_d


def _is_due(now_mjd: float) -> ColumnElement[bool]:
    wished = mail_wished()
    is_daily = and_(wished == Mail.DAILY.value, notices.c.made_mjd < last_daily_mjd(now_mjd))
    return and_(
        notices.c.mailed_mjd.is_(None),
        notices.c.read_mjd.is_(None),
        notices.c.made_mjd > now_mjd - STALE_D,
        or_(wished == Mail.AT_ONCE.value, is_daily),
    )
