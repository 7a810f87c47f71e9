"""Account: sign in and out, and the tokens that let scripts act in one's name."""

import streamlit as st

from portal.account_tokens import tokens_section
from portal.components.mounts import sign_in_form, sign_out_button
from portal.fmt import escaped
from portal.session import current_user

user = current_user()
if user is None:
    st.title("Sign in")
    st.markdown(
        "Reading needs no account. Observers and staff sign in to upload and to make tokens.",
        width=760,
    )
    with st.container(width=420):
        sign_in_form(then="/account")
    st.caption("No account yet? Ask the people who run this portal: they make one with `tomlake user add`.")
    st.stop()

st.title(escaped(user.full_name or user.username))
with st.container(horizontal=True, vertical_alignment="center"):
    st.badge(escaped(user.username), icon=":material/account_circle:", color="blue")
    if user.is_staff:
        st.badge("staff", icon=":material/shield_person:", color="violet")
sign_out_button(then="/account")

tokens_section(user)
