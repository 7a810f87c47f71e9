"""Who somebody is at another service, and whose account that is here.

An account belongs to an identity because its owner linked it, never because an e-mail address is the same.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from sqlalchemy import Connection, Engine, delete, insert, select

from engine.errors import Rejected
from engine.times import mjd_now
from lake.operations import reading, serialised, users, writing
from lake.people.audit import About, note_change
from lake.people.identity_tables import identities
from lake.people.person import USER_COLUMNS, User, user_of

# The hash of a forgotten random text: nobody can sign in with a password until one is set.
NO_PASSWORD = (
    "$argon2id$v=19$m=65536,t=3,p=4$KFeGlMuDw/k+Z6eFD7iYLQ$07yGv4vhyP6ddG7p9V5bnAkyuW7puQCw3BKEeDfeJ8k"  # noqa: S105 - no password has it
)
USERNAME_MAX_CHARS = 100
FULL_NAME_MAX_CHARS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a service says of somebody, once its signature was checked."""

    provider: str  # its issuer
    subject: str  # who it is there, for ever
    username: str = ""  # what the person is called there
    full_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """One way in which somebody may sign in."""

    identity_id: int
    provider: str
    subject: str
    made_mjd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Whose account an identity is."""

    user: User
    is_active: bool  # not: it waits for approval, or was closed
    is_new: bool = False


def account_of(operations: Engine, identity: Identity, *, signed_in: User | None) -> Found:
    """Return the account of an identity: its own; else that of who is signed in; else a new one, waiting.

    Raises
    ------
    Rejected
        ``identity-taken``: it belongs to another account than that of who is signed in.
    """
    with writing(operations) as connection:
        serialised(connection, "identities")
        present = _present(connection, identity)
        if present is not None:
            if signed_in is not None and present.user.user_id != signed_in.user_id:
                raise Rejected(
                    "Another account has this identity: sign in to it and unlink it there first.",
                    code="identity-taken",
                )
            return present
        user = signed_in or _new_account(connection, identity)
        _link(connection, identity, user)
        return Found(user=user, is_active=signed_in is not None, is_new=signed_in is None)


def identities_of(operations: Engine, user: User) -> list[Linked]:
    """Return the ways in which somebody may sign in beside their password."""
    columns = [identities.c[name] for name in ("identity_id", "provider", "subject", "made_mjd")]
    query = select(*columns).where(identities.c.user_id == user.user_id).order_by(identities.c.identity_id)
    with reading(operations) as connection:
        return [Linked(**row) for row in connection.execute(query).mappings()]


def unlink(operations: Engine, user: User, identity_id: int) -> None:
    """Take an identity from an account.

    Raises
    ------
    Rejected
        ``unknown-identity``: the account has no such one; ``no-password``: nobody could sign in afterwards.
    """
    this = (identities.c.identity_id == identity_id, identities.c.user_id == user.user_id)
    with writing(operations) as connection:
        if not _has_password(connection, user):
            raise Rejected(
                "Set a password first: without one you could not sign in any more.", code="no-password"
            )
        query = delete(identities).where(*this).returning(identities.c.provider)
        provider = connection.execute(query).scalar_one_or_none()
        if provider is None:
            raise Rejected("Your account has no such link.", code="unknown-identity")
        _note(connection, "unlinked", user, before={"provider": provider}, after={})


def _present(connection: Connection, identity: Identity) -> Found | None:
    query = (
        select(*USER_COLUMNS, users.c.is_active)
        .join_from(identities, users)
        .where(identities.c.provider == identity.provider, identities.c.subject == identity.subject)
    )
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else Found(user=user_of(row), is_active=row["is_active"])


def _new_account(connection: Connection, identity: Identity) -> User:
    """Return an account without a password that waits for approval; its name is nobody else's."""
    names = _usernames(identity)
    username = next(name for name in names if not _is_taken(connection, name))
    full_name = "".join(char for char in identity.full_name if char.isprintable())[:FULL_NAME_MAX_CHARS]
    row = {
        "username": username,
        "username_key": username.casefold(),
        "full_name": full_name.strip(),
        "password_hash": NO_PASSWORD,
        "is_active": False,
        "created_mjd": mjd_now(),
    }
    user_id = connection.execute(insert(users).values(row).returning(users.c.user_id)).scalar_one()
    user = User(user_id=user_id, username=username, full_name=full_name.strip())
    _note(connection, "made", user, before={}, after={"username": username, "is_active": False})
    return user


def _usernames(identity: Identity) -> Iterator[str]:
    """Give names for an account, the likeliest first; they never end."""
    told = identity.username.partition("@")[0] or identity.full_name.lower() or identity.subject
    plain = unicodedata.normalize("NFKD", told).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9_.-]+", ".", plain).strip(".")[:USERNAME_MAX_CHARS] or "somebody"
    yield name
    yield from (f"{name}{number}" for number in count(2))


def _is_taken(connection: Connection, username: str) -> bool:
    query = select(users.c.user_id).where(users.c.username_key == username.casefold())
    return connection.execute(query).first() is not None


def _link(connection: Connection, identity: Identity, user: User) -> None:
    row = {
        "provider": identity.provider,
        "subject": identity.subject,
        "user_id": user.user_id,
        "made_mjd": mjd_now(),
    }
    connection.execute(insert(identities).values(row))
    _note(connection, "linked", user, before={}, after={"provider": identity.provider})


def _has_password(connection: Connection, user: User) -> bool:
    query = select(users.c.password_hash).where(users.c.user_id == user.user_id)
    return connection.execute(query).scalar_one_or_none() not in {None, "", NO_PASSWORD}


def _note(
    connection: Connection, deed: str, user: User, *, before: dict[str, object], after: dict[str, object]
) -> None:
    about = About(kind="user", number=user.user_id, name=user.username)
    note_change(connection, deed, about, who=user.username, before=before, after=after)
