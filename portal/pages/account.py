"""Account: sign in and out, and the tokens that let scripts act in one's name."""

import streamlit as st

from portal import work
from portal.components.mounts import sign_in_form, sign_out_button, ways_in_buttons
from portal.fmt import ago_text, date_text, escaped
from portal.session import current_user
from portal.ways_in import end_way, linked_ways, ways_in

user = current_user()
if user is None:
    st.title("Sign in")
    st.markdown(
        "Reading needs no account. Observers and staff sign in to upload and to make tokens.",
        width=760,
    )
    with st.container(width=420):
        sign_in_form(then="/account")
        if ways_in():
            labels = {way.name: f"Sign in with {way.title}" for way in ways_in()}
            ways_in_buttons(labels, then="/account")
    st.caption("No account yet? Ask the people who run this portal: they make one with `tomlake user add`.")
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

linked = linked_ways(user)
if linked or ways_in():
    st.header("Other ways to sign in")
for way in linked:
    with st.container(
        border=True,
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
        width=760,
    ):
        with st.container(width="content", gap=None):
            st.text(f"{way.title}: {way.subject}")
            st.caption(f"linked {date_text(way.made_mjd)}")
        if st.button("Unlink", key=f"unlink_{way.identity_id}", icon=":material/link_off:"):
            end_way(user, way.identity_id)
            st.rerun()
if ways_in():
    ways_in_buttons({way.name: f"Link {way.title}" for way in ways_in()}, then="/account")
