"""Sessions of browsers: how one is opened, seen, and ended, alone or with all others of its owner."""

import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, insert, select, update

from engine.times import SECONDS_PER_DAY, mjd_now
from lake.operations import reading, sessions, users, writing
from lake.people.hashes import sha256_of
from lake.people.person import USER_COLUMNS, User, user_of

SESSION_DAYS = 14.0
BROWSER_MAX_CHARS = 300
HANDLE_CHARS = 16  # of the hash of a session, by which its owner names it: no way back to the session
_USED_STEP_D = 60.0 / SECONDS_PER_DAY  # "last used" is written at most once a minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a person may see of one of their sessions."""

    handle: str
    browser: str
    address: str
    created_mjd: float
    last_used_mjd: float
    is_this: bool


def open_session(
    operations: Engine, user: User, *, days: float = SESSION_DAYS, address: str = "", browser: str = ""
) -> str:
    """Return the id of a new browser session; only its SHA-256 is kept."""
    session_id = secrets.token_urlsafe(32)
    now = mjd_now()
    row = {
        "session_sha256": sha256_of(session_id),
        "user_id": user.user_id,
        "created_mjd": now,
        "expires_mjd": now + days,
        "address": address,
        "browser": browser[:BROWSER_MAX_CHARS],
        "last_used_mjd": now,
    }
    with writing(operations) as connection:
        connection.execute(insert(sessions).values(row))
    return session_id


def user_of_session(operations: Engine, session_id: str) -> User | None:
    """Return who is signed in with this session; None when it ended."""
    now, this = mjd_now(), sessions.c.session_sha256 == sha256_of(session_id)
    query = (
        select(*USER_COLUMNS, sessions.c.last_used_mjd)
        .join_from(sessions, users)
        .where(this, sessions.c.expires_mjd > now, users.c.is_active)
    )
    with reading(operations) as connection:
        row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    if now - (row["last_used_mjd"] or 0.0) > _USED_STEP_D:
        with writing(operations) as connection:
            connection.execute(update(sessions).where(this).values(last_used_mjd=now))
    return user_of(row)


def close_session(operations: Engine, session_id: str) -> None:
    """End a session; an unknown one is no error."""
    with writing(operations) as connection:
        connection.execute(delete(sessions).where(sessions.c.session_sha256 == sha256_of(session_id)))


def list_sessions(operations: Engine, user: User, *, this: str = "") -> list[Session]:
    """Return a person's open sessions, the last used first; ``this`` is the one that asks."""
    query = select(sessions).where(sessions.c.user_id == user.user_id, sessions.c.expires_mjd > mjd_now())
    with reading(operations) as connection:
        rows = connection.execute(query).mappings().all()
    listed = [
        Session(
            handle=row["session_sha256"][:HANDLE_CHARS],
            browser=row["browser"],
            address=row["address"],
            created_mjd=row["created_mjd"],
            last_used_mjd=row["last_used_mjd"] or row["created_mjd"],
            is_this=row["session_sha256"] == sha256_of(this),
        )
        for row in rows
    ]
    return sorted(listed, key=lambda each: (not each.is_this, -each.last_used_mjd))


def revoke_session(operations: Engine, user: User, handle: str) -> bool:
    """Return whether one of a person's own sessions was ended now."""
    if len(handle) != HANDLE_CHARS:
        return False
    theirs = (
        sessions.c.user_id == user.user_id,
        sessions.c.session_sha256.startswith(handle, autoescape=True),
    )
    with writing(operations) as connection:
        return connection.execute(delete(sessions).where(*theirs)).rowcount > 0


def end_other_sessions(operations: Engine, user: User, *, keep: str = "") -> int:
    """Return how many sessions of a person were ended: all but ``keep``."""
    with writing(operations) as connection:
        return end_sessions_within(connection, user.user_id, keep=keep)


def end_sessions_within(connection: Connection, user_id: int, *, keep: str = "") -> int:
    """Return how many sessions were ended, in a transaction that is under way."""
    others = (sessions.c.user_id == user_id, sessions.c.session_sha256 != sha256_of(keep))
    return connection.execute(delete(sessions).where(*others)).rowcount


def remove_expired_sessions(operations: Engine) -> int:
    """Return how many sessions had run out and were removed."""
    with writing(operations) as connection:
        return connection.execute(delete(sessions).where(sessions.c.expires_mjd <= mjd_now())).rowcount
