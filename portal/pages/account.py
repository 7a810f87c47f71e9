"""Account: sign in and out, the tokens that let scripts act in one's name, and the rest of one's own."""

import streamlit as st

from portal import work
from portal.account_sections import account_sections
from portal.components.mounts import sign_in_form, sign_out_button
from portal.fmt import ago_text, date_text, escaped
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
    st.page_link("../pages/sign_up.py", label="No account yet? Sign up", icon=":material/person_add:")
    st.stop()

st.title(escaped(user.full_name or user.username))
with st.container(horizontal=True, vertical_alignment="center"):
    st.badge(escaped(user.username), icon=":material/account_circle:", color="blue")
    if user.is_staff:
        st.badge("staff", icon=":material/shield_person:", color="violet")
sign_out_button(then="/account")

st.header("Tokens")
st.markdown(
    "A token lets a script upload and ask in your name: send it as `Authorization: Token tl_…`. "
    "Old BHTOM scripts need only the new host and this token.",
    width=760,
)
with (
    st.form("new_token", border=False, clear_on_submit=True),
    st.container(horizontal=True, vertical_alignment="bottom", width=620),
):
    name = st.text_input("Name of a new token", placeholder="such as: observatory computer", max_chars=100)
    wanted = st.form_submit_button("Make token", type="primary", icon=":material/key:")
if wanted:
    secret = work.new_token(user, name)
    with st.container(border=True, width=760):
        st.markdown("**Copy it now: it is shown only this once.**")
        st.code(secret, language=None)

tokens = work.tokens_of(user)
if not tokens:
    st.caption("You have no tokens.")
for token in tokens:
    with st.container(
        border=True,
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
        width=760,
    ):
        with st.container(width="content", gap=None):
            st.text(token.name or "without a name")
            used = f"used {ago_text(token.last_used_mjd)}" if token.last_used_mjd else "never used"
            st.caption(f"`{token.prefix}…` · made {date_text(token.created_mjd)} · {used}")
        if st.button("Revoke", key=f"revoke_{token.token_id}", icon=":material/delete:"):
            work.end_token(user, token.token_id)
            st.rerun()

account_sections(user)
