"""Tokens: how programs act in a person's name, what each may do, and how one ends."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import Connection, Engine, insert, or_, select, update

from engine.errors import Rejected
from engine.times import SECONDS_PER_DAY, mjd_now
from lake.operations import reading, tokens, users, writing
from lake.people.audit import About, note_change
from lake.people.hashes import sha256_of
from lake.people.person import USER_COLUMNS, User, user_of

TOKEN_PREFIX = "tl_"  # noqa: S105 - it makes tokens findable, it is not one
NAME_MAX_CHARS = 100
DAYS_MAX = 3660.0
_BEARER_COLUMNS = ("token_id", "last_used_mjd", "scopes", "expires_mjd")
_SHOWN_CHARS = 8  # of a token in lists: its prefix and five more, of 46
_USED_STEP_D = 60.0 / SECONDS_PER_DAY  # "last used" is written at most once a minute


class Scope(StrEnum):
    """What a token may be used for."""

    READ = "read"
    UPLOAD = "upload"
    WRITE = "write"  # change targets, observatories and the like
    ADMIN = "admin"  # use what its owner may do as staff


ALL_SCOPES = tuple(Scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a person may see of one of their tokens; the secret is shown once, when it is made."""

    token_id: int
    name: str
    prefix: str
    created_mjd: float
    last_used_mjd: float | None
    expires_mjd: float | None = None
    scopes: tuple[Scope, ...] = ALL_SCOPES


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """Who sent a token, and what it lets them do."""

    user: User
    token_id: int
    scopes: frozenset[Scope]
    expires_mjd: float | None = None  # for who remembers it


def issue_token(
    operations: Engine,
    user: User,
    *,
    name: str,
    scopes: Iterable[Scope] = ALL_SCOPES,
    days: float | None = None,
) -> str:
    """Return a new token of a user, shown this once; only its SHA-256 is kept.

    Parameters
    ----------
    days
        How long it is valid; None: until it is revoked, as BHTOM's are.

    Raises
    ------
    Rejected
        ``bad-token``: it may do nothing, or is valid for less than no time or more than ten years.
    """
    with writing(operations) as connection:
        secret = _issue(connection, user.user_id, name=name, scopes=tuple(scopes), days=days)
        _note(connection, "made", user, secret)
        return secret


def bearer_of(operations: Engine, token: str) -> Bearer | None:
    """Return who sent this token; None for a wrong, expired or revoked one, or one of a closed account.

    Without the scope ``admin`` a member of staff is nobody special.
    """
    now = mjd_now()
    query = (
        select(*USER_COLUMNS, *(tokens.c[name] for name in _BEARER_COLUMNS))
        .join_from(tokens, users)
        .where(
            tokens.c.secret_sha256 == sha256_of(token.strip()),
            tokens.c.revoked_mjd.is_(None),
            or_(tokens.c.expires_mjd.is_(None), tokens.c.expires_mjd > now),
            users.c.is_active,
        )
    )
    with reading(operations) as connection:
        row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    if row["last_used_mjd"] is None or now - row["last_used_mjd"] > _USED_STEP_D:
        with writing(operations) as connection:
            used = update(tokens).where(tokens.c.token_id == row["token_id"]).values(last_used_mjd=now)
            connection.execute(used)
    user, scopes = user_of(row), frozenset(Scope(scope) for scope in row["scopes"])
    acting = user if Scope.ADMIN in scopes else replace(user, is_staff=False)
    expires_mjd = row["expires_mjd"]
    return Bearer(user=acting, token_id=row["token_id"], scopes=scopes, expires_mjd=expires_mjd)


def user_of_token(operations: Engine, token: str) -> User | None:
    """Return whose token this is; None for a wrong, expired or revoked one."""
    bearer = bearer_of(operations, token)
    return None if bearer is None else bearer.user


def list_tokens(operations: Engine, user: User) -> list[Token]:
    """Return a user's tokens that were not revoked, newest first; expired ones as well, to be renewed."""
    columns = ("token_id", "name", "prefix", "created_mjd", "last_used_mjd", "expires_mjd", "scopes")
    query = select(*(tokens.c[column] for column in columns)).where(
        tokens.c.user_id == user.user_id, tokens.c.revoked_mjd.is_(None)
    )
    with reading(operations) as connection:
        rows = connection.execute(query.order_by(tokens.c.token_id.desc())).mappings()
        return [Token(**{**row, "scopes": tuple(map(Scope, row["scopes"]))}) for row in rows]


def revoke_token(operations: Engine, user: User, token_id: int) -> bool:
    """Return whether a token of this user was revoked now; it is refused from its next use on."""
    with writing(operations) as connection:
        prefix = connection.execute(select(tokens.c.prefix).where(tokens.c.token_id == token_id)).scalar()
        is_revoked = _revoke(connection, user, token_id)
        if is_revoked:
            _note(connection, "revoked", user, prefix or "")
        return is_revoked


def rotate_token(operations: Engine, user: User, token_id: int) -> str:
    """Return a new secret in place of a token's: same name, scopes and length of life; the old one ends.

    Raises
    ------
    Rejected
        ``unknown-token``: this user has no such token, or it was revoked.
    """
    with writing(operations) as connection:
        query = select(tokens).where(tokens.c.token_id == token_id, tokens.c.user_id == user.user_id)
        row = connection.execute(query).mappings().one_or_none()
        if row is None or not _revoke(connection, user, token_id):
            raise Rejected("You have no such token; make a new one.", code="unknown-token")
        days = None if row["expires_mjd"] is None else row["expires_mjd"] - row["created_mjd"]
        days = None if days is None else min(max(days, _USED_STEP_D), DAYS_MAX)  # rounded, as a difference is
        scopes = tuple(map(Scope, row["scopes"]))
        secret = _issue(connection, user.user_id, name=row["name"], scopes=scopes, days=days)
        _note(connection, f"renewed {row['prefix']}", user, secret)
        return secret


def _issue(
    connection: Connection, user_id: int, *, name: str, scopes: tuple[Scope, ...], days: float | None
) -> str:
    if not scopes:
        raise Rejected("Say what the token may do: read, upload, write or admin.", code="bad-token")
    if days is not None and not 0 < days <= DAYS_MAX:
        raise Rejected(f"A token is valid for up to {DAYS_MAX:.0f} days.", code="bad-token")
    secret, now = TOKEN_PREFIX + secrets.token_urlsafe(32), mjd_now()
    row = {
        "user_id": user_id,
        "name": name.strip()[:NAME_MAX_CHARS],
        "prefix": secret[:_SHOWN_CHARS],
        "secret_sha256": sha256_of(secret),
        "scopes": [scope.value for scope in Scope if scope in scopes],
        "created_mjd": now,
        "expires_mjd": None if days is None else now + days,
    }
    connection.execute(insert(tokens).values(row))
    return secret


def _note(connection: Connection, deed: str, user: User, secret: str) -> None:
    """Note what became of a token, which the log names by how it begins."""
    this = (tokens.c.user_id == user.user_id, tokens.c.prefix == secret[:_SHOWN_CHARS])
    query = select(tokens).where(*this).order_by(tokens.c.token_id.desc()).limit(1)
    row = connection.execute(query).mappings().one()
    about = About(kind="token", number=row["token_id"], name=row["prefix"])
    after = {name: row[name] for name in ("name", "scopes", "expires_mjd")} if deed != "revoked" else {}
    note_change(connection, deed, about, who=user.username, before={}, after=after)


def _revoke(connection: Connection, user: User, token_id: int) -> bool:
    revoked = update(tokens).where(
        tokens.c.token_id == token_id, tokens.c.user_id == user.user_id, tokens.c.revoked_mjd.is_(None)
    )
    return connection.execute(revoked.values(revoked_mjd=mjd_now())).rowcount == 1
