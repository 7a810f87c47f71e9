"""Signing in through a service in two steps: between them, a key that is good once and in one browser."""

import secrets
from dataclasses import dataclass

from sqlalchemy import Engine, select

from engine.times import SECONDS_PER_DAY
from lake.operations import reading, users, writing
from lake.people.links import Purpose, about_link, issue_link, take_link
from lake.people.person import USER_COLUMNS, User, user_of

KEPT_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """A sign-in that lacks something still: the key is in the form, the other secret in the browser."""

    key: str
    browser: str


def leave_unfinished(operations: Engine, user: User) -> Unfinished:
    """Return what whoever a service named must bring back within ten minutes."""
    browser = secrets.token_urlsafe(24)  # a new one: what the browser had before, somebody may have planted
    with writing(operations) as connection:
        days = KEPT_S / SECONDS_PER_DAY
        key = issue_link(connection, Purpose.FINISH, days=days, about=user.user_id, browser=browser)
    return Unfinished(key=key, browser=browser)


def who_is_finishing(operations: Engine, unfinished: Unfinished) -> User | None:
    """Return whose sign-in it is; None where it is not this browser's, ran out, or was finished."""
    if not unfinished.browser:
        return None
    with reading(operations) as connection:
        user_id = about_link(connection, Purpose.FINISH, unfinished.key, browser=unfinished.browser)
        query = select(*USER_COLUMNS).where(users.c.user_id == user_id, users.c.is_active)
        row = connection.execute(query).mappings().one_or_none()
    return None if row is None else user_of(row)


def finish(operations: Engine, unfinished: Unfinished) -> bool:
    """Return whether a sign-in is finished now: of two who try at once, one finishes."""
    with writing(operations) as connection:
        key, browser = unfinished.key, unfinished.browser
        return bool(browser) and take_link(connection, Purpose.FINISH, key, browser=browser) is not None
