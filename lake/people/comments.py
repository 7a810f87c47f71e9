"""Comments on targets: written and read by whoever may see the target."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, and_, delete, func, insert, select

from engine.errors import Rejected
from engine.times import mjd_now
from lake.notices.telling import tell_of_comment
from lake.operations import reading, targets, users, writing
from lake.people.accounts import User
from lake.people.audit import About, note_change
from lake.rights import visible_to
from lake.said_tables import comments
from lake.target_rows import name_key
from lake.targets import target_within

TEXT_MAX_CHARS = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """What somebody wrote about a target."""

    comment_id: int
    target_id: int
    target_name: str
    username: str
    user_id: int | None  # None: the account is gone
    full_name: str
    text: str
    made_mjd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentFilter:
    """Which comments are wanted; what is empty or None chooses nothing."""

    target_name: str = ""
    target_id: int | None = None
    username: str = ""
    text: str = ""  # a part of it, in any case of letters
    since_mjd: float | None = None
    before_mjd: float | None = None
    before_id: int | None = None  # only older ones: the next page


def add_comment(operations: Engine, target: str | int, text: str, *, by: User) -> int:
    """Return the id of a new comment.

    Raises
    ------
    Rejected
        ``unknown-target``; ``bad-comment``: it is empty or too long.
    """
    words = text.strip()
    if not 1 <= len(words) <= TEXT_MAX_CHARS:
        raise Rejected(f"A comment has 1 to {TEXT_MAX_CHARS} characters.", code="bad-comment")
    with writing(operations) as connection:
        target_id = target_within(connection, target, by).target_id or 0
        row = {
            "target_id": target_id,
            "username": by.username,
            "text": words,
            "made_mjd": mjd_now(),
        }
        made = insert(comments).values(row).returning(comments.c.comment_id)
        comment_id = int(connection.execute(made).scalar_one())
        tell_of_comment(connection, comment_id, target_id, words, by=by.username)
    return comment_id


def remove_comment(operations: Engine, comment_id: int, *, by: User) -> None:
    """Take a comment back; who wrote it and staff may.

    Raises
    ------
    Rejected
        ``unknown-comment``: there is none that this person sees; ``no-right``.
    """
    query = (
        select(comments, targets.c.name)
        .join_from(comments, targets, targets.c.target_id == comments.c.target_id)
        .where(comments.c.comment_id == comment_id, visible_to(by))
    )
    with writing(operations) as connection:
        row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise Rejected(f"There is no comment {comment_id}.", code="unknown-comment")
        if not (by.is_staff or row["username"] == by.username):
            raise Rejected("Only who wrote a comment and staff may take it back.", code="no-right")
        connection.execute(delete(comments).where(comments.c.comment_id == comment_id))
        about = About(kind="target", number=row["target_id"], name=row["name"])
        before = {"text": row["text"], "username": row["username"]}
        note_change(connection, "comment gone", about, who=by.username, before=before, after={})


def list_comments(
    operations: Engine, wanted: CommentFilter, user: User | None, *, limit: int, offset: int = 0
) -> list[Comment]:
    """Return comments on targets that a user may see, the newest first."""
    query = (
        select(
            comments.c.comment_id, comments.c.target_id, comments.c.text, comments.c.made_mjd,
            comments.c.username, targets.c.name.label("target_name"), users.c.user_id,
            func.coalesce(users.c.full_name, "").label("full_name"),
        )
        .select_from(comments)
        .join(targets, targets.c.target_id == comments.c.target_id)
        .outerjoin(users, users.c.username == comments.c.username)
        .where(_conditions(wanted, user))
        .order_by(comments.c.comment_id.desc())
        .limit(limit)
        .offset(offset)
    )  # fmt: skip
    with reading(operations) as connection:
        return [Comment(**row) for row in connection.execute(query).mappings()]


def count_comments(operations: Engine, wanted: CommentFilter, user: User | None) -> int:
    """Return how many comments ``list_comments`` has in all."""
    query = select(func.count()).select_from(
        comments.join(targets, targets.c.target_id == comments.c.target_id)
    )
    with reading(operations) as connection:
        return int(connection.execute(query.where(_conditions(wanted, user))).scalar_one())


def _conditions(wanted: CommentFilter, user: User | None) -> ColumnElement[bool]:
    conditions = [visible_to(user)]
    if wanted.target_name:
        conditions.append(targets.c.name_key == name_key(wanted.target_name))
    if wanted.target_id is not None:
        conditions.append(comments.c.target_id == wanted.target_id)
    if wanted.username:
        conditions.append(func.lower(comments.c.username) == wanted.username.lower())
    if wanted.text:
        conditions.append(comments.c.text.icontains(wanted.text, autoescape=True))
    if wanted.since_mjd is not None:
        conditions.append(comments.c.made_mjd >= wanted.since_mjd)
    if wanted.before_mjd is not None:
        conditions.append(comments.c.made_mjd < wanted.before_mjd)
    if wanted.before_id is not None:
        conditions.append(comments.c.comment_id < wanted.before_id)
    return and_(*conditions)
