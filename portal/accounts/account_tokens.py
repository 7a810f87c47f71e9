"""The tokens on a person's account page: what each may do, until when, renewed and revoked."""

import streamlit as st

from engine.errors import Rejected
from engine.times import mjd_now
from lake.people.accounts import Scope, Token, User, issue_token, list_tokens, revoke_token, rotate_token
from portal.fmt import ago_text, date_text, escaped
from portal.opened import lake
from portal.parts import box_of_one

MAY = {
    "Read what I may see": Scope.READ,
    "Upload in my name": Scope.UPLOAD,
    "Change targets, observatories and groups": Scope.WRITE,
    "Act as staff": Scope.ADMIN,
}
ENDS: dict[str, float | None] = {
    "in a month": 30.0,
    "in a year": 365.0,
    "in five years": 1826.0,
    "when I revoke it": None,
}
_SECRET = "account_token_secret"  # noqa: S105 - where it waits to be shown once


def tokens_section(user: User) -> None:
    """Show a person's tokens and what can be done with them."""
    st.header("Tokens")
    st.markdown(
        "A token lets a script upload and ask in your name: send it as `Authorization: Token tl_…`. "
        "Old BHTOM scripts need only the new host and this token.",
        width=760,
    )
    _new_token_form(user)
    secret = st.session_state.pop(_SECRET, None)
    if secret:
        with st.container(border=True, width=760):
            st.markdown("**Copy it now: it is shown only this once.**")
            st.code(secret, language=None)
    tokens = list_tokens(lake().operations, user)
    if not tokens:
        st.caption("You have no tokens.")
    for token in tokens:
        _token_row(user, token)


def may_text(token: Token) -> str:
    """Return what a token may do in plain words."""
    words = [word.lower() for word, scope in MAY.items() if scope in token.scopes]
    return "everything that you may" if len(words) == len(MAY) else ", ".join(words)


def end_text(token: Token) -> str:
    """Return until when a token is valid."""
    if token.expires_mjd is None:
        return "valid until revoked"
    ended = token.expires_mjd <= mjd_now()
    return f"ended on {date_text(token.expires_mjd)}" if ended else f"ends on {date_text(token.expires_mjd)}"


def _new_token_form(user: User) -> None:
    choices = [word for word, scope in MAY.items() if user.is_staff or scope != Scope.ADMIN]
    with st.form("new_token", border=False, clear_on_submit=True), st.container(width=760):
        name = st.text_input("Name of a new token", placeholder="such as: dome computer", max_chars=100)
        may = st.multiselect("It may", choices, default=choices[:2])
        left, right = st.columns(2, vertical_alignment="bottom")
        ends = left.selectbox("It ends", list(ENDS), index=1)
        wanted = right.form_submit_button("Make token", type="primary", icon=":material/key:")
    if not wanted:
        return
    try:
        st.session_state[_SECRET] = issue_token(
            lake().operations,
            user,
            name=name.strip() or "made on the account page",
            scopes=[MAY[word] for word in may],
            days=ENDS[ends],
        )
    except Rejected as refusal:
        st.warning(escaped(refusal.reason), icon=":material/error:")


def _token_row(user: User, token: Token) -> None:
    with box_of_one():
        with st.container(width="content", gap=None):
            st.text(token.name or "without a name")
            used = f"used {ago_text(token.last_used_mjd)}" if token.last_used_mjd else "never used"
            st.caption(
                f"`{token.prefix}…` · made {date_text(token.created_mjd)} · {used} · {end_text(token)}"
            )
            st.caption(f"May: {may_text(token)}")
        with st.container(horizontal=True, width="content"):
            if st.button(
                "Renew",
                key=f"rotate_{token.token_id}",
                icon=":material/autorenew:",
                help="A new secret with the same rights; the old one ends at once.",
            ):
                st.session_state[_SECRET] = rotate_token(lake().operations, user, token.token_id)
                st.rerun()
            if st.button("Revoke", key=f"revoke_{token.token_id}", icon=":material/delete:"):
                revoke_token(lake().operations, user, token.token_id)
                st.rerun()
