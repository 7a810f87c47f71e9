"""Who looks at a page: the only place that reads the cookie for the pages."""

import streamlit as st

from lake.people.accounts import User, user_of_session
from lake.people.second_factor import acting
from portal.opened import lake, settings
from portal.security.cookie import SESSION_COOKIE


def current_user() -> User | None:
    """Return who is signed in, looked up at each run so that signing out elsewhere counts at once."""
    session_id = this_session()
    if not session_id:
        return None
    user = user_of_session(lake().operations, session_id)
    return acting(lake().operations, user, is_required_of_staff=settings().staff_second_factor)


def still_current(user: User | None) -> User | None:
    """Return who is signed in at this moment; where that is not who the page was drawn for, draw it anew.

    A part of a page that runs by itself asks this first: it would act for somebody who is signed out.
    """
    now = current_user()
    if (now and now.user_id) != (user and user.user_id):
        st.rerun()
    return now


def this_session() -> str:
    """Return the session that the browser sends, be it good or not; empty: none."""
    session_id = st.context.cookies.get(SESSION_COOKIE)
    return session_id if isinstance(session_id, str) else ""


def this_address() -> str:
    """Return the address from which the page is looked at, as far as the server knows it."""
    address = st.context.ip_address
    return address if isinstance(address, str) else ""
