"""The first administrator: made on the command line, or in a browser by a link that only the log shows."""

from sqlalchemy import Connection, Engine, select

from engine.errors import Rejected
from lake.operations import reading, serialised, users, writing
from lake.people.accounts import create_user, hash_of, insert_user
from lake.people.links import Purpose, drop_links, is_good, issue_link, take_link
from lake.people.person import User

SET_UP_DAYS = 1.0
ADMINISTRATOR = "admin"
_ONE_AT_A_TIME = "administrators"


def needs_administrator(operations: Engine) -> bool:
    """Return whether nobody may look after this installation yet."""
    with reading(operations) as connection:
        return not _has_administrator(connection)


def make_administrator(operations: Engine, password: str) -> User:
    """Return the first administrator, called ``admin``.

    Raises
    ------
    Rejected
        ``bad-password``, ``username-taken``.
    """
    return create_user(operations, ADMINISTRATOR, password, full_name="Administrator", is_staff=True)


def set_up_key(operations: Engine) -> str:
    """Return the key of a link under which the first administrator is made; earlier ones end here."""
    with writing(operations) as connection:
        drop_links(connection, Purpose.SET_UP)
        return issue_link(connection, Purpose.SET_UP, days=SET_UP_DAYS)


def may_set_up(operations: Engine, key: str) -> bool:
    """Return whether a link makes the first administrator still."""
    with reading(operations) as connection:
        return is_good(connection, Purpose.SET_UP, key) and not _has_administrator(connection)


def set_up(operations: Engine, key: str, *, username: str, password: str, full_name: str = "") -> User:
    """Return the first administrator; the link is good for nothing from then on.

    Raises
    ------
    Rejected
        ``link-gone``; ``bad-username``, ``username-taken``, ``bad-password``: the link stays good.
    """
    if not may_set_up(operations, key):  # before a costly hash: anybody can ask
        raise _gone()
    password_hash = hash_of(password)
    with writing(operations) as connection:
        serialised(connection, _ONE_AT_A_TIME)
        if take_link(connection, Purpose.SET_UP, key) is None or _has_administrator(connection):
            raise _gone()
        return insert_user(connection, username, password_hash, full_name=full_name, is_staff=True)


def _has_administrator(connection: Connection) -> bool:
    query = select(users.c.user_id).where(users.c.is_staff, users.c.is_active).limit(1)
    return connection.execute(query).first() is not None


def _gone() -> Rejected:
    return Rejected(
        "This link was used already or ran out: start tomlake again, and it prints a new one.",
        code="link-gone",
    )
