"""The second factor: codes of half a minute from a person's device (RFC 6238), and ten to recover with."""

import base64
import re
import secrets
from dataclasses import dataclass, replace

import pyotp
from pyotp.utils import strings_equal
from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from engine.errors import Rejected
from engine.times import datetime_of, mjd_now
from lake.operations import reading, serialised, writing
from lake.people.account_tables import recovery_codes, second_factors
from lake.people.audit import About, note_change
from lake.people.hashes import sha256_of
from lake.people.person import User

RECOVERY_CODES = 10
STEP_S = 30
_ISSUER = "tomlake"
_DRIFT_STEPS = 1  # clocks of devices are off by up to this many half minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """What a person's device is told, shown this once."""

    secret: str
    uri: str


def begin_second_factor(operations: Engine, user: User) -> Enrolment:
    """Return a new secret for a device; it counts once a code of it was given.

    Raises
    ------
    Rejected
        ``second-factor-already``.
    """
    secret = pyotp.random_base32()
    with writing(operations) as connection:
        serialised(connection, f"second factor of {user.user_id}")
        _refuse_second(connection, user)
        connection.execute(delete(second_factors).where(second_factors.c.user_id == user.user_id))
        row = {"user_id": user.user_id, "secret": secret, "made_mjd": mjd_now()}
        connection.execute(insert(second_factors).values(row))
    uri = pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name=_ISSUER)
    return Enrolment(secret=secret, uri=uri)


def confirm_second_factor(operations: Engine, user: User, code: str) -> list[str]:
    """Return ten recovery codes, shown this once; from now on the second factor is asked for.

    Raises
    ------
    Rejected
        ``second-factor-already``; ``wrong-code``: the device shows another one, or none was begun.
    """
    mine = second_factors.c.user_id == user.user_id
    with writing(operations) as connection:
        serialised(connection, f"second factor of {user.user_id}")
        _refuse_second(connection, user)
        if not _takes_step(connection, user, code, is_confirmed=False):
            raise Rejected(
                "This is not the code that the device shows now: check its clock and type the newest code.",
                code="wrong-code",
            )
        connection.execute(update(second_factors).where(mine).values(confirmed_mjd=mjd_now()))
        codes = [_new_code() for _ in range(RECOVERY_CODES)]
        connection.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user.user_id))
        rows = [{"code_sha256": sha256_of(_bare(each)), "user_id": user.user_id} for each in codes]
        connection.execute(insert(recovery_codes), rows)
        _note(connection, "second factor", user, by=user)
    return codes


def has_second_factor(operations: Engine, user: User) -> bool:
    """Return whether a person is asked for a second factor."""
    with reading(operations) as connection:
        return _is_confirmed(connection, user)


def recovery_codes_left(operations: Engine, user: User) -> int:
    """Return how many recovery codes of a person are still good."""
    query = select(func.count()).where(
        recovery_codes.c.user_id == user.user_id, recovery_codes.c.used_mjd.is_(None)
    )
    with reading(operations) as connection:
        return int(connection.execute(query).scalar_one())


def takes_code(operations: Engine, user: User, code: str) -> bool:
    """Return whether a code is good; it is good this once: of the device's, none before it is either."""
    with writing(operations) as connection:
        if _takes_step(connection, user, code, is_confirmed=True):
            return True
        this = (
            recovery_codes.c.user_id == user.user_id,
            recovery_codes.c.code_sha256 == sha256_of(_bare(code)),
            recovery_codes.c.used_mjd.is_(None),
        )
        return (
            connection.execute(update(recovery_codes).where(*this).values(used_mjd=mjd_now())).rowcount == 1
        )


def remove_second_factor(operations: Engine, user: User, *, by: User) -> bool:
    """Return whether a second factor was there and is not asked for any more: one's own, or by staff.

    Raises
    ------
    Rejected
        ``no-right``.
    """
    if by.user_id != user.user_id and not by.is_staff:
        raise Rejected("Only staff may remove somebody else's second factor.", code="no-right")
    with writing(operations) as connection:
        connection.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user.user_id))
        theirs = delete(second_factors).where(second_factors.c.user_id == user.user_id)
        is_gone = connection.execute(theirs).rowcount > 0
        if is_gone:
            _note(connection, "second factor gone", user, by=by)
    return is_gone


def acting(operations: Engine, user: User | None, *, is_required_of_staff: bool) -> User | None:
    """Return a person as they may act: staff who lack the second factor they need are nobody special."""
    if user is None or not (user.is_staff and is_required_of_staff) or has_second_factor(operations, user):
        return user
    return replace(user, is_staff=False)


def _is_confirmed(connection: Connection, user: User) -> bool:
    query = select(second_factors.c.user_id).where(
        second_factors.c.user_id == user.user_id, second_factors.c.confirmed_mjd.is_not(None)
    )
    return connection.execute(query).first() is not None


def _refuse_second(connection: Connection, user: User) -> None:
    if _is_confirmed(connection, user):
        raise Rejected(
            "Your second factor is set up already; remove it first to set up another device.",
            code="second-factor-already",
        )


def _takes_step(connection: Connection, user: User, code: str, *, is_confirmed: bool) -> bool:
    mine, confirmed_mjd = second_factors.c.user_id == user.user_id, second_factors.c.confirmed_mjd
    row = connection.execute(select(second_factors.c.secret, confirmed_mjd).where(mine)).one_or_none()
    if row is None or (row.confirmed_mjd is not None) != is_confirmed:
        return False
    step = _step_of(row.secret, _bare(code))
    # compared and set in one statement, so that of two sign-ins with one code at once only one gets in
    newer = update(second_factors).where(mine, second_factors.c.last_step < step).values(last_step=step)
    return step > 0 and connection.execute(newer).rowcount == 1


def _step_of(secret: str, code: str) -> int:
    """Return the half minute of a code that is good about now, or 0."""
    device = pyotp.TOTP(secret, interval=STEP_S)
    now = int(datetime_of(mjd_now()).timestamp()) // STEP_S
    steps = range(now - _DRIFT_STEPS, now + _DRIFT_STEPS + 1)
    right = [step for step in steps if strings_equal(device.generate_otp(step), code)]
    return max(right, default=0)


def _new_code() -> str:
    """Return 80 random bits, so that the kept SHA-256 tells nothing."""
    letters = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(letters[start : start + 4] for start in range(0, 16, 4))


def _bare(code: str) -> str:
    return re.sub(r"[\s-]", "", code[:100]).lower()


def _note(connection: Connection, deed: str, user: User, *, by: User) -> None:
    about = About(kind="account", number=user.user_id, name=user.username)
    note_change(connection, deed, about, who=by.username, before={}, after={})
