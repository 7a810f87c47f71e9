"""What people say of themselves: how they are credited, and the address that only they see."""

import re
from dataclasses import dataclass, fields

from sqlalchemy import Connection, Engine, delete, insert, select, update

from engine.errors import Rejected
from lake.operations import reading, serialised, users, writing
from lake.people.account_tables import profiles
from lake.people.audit import About, note_change
from lake.people.person import User

TEXT_MAX_CHARS = 300
EMAIL_MAX_CHARS = 254  # RFC 5321
_ORCID = re.compile(r"(\d{4})-?(\d{4})-?(\d{4})-?(\d{3}[\dX])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How somebody wants to be credited and reached."""

    full_name: str = ""
    affiliation: str = ""
    orcid: str = ""
    latex_name: str = ""
    email: str = ""  # for its owner alone


def profile_of(operations: Engine, user: User) -> Profile:
    """Return what a person says of themselves; for nobody else's eyes, as it has the address."""
    query = (
        select(users.c.full_name, *(profiles.c[name] for name in _BESIDE))
        .join_from(users, profiles, isouter=True)
        .where(users.c.user_id == user.user_id)
    )
    with reading(operations) as connection:
        row = connection.execute(query).mappings().one_or_none()
    return Profile(**{name: text or "" for name, text in row.items()}) if row else Profile()


def change_profile(operations: Engine, user: User, profile: Profile) -> Profile:
    """Return what is kept of what a person says now.

    Raises
    ------
    Rejected
        ``bad-profile``, ``bad-orcid``, ``bad-email``.
    """
    clean = clean_profile(profile)
    with writing(operations) as connection:
        mine = users.c.user_id == user.user_id
        before = connection.execute(select(users.c.full_name).where(mine)).scalar_one()
        connection.execute(update(users).where(mine).values(full_name=clean.full_name))
        put_profile(connection, user.user_id, clean)
        if before != clean.full_name:  # it is what others see: the rest is nobody else's business
            about = About(kind="account", number=user.user_id, name=user.username)
            names = {"before": {"full_name": before}, "after": {"full_name": clean.full_name}}
            note_change(connection, "full name", about, who=user.username, **names)
    return clean


def put_profile(connection: Connection, user_id: int, clean: Profile) -> None:
    """Keep what a person says, in a transaction that is under way; the name is with the account."""
    row = {name: getattr(clean, name) for name in _BESIDE} | {"user_id": user_id}
    serialised(connection, f"profile of {user_id}")
    connection.execute(delete(profiles).where(profiles.c.user_id == user_id))
    connection.execute(insert(profiles).values(row))


def clean_profile(profile: Profile) -> Profile:
    """Return a profile as it is kept.

    Raises
    ------
    Rejected
        ``bad-profile``, ``bad-orcid``, ``bad-email``.
    """
    return Profile(
        full_name=clean_line(profile.full_name),
        affiliation=clean_line(profile.affiliation),
        orcid=clean_orcid(profile.orcid),
        latex_name=clean_line(profile.latex_name),
        email=clean_email(profile.email),
    )


def clean_line(text: str) -> str:
    """Return one line of text without blanks round it.

    Raises
    ------
    Rejected
        ``bad-profile``: it is longer than a line or holds what cannot be printed.
    """
    line = " ".join(text.split())
    if len(line) > TEXT_MAX_CHARS or not line.isprintable():
        raise Rejected(f"Write at most {TEXT_MAX_CHARS} printable characters.", code="bad-profile")
    return line


def clean_orcid(text: str) -> str:
    """Return an ORCID iD as 0000-0000-0000-000X, whichever way it was written; nothing for nothing.

    Raises
    ------
    Rejected
        ``bad-orcid``: it is none, or its check digit (ISO 7064, MOD 11-2) is wrong.
    """
    bare = re.sub(r"^https?://orcid\.org/", "", text.strip(), flags=re.IGNORECASE).upper()
    if not bare:
        return ""
    parts = _ORCID.fullmatch(bare) if bare.isascii() else None
    if parts is None or check_digit("".join(parts.groups())[:15]) != bare[-1]:
        raise Rejected("This is no ORCID iD: copy it whole, such as 0000-0002-1825-0097.", code="bad-orcid")
    return "-".join(parts.groups())


def check_digit(digits: str) -> str:
    """Return the last sign of an ORCID iD that begins with these fifteen digits."""
    total = 0
    for digit in digits:
        total = (total + int(digit)) * 2
    rest = (12 - total % 11) % 11
    return "X" if rest == 10 else str(rest)


def clean_email(text: str) -> str:
    """Return an e-mail address that a header can hold; nothing for nothing.

    Raises
    ------
    Rejected
        ``bad-email``.
    """
    address = text.strip()
    is_like_one = re.fullmatch(r"[!-?A-~]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", address)
    if address and (not is_like_one or len(address) > EMAIL_MAX_CHARS or set(address) & set('<>()[]\\,;:"')):
        raise Rejected("Write an e-mail address such as ada@example.org.", code="bad-email")
    return address


_BESIDE = tuple(field.name for field in fields(Profile) if field.name != "full_name")
