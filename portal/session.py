"""Who looks at a page: the only place that reads the cookie for the pages."""

import streamlit as st

from lake.people.accounts import User, user_of_session
from portal.opened import lake
from portal.security.cookie import SESSION_COOKIE


def current_user() -> User | None:
    """Return who is signed in, looked up at each run so that signing out elsewhere counts at once."""
    session_id = st.context.cookies.get(SESSION_COOKIE)
    if not isinstance(session_id, str) or not session_id:
        return None
    return user_of_session(lake().operations, session_id)
