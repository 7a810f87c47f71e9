"""Telling people of what somebody does, in the transaction in which it is done.

Whether they may know of it is asked when they look, not here: a target may be shared with others later.
"""

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, delete, insert, select, union

from engine.times import mjd_now
from lake.notices.kinds import Kind
from lake.notices.mentions import mentions
from lake.notices.tables import awaited_uploads, notices
from lake.operations import targets, uploads, users
from lake.people.person import User

MOST_MENTIONED = 20  # by one note: whoever else it names is left in peace
_MEASURED = "measured"  # the result of an upload, as lake.inbox.uploads writes it


def tell(
    connection: Connection,
    kind: Kind,
    user_ids: Iterable[int],
    *,
    facts: dict[str, object] | None = None,
    **about: int | None,
) -> None:
    """Put a notice before people; ``about`` names what it is about: ``target_id``, ``comment_id`` ..."""
    row = {"kind": kind.value, "facts": facts or {}, "made_mjd": mjd_now(), **about}
    rows = [row | {"user_id": user_id} for user_id in sorted(set(user_ids))]
    if rows:
        connection.execute(insert(notices), rows)


def tell_of_comment(connection: Connection, comment_id: int, target_id: int, text: str, *, by: str) -> None:
    """Tell those whom a note names, and those who made or observed its target."""
    names = [name.casefold() for name in mentions(text)[:MOST_MENTIONED]]
    others = (users.c.is_active, users.c.username != by)
    named = select(users.c.user_id).where(users.c.username_key.in_(names), *others)
    mentioned = set(connection.execute(named).scalars())
    made = select(targets.c.created_by).where(targets.c.target_id == target_id)
    observed = select(uploads.c.uploaded_by).where(
        uploads.c.target_id == target_id, uploads.c.result == _MEASURED, uploads.c.dry_run.is_(False)
    )
    theirs = select(users.c.user_id).where(users.c.username.in_(union(made, observed)), *others)
    concerned = set(connection.execute(theirs).scalars()) - mentioned
    for kind, user_ids in ((Kind.MENTION, mentioned), (Kind.COMMENT, concerned)):
        tell(connection, kind, user_ids, facts={"by": by}, target_id=target_id, comment_id=comment_id)


def tell_staff(connection: Connection, sign_up_id: int, username: str) -> None:
    """Tell staff that somebody waits for an account."""
    staff = connection.execute(select(users.c.user_id).where(users.c.is_staff, users.c.is_active)).scalars()
    tell(connection, Kind.WAITING, staff, facts={"name": username}, sign_up_id=sign_up_id)


def tell_of_approval(connection: Connection, user_ids: Collection[int], *, camera: str = "") -> None:
    """Tell people that their account is approved, or a camera of theirs."""
    tell(connection, Kind.APPROVED, user_ids, facts={"camera": camera})


def tell_maker_of_camera(connection: Connection, oname: str, maker: str, *, by: User) -> None:
    """Tell who registered a camera that staff approved it."""
    query = select(users.c.user_id).where(
        users.c.username == maker, users.c.is_active, users.c.user_id != by.user_id
    )
    tell_of_approval(connection, connection.execute(query).scalars().all(), camera=oname)


def tell_when_done(connection: Connection, upload_id: int) -> None:
    """Remember that who sent a file waits for word of it."""
    connection.execute(delete(awaited_uploads).where(awaited_uploads.c.upload_id == upload_id))
    connection.execute(insert(awaited_uploads).values(upload_id=upload_id))
