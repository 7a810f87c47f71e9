"""Set up: make the first administrator, by the link that the start of tomlake printed."""

import streamlit as st

from portal.accounts import joining
from portal.fmt import escaped
from portal.words import _

st.title(_("Set up"))
key = st.query_params.get("key", "")
if not key or not joining.is_link_good(key):
    st.markdown(_("This link was used already or ran out: start tomlake again, and it prints a new one."))
    st.stop()
st.markdown(_("Make the first account: it may see and change everything."))
with st.form("set_up", width=520):
    username = st.text_input(_("User name"), value="admin", max_chars=150, autocomplete="username")
    full_name = st.text_input(_("Full name"), max_chars=300)
    password = st.text_input(
        _("Password"),
        type="password",
        max_chars=256,
        help=_("At least 8 characters."),
        autocomplete="new-password",
    )
    again = st.text_input(_("Password again"), type="password", max_chars=256, autocomplete="new-password")
    wanted = st.form_submit_button(_("Make the account"), type="primary")
if wanted and password != again:
    st.error(_("The two passwords differ: type them again."))
elif wanted:
    made = joining.make_first(key, username=username, password=password, full_name=full_name)
    st.success(_("{user} may sign in now.", user=escaped(made)))
    st.page_link("../pages/account.py", label=_("Sign in"), icon=":material/login:")
