"""Sign up: ask for an account, or confirm the address of one that was asked for."""

import streamlit as st

from portal.accounts import joining
from portal.session import this_address
from portal.words import _

st.title(_("Sign up"))
key = st.query_params.get("key", "")
if key:
    st.markdown(_("Press the button to confirm your e-mail address."))
    if st.button(_("Confirm"), type="primary", key="confirm_email"):
        st.success(joining.confirm(key))
    st.stop()
if not joining.is_open_to_ask():
    st.markdown(_("Accounts are made by staff here: ask the people who run this portal for one."))
    st.stop()

st.markdown(
    _("Reading needs no account. With one you upload, and every point of your frames has your name on it."),
    width=760,
)
terms = joining.terms()
if terms is not None:
    with st.expander(_("Terms of use, version {version}", version=terms.version)):
        st.text(terms.text)
with st.form("sign_up", width=520):
    fields = {
        "username": st.text_input(_("User name"), max_chars=150, autocomplete="username"),
        "full_name": st.text_input(
            _("Full name"), max_chars=300, help=_("As light curves shall credit you.")
        ),
        "affiliation": st.text_input(_("Affiliation"), max_chars=300),
        "email": st.text_input(
            _("E-mail") if joining.needs_email() else _("E-mail (only staff see it)"), max_chars=254
        ),
        "note": st.text_input(
            _("A word to staff"), max_chars=300, placeholder=_("who you are, what you observe")
        ),
    }
    password = st.text_input(
        _("Password"),
        type="password",
        max_chars=256,
        help=_("At least 8 characters."),
        autocomplete="new-password",
    )
    again = st.text_input(_("Password again"), type="password", max_chars=256, autocomplete="new-password")
    accepts = terms is not None and st.checkbox(_("I accept the terms of use"))
    wanted = st.form_submit_button(_("Ask for an account"), type="primary")
if wanted and password != again:
    st.error(_("The two passwords differ: type them again."))
elif wanted:
    told = fields | {"password": password}
    st.success(joining.ask_here(told, accepts=terms if accepts else None, address=this_address()))
st.page_link("../pages/account.py", label=_("Sign in"), icon=":material/login:")
