"""Asking for an account, and what staff say to it.

Whether a name or an address is known already is told to staff alone: who asks gets the same words for
any of them, after the same work.
"""

from dataclasses import dataclass, fields
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, delete, func, insert, select, update

from engine.errors import Rejected
from engine.times import mjd_now
from lake.notices.telling import tell_of_approval, tell_staff
from lake.operations import reading, users, writing
from lake.people.account_tables import sign_ups
from lake.people.accounts import clean_username, hash_of, insert_user
from lake.people.audit import About, note_change
from lake.people.identity_tables import identities
from lake.people.links import Purpose, issue_link, take_link
from lake.people.mail import can_mail, send_mail
from lake.people.newcomers import CONFIRM_DAYS, NO_PASSWORD, let_newcomer_in, make_room, send_newcomer_away
from lake.people.person import User
from lake.people.profile import Profile, clean_email, clean_line, put_profile
from lake.people.terms import current_terms, put_accepted
from lake.settings import Settings, SignUp


class Next(StrEnum):
    """What happens after somebody asked; it hangs on the settings alone, never on who asked for what."""

    CONFIRM = "confirm"  # they open the link in their mail
    WAIT = "wait"  # staff look at it
    TRY = "try"  # they may sign in, unless something stands against it: then staff look at it


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What somebody tells who asks for an account."""

    username: str
    password: str
    full_name: str = ""
    affiliation: str = ""
    email: str = ""
    note: str = ""  # to staff
    terms: str = ""  # the version that they accept


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingAccount:
    """What staff see of somebody who waits for an account."""

    sign_up_id: int
    username: str
    full_name: str
    affiliation: str
    email: str
    note: str
    asked_mjd: float
    is_name_taken: bool
    provider: str = ""  # the service through which they came; empty: they asked with a password
    subject: str = ""  # who they are there


def ask_for_account(operations: Engine, settings: Settings, asked: Request) -> Next:
    """Return what happens next to somebody who asks for an account.

    Raises
    ------
    Rejected
        ``sign-up-closed``, ``sign-up-full``, ``terms-not-accepted``; ``bad-username``, ``bad-password``,
        ``bad-email``, ``bad-profile``: they can be told without looking at anybody else.
    Transient
        ``no-mail``.
    """
    if settings.sign_up == SignUp.CLOSED:
        raise Rejected("Accounts are made by staff here: ask them for one.", code="sign-up-closed")
    row = _clean(settings, asked) | {"is_ready": not can_mail(settings), "asked_mjd": mjd_now()}
    with writing(operations) as connection:
        make_room(connection)
        made = insert(sign_ups).values(row).returning(sign_ups.c.sign_up_id)
        sign_up_id = int(connection.execute(made).scalar_one())
        if can_mail(settings):
            key = issue_link(connection, Purpose.SIGN_UP, days=CONFIRM_DAYS, about=sign_up_id)
        else:
            _open_or_wait(connection, settings, sign_up_id)
    if can_mail(settings):
        text = _MAIL.format(url=settings.public_url, key=key)
        send_mail(settings, to=str(row["email"]), subject="Your account at tomlake", text=text)
        return Next.CONFIRM
    return _after(settings)


def confirm_email(operations: Engine, settings: Settings, key: str) -> Next:
    """Return what happens next to somebody who opened the link in their mail.

    Raises
    ------
    Rejected
        ``link-gone``: the link was used, ran out, or never was.
    """
    with writing(operations) as connection:
        sign_up_id = take_link(connection, Purpose.SIGN_UP, key)
        this = sign_ups.c.sign_up_id == sign_up_id
        if (
            sign_up_id is None
            or not connection.execute(update(sign_ups).where(this).values(is_ready=True)).rowcount
        ):
            raise Rejected(
                "This link was used already or ran out: ask for an account again.", code="link-gone"
            )
        _open_or_wait(connection, settings, sign_up_id)
    return _after(settings)


def waiting_accounts(operations: Engine, *, by: User) -> list[WaitingAccount]:
    """Return who waits for an account, the longest first, for staff.

    Raises
    ------
    Rejected
        ``no-right``.
    """
    _check_staff(by)
    name = sign_ups.c.username
    is_newcomer = sign_ups.c.password_hash == NO_PASSWORD
    same = select(users.c.user_id).where(users.c.username_key == func.lower(name)).correlate(sign_ups)
    taken = same.exists() & ~is_newcomer
    columns = (sign_ups, taken.label("is_name_taken"), _or_empty("provider"), _or_empty("subject"))
    account = sign_ups.outerjoin(users, (users.c.username == name) & is_newcomer)
    query = select(*columns).select_from(account.outerjoin(identities)).where(sign_ups.c.is_ready)
    with reading(operations) as connection:
        rows = connection.execute(query.order_by(sign_ups.c.sign_up_id)).mappings()
        return [
            WaitingAccount(**{each.name: row[each.name] for each in fields(WaitingAccount)}) for row in rows
        ]


def approve_account(operations: Engine, sign_up_id: int, *, by: User, username: str = "") -> User:
    """Return the account that was made of a request, under its name or under another one.

    Raises
    ------
    Rejected
        ``no-right``, ``unknown-sign-up``, ``username-taken``, ``bad-username``.
    """
    _check_staff(by)
    with writing(operations) as connection:
        row = _take(connection, sign_up_id)
        decide = let_newcomer_in if row["password_hash"] == NO_PASSWORD else _make
        user = decide(connection, row, username=username or row["username"])
        about = About(kind="account", number=user.user_id, name=user.username)
        note_change(connection, "approved", about, who=by.username, before={}, after={})
        tell_of_approval(connection, [user.user_id])
    return user


def refuse_account(operations: Engine, sign_up_id: int, *, by: User) -> None:
    """Drop a request, with all that was told in it, and who its owner is at a service.

    Raises
    ------
    Rejected
        ``no-right``, ``unknown-sign-up``.
    """
    _check_staff(by)
    with writing(operations) as connection:
        row = _take(connection, sign_up_id)
        if row["password_hash"] == NO_PASSWORD:
            send_newcomer_away(connection, row)
        about = About(kind="sign-up", number=sign_up_id, name=row["username"])
        note_change(connection, "refused", about, who=by.username, before={}, after={})


def _clean(settings: Settings, asked: Request) -> dict[str, object]:
    terms = current_terms(settings)
    if terms is not None and asked.terms != terms.version:
        raise Rejected("Read and accept the terms of use first.", code="terms-not-accepted")
    email = clean_email(asked.email)
    if can_mail(settings) and not email:
        raise Rejected("Write your e-mail address: a link is sent there.", code="bad-email")
    return {
        "username": clean_username(asked.username),
        "full_name": clean_line(asked.full_name),
        "affiliation": clean_line(asked.affiliation),
        "email": email,
        "note": clean_line(asked.note),
        "password_hash": hash_of(asked.password),
        "terms": terms.version if terms else "",
        "terms_sha256": terms.text_sha256 if terms else "",
    }


def _open_or_wait(connection: Connection, settings: Settings, sign_up_id: int) -> None:
    """Make an account of a request where everybody gets one; otherwise, or if its name is taken, it waits."""
    row = connection.execute(select(sign_ups).where(sign_ups.c.sign_up_id == sign_up_id)).mappings().one()
    same = select(users.c.user_id).where(users.c.username_key == row["username"].casefold())
    if settings.sign_up == SignUp.OPEN and connection.execute(same).first() is None:
        _make(connection, _take(connection, sign_up_id), username=row["username"])
    else:
        tell_staff(connection, sign_up_id, row["username"])


def _take(connection: Connection, sign_up_id: int) -> RowMapping:
    """Return a request that waits and remove it: of two who decide at once, only one does."""
    this = (sign_ups.c.sign_up_id == sign_up_id, sign_ups.c.is_ready)
    row = connection.execute(delete(sign_ups).where(*this).returning(*sign_ups.c)).mappings().one_or_none()
    if row is None:
        raise Rejected(
            f"Nobody waits under number {sign_up_id}: look at the list again.", code="unknown-sign-up"
        )
    return row


def _or_empty(column: str) -> ColumnElement[str]:
    return func.coalesce(identities.c[column], "").label(column)


def _make(connection: Connection, row: RowMapping, *, username: str) -> User:
    user = insert_user(connection, username, row["password_hash"], full_name=row["full_name"])
    told = Profile(affiliation=row["affiliation"], email=row["email"])
    put_profile(connection, user.user_id, told)
    if row["terms"]:
        put_accepted(connection, user.user_id, version=row["terms"], text_sha256=row["terms_sha256"])
    return user


def _after(settings: Settings) -> Next:
    return Next.TRY if settings.sign_up == SignUp.OPEN else Next.WAIT


def _check_staff(by: User) -> None:
    if not by.is_staff:
        raise Rejected("Only staff may look at who asks for an account.", code="no-right")


_MAIL = """Somebody, we hope you, asked for an account with this address.

To go on, open this link within two days and press the button there:
{url}/sign_up?key={key}

If it was not you, do nothing: without the link nothing happens.
"""
