"""Account: sign in and out, the tokens that let scripts act in one's name, and the rest of one's own."""

import streamlit as st

from portal.accounts.account_sections import account_sections
from portal.accounts.account_tokens import tokens_section
from portal.accounts.notices_section import notices_section, unread_badge
from portal.accounts.ways_in import ways_in
from portal.accounts.ways_in_section import ways_in_section
from portal.components.mounts import sign_in_form, sign_out_button, ways_in_buttons
from portal.fmt import escaped
from portal.session import current_user
from portal.words import _

user = current_user()
if user is None:
    st.title(_("Sign in"))
    st.markdown(
        _("Reading needs no account. Observers and staff sign in to upload and to make tokens."),
        width=760,
    )
    with st.container(width=420):
        sign_in_form(then="/account")
        if ways_in():
            labels = {way.name: _("Sign in with {service}", service=way.title) for way in ways_in()}
            ways_in_buttons(labels, then="/account")
    st.page_link("../pages/sign_up.py", label=_("No account yet? Sign up"), icon=":material/person_add:")
    st.stop()

st.title(escaped(user.full_name or user.username))
with st.container(horizontal=True, vertical_alignment="center"):
    st.badge(escaped(user.username), icon=":material/account_circle:", color="blue")
    if user.is_staff:
        st.badge(_("staff"), icon=":material/shield_person:", color="violet")
    unread_badge(user)
sign_out_button(then="/account")

notices_section(user)
tokens_section(user)
ways_in_section(user)
account_sections(user)
