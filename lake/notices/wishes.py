"""What people wish to hear of, and how: kept for each kind that they said something of."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Engine, and_, case, delete, func, insert, or_, select

from lake.notices.kinds import UNSAID, Kind, Mail, Wish
from lake.notices.tables import notice_wishes, notices
from lake.operations import reading, serialised, writing
from lake.people.person import User


def wishes_of(operations: Engine, user: User) -> dict[Kind, Wish]:
    """Return what a person wishes for every kind."""
    query = select(notice_wishes).where(notice_wishes.c.user_id == user.user_id)
    with reading(operations) as connection:
        rows = connection.execute(query).mappings().all()
    said = {row["kind"]: Wish(in_portal=row["in_portal"], mail=Mail(row["mail"])) for row in rows}
    return {kind: said.get(kind.value, UNSAID[kind]) for kind in Kind}


def wish(operations: Engine, wanted: Mapping[Kind, Wish], *, user: User) -> None:
    """Keep what a person wishes for some kinds; of the others stays what was."""
    rows = [
        {"user_id": user.user_id, "kind": kind.value, "in_portal": each.in_portal, "mail": each.mail.value}
        for kind, each in wanted.items()
    ]
    own = notice_wishes.c.user_id == user.user_id
    with writing(operations) as connection:
        serialised(connection, f"wishes of {user.user_id}")
        connection.execute(delete(notice_wishes).where(own, notice_wishes.c.kind.in_(list(wanted))))
        if rows:
            connection.execute(insert(notice_wishes), rows)


def wish_of_row() -> ColumnElement[bool]:
    """Return the condition that joins a notice with what its reader said of its kind."""
    return and_(notice_wishes.c.user_id == notices.c.user_id, notice_wishes.c.kind == notices.c.kind)


def is_for_portal() -> ColumnElement[bool]:
    """Return whether a notice joined by ``wish_of_row`` is shown in the portal."""
    unsaid = [kind.value for kind, each in UNSAID.items() if each.in_portal]
    said = notice_wishes.c.in_portal
    return or_(said.is_(True), and_(said.is_(None), notices.c.kind.in_(unsaid)))


def mail_wished() -> ColumnElement[str]:
    """Return how soon a notice joined by ``wish_of_row`` is mailed."""
    unsaid = case({kind.value: each.mail.value for kind, each in UNSAID.items()}, value=notices.c.kind)
    return func.coalesce(notice_wishes.c.mail, unsaid)
