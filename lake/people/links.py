"""Links that are good once and not for long: to make the first administrator, to confirm an address."""

import secrets
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from engine.times import mjd_now
from lake.people.account_tables import links
from lake.people.hashes import sha256_of


class Purpose(StrEnum):
    """What a link is for; one for something else opens nothing."""

    SET_UP = "set-up"
    SIGN_UP = "sign-up"
    FINISH = "finish"  # a sign-in through a service that lacks something still


def issue_link(
    connection: Connection, purpose: Purpose, *, days: float, about: int = 0, browser: str = ""
) -> str:
    """Return the key of a new link; only its SHA-256 is kept. What ran out is swept away here.

    Parameters
    ----------
    browser
        A secret of the only browser in which the link is good; empty: it is good in any.
    """
    key, now = secrets.token_urlsafe(32), mjd_now()
    connection.execute(delete(links).where(links.c.expires_mjd <= now))
    row = {
        "key_sha256": _hash(key, browser),
        "purpose": purpose.value,
        "about": about,
        "expires_mjd": now + days,
    }
    connection.execute(insert(links).values(row))
    return key


def is_good(connection: Connection, purpose: Purpose, key: str) -> bool:
    """Return whether a link would open something; it stays good."""
    return about_link(connection, purpose, key) is not None


def about_link(connection: Connection, purpose: Purpose, key: str, *, browser: str = "") -> int | None:
    """Return what a link is about, and let it stay good; None where it is not."""
    query = select(links.c.about).where(*_this(purpose, key, browser))
    about: int | None = connection.execute(query).scalar_one_or_none()
    return about


def take_link(connection: Connection, purpose: Purpose, key: str, *, browser: str = "") -> int | None:
    """Return what a link is about and let it never be good again; None where it is not good."""
    about: int | None = connection.execute(
        delete(links).where(*_this(purpose, key, browser)).returning(links.c.about)
    ).scalar_one_or_none()
    return about


def drop_links(connection: Connection, purpose: Purpose) -> None:
    """Let no link of a kind be good any more."""
    connection.execute(delete(links).where(links.c.purpose == purpose.value))


def _this(purpose: Purpose, key: str, browser: str) -> tuple[ColumnElement[bool], ...]:
    return (
        links.c.key_sha256 == _hash(key, browser),
        links.c.purpose == purpose.value,
        links.c.expires_mjd > mjd_now(),
    )


def _hash(key: str, browser: str) -> str:
    return sha256_of(f"{key}\n{browser}" if browser else key)
