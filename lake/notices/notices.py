"""Notices as their readers see them: what one may not see any more is not there, nor counted."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Engine, FromClause, RowMapping, and_, delete, func, or_, select, update

from engine.times import mjd_now
from lake.inbox.uploads import DELETED
from lake.notices.kinds import STAFF_ONLY, Kind
from lake.notices.tables import notice_wishes, notices
from lake.notices.wishes import is_for_portal, wish_of_row
from lake.operations import reading, targets, uploads, writing
from lake.people.person import User
from lake.rights import upload_visible_to, visible_to

KEEP_READ_D = 90.0
KEEP_D = 365.0  # of who never looks


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What somebody is told of."""

    notice_id: int
    kind: Kind
    target_id: int | None
    target_name: str  # empty: it is about no target
    comment_id: int | None
    facts: Mapping[str, Any]  # what its sentence says beside the target
    made_mjd: float
    read_mjd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFilter:
    """Which notices are wanted."""

    is_unread: bool = False
    before_id: int | None = None  # only older ones: the next page


NOTICE_COLUMNS = (
    notices.c.notice_id, notices.c.kind, notices.c.target_id, notices.c.comment_id, notices.c.facts,
    notices.c.made_mjd, notices.c.read_mjd, func.coalesce(targets.c.name, "").label("target_name"),
)  # fmt: skip


def list_notices(
    operations: Engine, user: User, wanted: NoticeFilter = NoticeFilter(), *, limit: int = 100
) -> list[Notice]:
    """Return what a person is told of in the portal, the newest first."""
    query = select(*NOTICE_COLUMNS).select_from(with_subjects()).where(_shown(user))
    if wanted.is_unread:
        query = query.where(notices.c.read_mjd.is_(None))
    if wanted.before_id is not None:
        query = query.where(notices.c.notice_id < wanted.before_id)
    query = query.order_by(notices.c.notice_id.desc()).limit(limit)
    with reading(operations) as connection:
        return [notice_of(row) for row in connection.execute(query).mappings()]


def count_unread(operations: Engine, user: User) -> int:
    """Return how many notices a person has not read; every page asks, and mostly there are none."""
    unread = (notices.c.user_id == user.user_id, notices.c.read_mjd.is_(None))
    with reading(operations) as connection:
        if connection.execute(select(notices.c.notice_id).where(*unread).limit(1)).first() is None:
            return 0
        query = select(func.count()).select_from(with_subjects()).where(_shown(user), *unread)
        return int(connection.execute(query).scalar_one())


def mark_read(
    operations: Engine,
    user: User,
    *,
    notice_ids: Collection[int] | None = None,
    up_to_id: int | None = None,
    is_read: bool = True,
) -> int:
    """Return how many of a person's own notices are now marked as read, or as unread, that were not.

    Parameters
    ----------
    notice_ids
        Only these; None: all.
    up_to_id
        None that is newer than this one: it came while they looked.
    """
    changes = [notices.c.user_id == user.user_id]
    changes.append(notices.c.read_mjd.is_(None) if is_read else notices.c.read_mjd.is_not(None))
    if notice_ids is not None:
        changes.append(notices.c.notice_id.in_(sorted(notice_ids)))
    if up_to_id is not None:
        changes.append(notices.c.notice_id <= up_to_id)
    marked = update(notices).where(*changes).values(read_mjd=mjd_now() if is_read else None)
    with writing(operations) as connection:
        return connection.execute(marked).rowcount


def remove_old_notices(operations: Engine) -> int:
    """Return how many notices went that were read long ago, or that nobody read for very long."""
    now_mjd = mjd_now()
    is_read = and_(notices.c.read_mjd.is_not(None), notices.c.made_mjd < now_mjd - KEEP_READ_D)
    with writing(operations) as connection:
        old = delete(notices).where(or_(is_read, notices.c.made_mjd < now_mjd - KEEP_D))
        return connection.execute(old).rowcount


def with_subjects() -> FromClause:
    """Return notices with what they are about, and with what their readers wish."""
    about_upload = and_(
        uploads.c.upload_id == notices.c.upload_id, uploads.c.target_id == notices.c.target_id
    )
    return (
        notices.outerjoin(targets, targets.c.target_id == notices.c.target_id)
        .outerjoin(uploads, about_upload)
        .outerjoin(notice_wishes, wish_of_row())
    )


def readable_by(user: User) -> ColumnElement[bool]:
    """Return which rows of ``with_subjects`` are a person's own and about what they may see now."""
    open_upload = and_(uploads.c.upload_id.is_not(None), uploads.c.result != DELETED, upload_visible_to(user))
    conditions = [
        notices.c.user_id == user.user_id,
        or_(notices.c.target_id.is_(None), visible_to(user)),
        or_(notices.c.upload_id.is_(None), open_upload),
    ]
    if not user.is_staff:
        conditions.append(notices.c.kind.not_in(sorted(STAFF_ONLY)))
    return and_(*conditions)


def notice_of(row: RowMapping) -> Notice:
    """Return a row with ``NOTICE_COLUMNS`` as a notice."""
    values = {each.name: row[each.name] for each in fields(Notice)}
    return Notice(**values | {"kind": Kind(row["kind"])})


def _shown(user: User) -> ColumnElement[bool]:
    return and_(readable_by(user), is_for_portal())
