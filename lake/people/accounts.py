"""Who people are: accounts with passwords; sessions and tokens are in modules of their own beside it."""

import re
from collections.abc import Sequence

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine.errors import Rejected
from engine.times import mjd_now
from lake.operations import reading, users, writing
from lake.people.audit import About, note_change
from lake.people.person import USER_COLUMNS, Role, User, user_of
from lake.people.sessions import (
    SESSION_DAYS,
    close_session,
    end_sessions_within,
    open_session,
    remove_expired_sessions,
    user_of_session,
)
from lake.people.tokens import (
    Scope,
    Token,
    issue_token,
    list_tokens,
    revoke_token,
    rotate_token,
    user_of_token,
)

__all__ = [
    "SESSION_DAYS",
    "Role",
    "Scope",
    "Token",
    "User",
    "check_password",
    "close_session",
    "create_user",
    "find_user",
    "full_names",
    "hash_of",
    "insert_user",
    "issue_token",
    "joined_mjd",
    "list_tokens",
    "list_users",
    "open_session",
    "remove_expired_sessions",
    "revoke_token",
    "rotate_token",
    "set_password",
    "user_of_session",
    "user_of_token",
    "user_within",
]

PASSWORD_MIN_CHARS = 8
PASSWORD_MAX_CHARS = 256
_HASHER = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)
# The hash of a forgotten random text: an unknown name costs the same work as a wrong password.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$9fNlvrmus7JScIePROD8Sw$3GUNVGzIgzzvyX38B6sVw2UtBx0N/0VE3ycyLXiMpkQ"


def create_user(
    operations: Engine, username: str, password: str, *, full_name: str = "", is_staff: bool = False
) -> User:
    """Return a new account.

    Raises
    ------
    Rejected
        ``bad-username``, ``username-taken``, ``bad-password``.
    """
    password_hash = hash_of(password)
    with writing(operations) as connection:
        return insert_user(connection, username, password_hash, full_name=full_name, is_staff=is_staff)


def insert_user(
    connection: Connection, username: str, password_hash: str, *, full_name: str = "", is_staff: bool = False
) -> User:
    """Return a new account, made in a transaction that is under way and cannot go on when it is refused.

    Raises
    ------
    Rejected
        ``bad-username``, ``username-taken``.
    """
    row = {
        "username": clean_username(username),
        "username_key": clean_username(username).casefold(),
        "full_name": full_name.strip(),
        "password_hash": password_hash,
        "is_staff": is_staff,
        "created_mjd": mjd_now(),
    }
    try:
        user_id = connection.execute(insert(users).values(row).returning(users.c.user_id)).scalar_one()
    except IntegrityError as error:
        raise Rejected(
            f"The user name {row['username']} is taken; choose another.", code="username-taken"
        ) from error
    return User(
        user_id=user_id, username=clean_username(username), full_name=full_name.strip(), is_staff=is_staff
    )


def clean_username(username: str) -> str:
    """Return a user name without the blanks around it.

    Raises
    ------
    Rejected
        ``bad-username``.
    """
    if not re.fullmatch(r"[A-Za-z0-9_.@+-]{1,150}", username.strip()):
        raise Rejected(
            "A user name has 1 to 150 letters, digits and _ . @ + - without blanks.", code="bad-username"
        )
    return username.strip()


def check_password(operations: Engine, username: str, password: str) -> User | None:
    """Return the user with this name and password; unknown names cost as much work as wrong passwords."""
    query = select(*USER_COLUMNS, users.c.password_hash).where(
        users.c.username_key == username.strip().casefold(), users.c.is_active
    )
    with reading(operations) as connection:
        row = connection.execute(query).mappings().one_or_none()
    stored = _NOBODY if row is None else row["password_hash"]
    try:
        _HASHER.verify(stored, password[: PASSWORD_MAX_CHARS + 1])
    except VerifyMismatchError:
        return None
    if row is None:
        return None
    if _HASHER.check_needs_rehash(stored):
        _store_password(operations, row["user_id"], _HASHER.hash(password))
    return user_of(row)


def set_password(operations: Engine, user: User, password: str, *, keep: str = "") -> None:
    """Change a password and end every session of the user, but the one that is kept.

    Raises
    ------
    Rejected
        ``bad-password``.
    """
    password_hash = hash_of(password)
    with writing(operations) as connection:
        changed = update(users).where(users.c.user_id == user.user_id).values(password_hash=password_hash)
        connection.execute(changed)
        end_sessions_within(connection, user.user_id, keep=keep)
        about = About(kind="account", number=user.user_id, name=user.username)
        note_change(connection, "password", about, who=user.username, before={}, after={})


def find_user(operations: Engine, username: str) -> User | None:
    """Return the active account with this name, in any case of letters."""
    with reading(operations) as connection:
        return user_within(connection, username)


def user_within(connection: Connection, username: str) -> User | None:
    """Return the active account with this name, read in a transaction that is under way."""
    query = select(*USER_COLUMNS).where(
        users.c.username_key == username.strip().casefold(), users.c.is_active
    )
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else user_of(row)


def full_names(operations: Engine, usernames: Sequence[str]) -> list[str]:
    """Return how people are credited: their full name, or the user name where they gave none."""
    query = select(users.c.username, users.c.full_name).where(users.c.username.in_(usernames))
    with reading(operations) as connection:
        known = {row.username: row.full_name for row in connection.execute(query)}
    return [known.get(username) or username for username in usernames]


def list_users(operations: Engine) -> list[User]:
    """Return every active account by name."""
    with reading(operations) as connection:
        rows = connection.execute(
            select(*USER_COLUMNS).where(users.c.is_active).order_by(users.c.username_key)
        )
        return [user_of(row) for row in rows.mappings()]


def joined_mjd(operations: Engine) -> dict[int, float]:
    """Return when each account was made, by the number of its user."""
    with reading(operations) as connection:
        rows = connection.execute(select(users.c.user_id, users.c.created_mjd))
        return {int(user_id): float(created_mjd) for user_id, created_mjd in rows}


def hash_of(password: str) -> str:
    """Return what is kept of a password.

    Raises
    ------
    Rejected
        ``bad-password``.
    """
    if not PASSWORD_MIN_CHARS <= len(password) <= PASSWORD_MAX_CHARS:
        raise Rejected(
            f"A password has {PASSWORD_MIN_CHARS} to {PASSWORD_MAX_CHARS} characters.", code="bad-password"
        )
    return _HASHER.hash(password)


def _store_password(operations: Engine, user_id: int, password_hash: str) -> None:
    with writing(operations) as connection:
        connection.execute(
            update(users).where(users.c.user_id == user_id).values(password_hash=password_hash)
        )
