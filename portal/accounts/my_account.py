"""What people change of their own account; whatever is worth stealing asks for the password again."""

import threading

import polars as pl
import segno

from engine.errors import Rejected, Transient
from engine.times import datetime_of
from lake.people.accounts import User, check_password, set_password
from lake.people.audit import own_downloads
from lake.people.departure import delete_account
from lake.people.newcomers import lacks_password, set_first_password
from lake.people.profile import Profile, change_profile, profile_of
from lake.people.second_factor import (
    Enrolment,
    begin_second_factor,
    confirm_second_factor,
    has_second_factor,
    recovery_codes_left,
    remove_second_factor,
    takes_code,
)
from lake.people.sessions import Session, end_other_sessions, list_sessions, revoke_session
from portal.opened import lake, settings
from portal.security.throttle import Throttle
from portal.words import _

ATTEMPTS, WINDOW_S = 8, 300.0
_PROOFS = Throttle(attempts=ATTEMPTS, window_s=WINDOW_S)  # of one person, from wherever
_HASHING = threading.BoundedSemaphore(2)  # each hash takes 64 MB
_BROWSERS = {"Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
_SYSTEMS = {
    "iPhone": "iPhone", "iPad": "iPad", "Android": "Android", "Windows": "Windows", "Mac OS": "macOS",
    "Linux": "Linux",
}  # fmt: skip


def own_profile(user: User) -> Profile:
    """Return what somebody says of themselves."""
    return profile_of(lake().operations, user)


def keep_profile(user: User, fields: dict[str, str]) -> None:
    """Keep what somebody says of themselves."""
    change_profile(lake().operations, user, Profile(**fields))


def new_password(user: User, old: str, new: str, *, this: str) -> None:
    """Change a password; every other session ends."""
    _prove(user, old)
    with _HASHING:
        set_password(lake().operations, user, new, keep=this)


def has_no_password(user: User) -> bool:
    """Return whether somebody came through a service and never set a password."""
    return lacks_password(lake().operations, user)


def first_password(user: User, new: str, *, this: str) -> None:
    """Set the first password of an account, from a session that was opened just now."""
    _slow_down(user)
    with _HASHING:
        set_first_password(lake().operations, user, new, this=this)


def is_guarded(user: User) -> bool:
    """Return whether somebody is asked for a second factor."""
    return has_second_factor(lake().operations, user)


def must_be_guarded() -> bool:
    """Return whether staff need a second factor here."""
    return settings().staff_second_factor


def codes_left(user: User) -> int:
    """Return how many recovery codes somebody has."""
    return recovery_codes_left(lake().operations, user)


def begin_guard(user: User, password: str) -> Enrolment:
    """Return what somebody's device is told; it counts once a code of it was given."""
    _prove(user, password)
    return begin_second_factor(lake().operations, user)


def confirm_guard(user: User, code: str, *, this: str) -> list[str]:
    """Return the recovery codes, shown this once; sessions that were opened without a code end."""
    _slow_down(user)
    codes = confirm_second_factor(lake().operations, user, code)
    end_other_sessions(lake().operations, user, keep=this)
    return codes


def drop_guard(user: User, password: str, code: str) -> None:
    """Ask for no second factor any more."""
    _prove(user, password, code)
    remove_second_factor(lake().operations, user, by=user)


def guard_drawing(uri: str) -> str:
    """Return what a device reads with its camera, as SVG: black on white also where the page is dark."""
    return segno.make_qr(uri, error="m").svg_inline(scale=5, border=4, dark="#000", light="#fff")


def downloads(user: User, *, limit: int) -> pl.DataFrame:
    """Return what somebody downloaded, the newest first: when, of what, and which file."""
    rows = own_downloads(lake().operations, user, limit=limit)
    return pl.DataFrame(
        {
            "Time (UTC)": [datetime_of(each.at_mjd).replace(tzinfo=None) for each in rows],
            "Target": [each.object_name for each in rows],
            "What": [each.deed for each in rows],
        },
        schema={"Time (UTC)": pl.Datetime(), "Target": pl.String(), "What": pl.String()},
    )


def own_sessions(user: User, *, this: str) -> list[Session]:
    """Return where somebody is signed in."""
    return list_sessions(lake().operations, user, this=this)


def end_session(user: User, handle: str) -> None:
    """End one of somebody's own sessions."""
    revoke_session(lake().operations, user, handle)


def end_others(user: User, *, this: str) -> int:
    """Return how many other sessions ended."""
    return end_other_sessions(lake().operations, user, keep=this)


def leave(user: User, password: str, code: str, *, keep_name: bool) -> None:
    """End somebody's account for good."""
    _prove(user, password, code)
    delete_account(lake().operations, user, keep_name=keep_name)


def browser_words(user_agent: str) -> str:
    """Return what browser a session is of, as people call it."""
    browser = next((name for sign, name in _BROWSERS.items() if sign in user_agent), "")
    system = next((name for sign, name in _SYSTEMS.items() if sign in user_agent), "")
    if browser and system:
        return _("{browser} on {system}", browser=browser, system=system)
    return browser or system or _("another program")


def _prove(user: User, password: str, code: str | None = None) -> None:
    """Refuse who does not know the password; with ``code``, also who lacks the second factor they have."""
    _slow_down(user)
    with _HASHING:
        is_right = check_password(lake().operations, user.username, password) is not None
    if not is_right:
        raise Rejected("This is not your password.", code="wrong-password")
    if code is not None and is_guarded(user) and not takes_code(lake().operations, user, code):
        raise Rejected("This code is wrong or was used already.", code="wrong-code")
    _PROOFS.forgive(user.username)


def _slow_down(user: User) -> None:
    wait_s = _PROOFS.attempt(user.username)
    if wait_s:
        raise Transient(
            f"Too many attempts: try again in {int(wait_s) + 1} seconds.",
            code="too-many-attempts",
            retry_after_s=int(wait_s) + 1,
        )
