"""People who are new through a service: an account without a password, at once or once staff agree.

While it waits it is a user who is not active, so that the name stays free for it, and a row of ``sign_ups``
of the same name, which staff decide on as they do on every other.
"""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, delete, func, insert, select, update

from engine.errors import Rejected
from engine.times import SECONDS_PER_DAY, mjd_now
from lake.notices.telling import tell_staff
from lake.operations import reading, sessions, users, writing
from lake.people.account_tables import sign_ups
from lake.people.accounts import clean_username, hash_of, insert_user
from lake.people.audit import About, note_change
from lake.people.hashes import sha256_of
from lake.people.identity_tables import identities
from lake.people.person import User
from lake.people.sessions import end_sessions_within
from lake.settings import SignUp

MOST_WAITING = 1000
CONFIRM_DAYS = 2.0
FRESH_S = 600.0  # so long after the sign-in a first password may be set
# The hash of a forgotten random text: nobody can sign in with a password until one is set.
NO_PASSWORD = (
    "$argon2id$v=19$m=65536,t=3,p=4$KFeGlMuDw/k+Z6eFD7iYLQ$07yGv4vhyP6ddG7p9V5bnAkyuW7puQCw3BKEeDfeJ8k"  # noqa: S105 - no password has it
)


def make_room(connection: Connection) -> None:
    """Drop what was never confirmed, and refuse more than staff can look at.

    Raises
    ------
    Rejected
        ``sign-up-full``.
    """
    stale = (sign_ups.c.is_ready.is_(False), sign_ups.c.asked_mjd < mjd_now() - CONFIRM_DAYS)
    connection.execute(delete(sign_ups).where(*stale))
    waiting = connection.execute(select(func.count()).select_from(sign_ups)).scalar_one()
    if waiting >= MOST_WAITING:
        raise Rejected("Too many people wait for an account: try again in some days.", code="sign-up-full")


def add_newcomer(connection: Connection, names: Iterable[str], full_name: str, *, sign_up: SignUp) -> User:
    """Return a new account without a password, under the first of the names that is nobody else's.

    Raises
    ------
    Rejected
        ``sign-up-closed``, ``sign-up-full``.
    """
    if sign_up == SignUp.CLOSED:
        raise Rejected(
            "You have no account here, and staff make them: ask for one, then link this service to it.",
            code="sign-up-closed",
        )
    username = next(name for name in names if not _is_taken(connection, name))
    user = insert_user(connection, username, NO_PASSWORD, full_name=full_name)
    if sign_up == SignUp.APPROVED:
        make_room(connection)
        connection.execute(update(users).where(users.c.user_id == user.user_id).values(is_active=False))
        row = {"username": user.username, "full_name": full_name, "password_hash": NO_PASSWORD}
        waits = insert(sign_ups).values(row | {"is_ready": True, "asked_mjd": mjd_now()})
        sign_up_id = int(connection.execute(waits.returning(sign_ups.c.sign_up_id)).scalar_one())
        tell_staff(connection, sign_up_id, user.username)
    about = About(kind="user", number=user.user_id, name=user.username)
    made = {"username": user.username, "is_active": sign_up == SignUp.OPEN}
    note_change(connection, "made", about, who=user.username, before={}, after=made)
    return user


def let_newcomer_in(connection: Connection, row: RowMapping, *, username: str) -> User:
    """Return the account that waited with a request, active from now on, under its name or another one.

    Raises
    ------
    Rejected
        ``unknown-sign-up``, ``bad-username``, ``username-taken``.
    """
    name = clean_username(username)
    if name.casefold() != row["username"].casefold() and _is_taken(connection, name):
        raise Rejected(f"The user name {name} is taken; choose another.", code="username-taken")
    values = {"is_active": True, "username": name, "username_key": name.casefold()}
    changed = update(users).where(*_waits(row["username"])).values(values)
    user_id = connection.execute(changed.returning(users.c.user_id)).scalar_one_or_none()
    if user_id is None:
        raise Rejected("This account waits no more: look at the list again.", code="unknown-sign-up")
    return User(user_id=user_id, username=name, full_name=row["full_name"])


def send_newcomer_away(connection: Connection, row: RowMapping) -> None:
    """Drop the account that waited with a request, and who its owner is at the service."""
    theirs = select(users.c.user_id).where(*_waits(row["username"]))
    connection.execute(delete(identities).where(identities.c.user_id.in_(theirs)))
    connection.execute(delete(users).where(*_waits(row["username"])))


def lacks_password(operations: Engine, user: User) -> bool:
    """Return whether somebody never had a password, because they came through a service."""
    this = (users.c.user_id == user.user_id, users.c.password_hash == NO_PASSWORD)
    with reading(operations) as connection:
        return connection.execute(select(users.c.user_id).where(*this)).first() is not None


def set_first_password(operations: Engine, user: User, password: str, *, this: str) -> None:
    """Give an account its first password; every session of it ends but ``this``, which must be a fresh one.

    Raises
    ------
    Rejected
        ``bad-password``; ``old-session``: signed in too long ago; ``password-already``: one is set.
    """
    password_hash = hash_of(password)
    fresh = (
        sessions.c.session_sha256 == sha256_of(this),
        sessions.c.user_id == user.user_id,
        sessions.c.created_mjd > mjd_now() - FRESH_S / SECONDS_PER_DAY,
        sessions.c.expires_mjd > mjd_now(),
    )
    bare = (users.c.user_id == user.user_id, users.c.password_hash == NO_PASSWORD, users.c.is_active)
    with writing(operations) as connection:
        if connection.execute(select(sessions.c.user_id).where(*fresh)).first() is None:
            raise Rejected(
                "Sign out and in again first: a first password is set within ten minutes of signing in.",
                code="old-session",
            )
        if not connection.execute(update(users).where(*bare).values(password_hash=password_hash)).rowcount:
            raise Rejected("Your account has a password: change that one.", code="password-already")
        end_sessions_within(connection, user.user_id, keep=this)
        about = About(kind="account", number=user.user_id, name=user.username)
        note_change(connection, "first password", about, who=user.username, before={}, after={})


def _waits(username: str) -> tuple[ColumnElement[bool], ...]:
    return (users.c.username == username, users.c.is_active.is_(False), users.c.password_hash == NO_PASSWORD)


def _is_taken(connection: Connection, username: str) -> bool:
    query = select(users.c.user_id).where(users.c.username_key == username.casefold())
    return connection.execute(query).first() is not None
