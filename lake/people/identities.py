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
from lake.people.newcomers import NO_PASSWORD, add_newcomer
from lake.people.person import USER_COLUMNS, User, user_of
from lake.settings import SignUp

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


def account_of(
    operations: Engine, identity: Identity, *, signed_in: User | None, sign_up: SignUp = SignUp.APPROVED
) -> Found:
    """Return the account of an identity: its own; else that of who is signed in; else a new one.

    Whether a new one is made, and waits for staff, is as for everybody who signs up.

    Raises
    ------
    Rejected
        ``identity-taken``: it belongs to another account than that of who is signed in;
        ``sign-up-closed``, ``sign-up-full``: there is no account, and none is made.
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
        user = signed_in or add_newcomer(
            connection, _usernames(identity), _full_name(identity), sign_up=sign_up
        )
        _link(connection, identity, user)
        is_active = signed_in is not None or sign_up == SignUp.OPEN
        return Found(user=user, is_active=is_active, is_new=signed_in is None)


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


def _full_name(identity: Identity) -> str:
    return "".join(char for char in identity.full_name if char.isprintable())[:FULL_NAME_MAX_CHARS].strip()


def _usernames(identity: Identity) -> Iterator[str]:
    """Give names for an account, the likeliest first; they never end."""
    told = identity.username.partition("@")[0] or identity.full_name.lower() or identity.subject
    plain = unicodedata.normalize("NFKD", told).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9_.-]+", ".", plain).strip(".")[:USERNAME_MAX_CHARS] or "somebody"
    yield name
    yield from (f"{name}{number}" for number in count(2))


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
