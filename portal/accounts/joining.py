"""How strangers become people here: they ask for an account, confirm their address, or set up the portal."""

import threading
from dataclasses import replace

from engine.errors import Transient
from lake.opening import Lake
from lake.people.first_run import may_set_up, set_up
from lake.people.sign_up import Next, Request, ask_for_account, confirm_email
from lake.people.terms import Terms, current_terms
from lake.settings import SignUp
from portal.opened import lake, settings
from portal.security.throttle import Throttle
from portal.words import _, marked

ASKED_PER_HOUR = 30  # from one address: a classroom still gets in
SENTENCES = {
    Next.CONFIRM: marked("A link was sent to your address: open it within two days to go on."),
    Next.WAIT: marked(
        "Thank you. Staff look at every request; once they agree you can sign in with your password."
    ),
    Next.TRY: marked("Thank you. You can sign in now; should it not work, staff look at your request first."),
}
_ASKING = Throttle(attempts=ASKED_PER_HOUR, window_s=3600.0)
_HASHING = threading.BoundedSemaphore(2)  # each hash takes 64 MB


def is_open_to_ask() -> bool:
    """Return whether people may ask for an account."""
    return settings().sign_up != SignUp.CLOSED


def needs_email() -> bool:
    """Return whether an address must be told, because it is confirmed by mail."""
    return bool(settings().smtp_url)


def terms() -> Terms | None:
    """Return the terms of use, or None where there are none."""
    return current_terms(settings())


def ask(opened: Lake, asked: Request, *, address: str) -> str:
    """Return what to tell somebody who asks for an account: the same for every name and address.

    Raises
    ------
    Rejected
        What they wrote cannot be, whoever else has an account.
    Transient
        ``too-many-attempts``, ``no-mail``.
    """
    wait_s = _ASKING.attempt(address)
    if wait_s:
        raise Transient(
            f"Too many requests from your address: try again in {int(wait_s) // 60 + 1} minutes.",
            code="too-many-attempts",
            retry_after_s=int(wait_s) + 1,
        )
    with _HASHING:
        return _(SENTENCES[ask_for_account(opened.operations, opened.settings, asked)])


def ask_here(fields: dict[str, str], *, accepts: Terms | None, address: str) -> str:
    """Return what to tell somebody who asks on the page."""
    asked = replace(Request(**fields), terms=accepts.version if accepts else "")
    return ask(lake(), asked, address=address)


def confirm(key: str) -> str:
    """Return what to tell somebody who opened the link in their mail."""
    return _(SENTENCES[confirm_email(lake().operations, settings(), key)])


def is_link_good(key: str) -> bool:
    """Return whether the first administrator can be made by a link."""
    return may_set_up(lake().operations, key)


def make_first(key: str, *, username: str, password: str, full_name: str) -> str:
    """Return the user name of the first administrator, who was made now."""
    with _HASHING:
        return set_up(
            lake().operations, key, username=username, password=password, full_name=full_name
        ).username
