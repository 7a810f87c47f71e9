"""The tokens on a person's account page: what each may do, until when, renewed and revoked."""

import streamlit as st

from engine.errors import Rejected
from engine.times import mjd_now
from lake.people.accounts import Scope, Token, User, issue_token, list_tokens, revoke_token, rotate_token
from portal.fmt import ago_text, date_text, escaped
from portal.opened import lake
from portal.parts import box_of_one
from portal.words import _, marked

MAY = {
    marked("Read what I may see"): Scope.READ,
    marked("Upload in my name"): Scope.UPLOAD,
    marked("Change targets, observatories and groups"): Scope.WRITE,
    marked("Act as staff"): Scope.ADMIN,
}
ENDS: dict[str, float | None] = {
    marked("in a month"): 30.0,
    marked("in a year"): 365.0,
    marked("in five years"): 1826.0,
    marked("when I revoke it"): None,
}
_UNNAMED = marked("made on the account page")
_SECRET = "account_token_secret"  # noqa: S105 - where it waits to be shown once


def tokens_section(user: User) -> None:
    """Show a person's tokens and what can be done with them."""
    st.header(_("Tokens"))
    st.markdown(
        _(
            "A token lets a script upload and ask in your name: send it as `Authorization: Token tl_…`. "
            "Old BHTOM scripts need only the new host and this token."
        ),
        width=760,
    )
    _new_token_form(user)
    secret = st.session_state.pop(_SECRET, None)
    if secret:
        with st.container(border=True, width=760):
            st.markdown(_("**Copy it now: it is shown only this once.**"))
            st.code(secret, language=None)
    tokens = list_tokens(lake().operations, user)
    if not tokens:
        st.caption(_("You have no tokens."))
    for token in tokens:
        _token_row(user, token)


def may_text(token: Token) -> str:
    """Return what a token may do in plain words."""
    words = [_(word).lower() for word, scope in MAY.items() if scope in token.scopes]
    return _("everything that you may") if len(words) == len(MAY) else ", ".join(words)


def end_text(token: Token) -> str:
    """Return until when a token is valid."""
    if token.expires_mjd is None:
        return _("valid until revoked")
    date = date_text(token.expires_mjd)
    if token.expires_mjd <= mjd_now():
        return _("ended on {date}", date=date)
    return _("ends on {date}", date=date)


def _name_text(token: Token) -> str:
    if not token.name:
        return _("without a name")
    return _(_UNNAMED) if token.name == _UNNAMED else token.name


def _used_text(token: Token) -> str:
    if not token.last_used_mjd:
        return _("never used")
    return _("used {ago}", ago=ago_text(token.last_used_mjd))


def _new_token_form(user: User) -> None:
    choices = [word for word, scope in MAY.items() if user.is_staff or scope != Scope.ADMIN]
    with st.form("new_token", border=False, clear_on_submit=True), st.container(width=760):
        example = _("such as: dome computer")
        name = st.text_input(_("Name of a new token"), placeholder=example, max_chars=100)
        may = st.multiselect(_("It may"), choices, default=choices[:2], format_func=_)
        left, right = st.columns(2, vertical_alignment="bottom")
        ends = left.selectbox(_("It ends"), list(ENDS), index=1, format_func=_)
        wanted = right.form_submit_button(_("Make token"), type="primary", icon=":material/key:")
    if not wanted:
        return
    try:
        st.session_state[_SECRET] = issue_token(
            lake().operations,
            user,
            name=name.strip() or _UNNAMED,
            scopes=[MAY[word] for word in may],
            days=ENDS[ends],
        )
    except Rejected as refusal:
        st.warning(escaped(_(refusal.reason)), icon=":material/error:")


def _token_row(user: User, token: Token) -> None:
    with box_of_one():
        with st.container(width="content", gap=None):
            st.text(_name_text(token))
            made = _("made {date}", date=date_text(token.created_mjd))
            st.caption(f"`{token.prefix}…` · {made} · {_used_text(token)} · {end_text(token)}")
            st.caption(_("May: {rights}", rights=may_text(token)))
        with st.container(horizontal=True, width="content"):
            if st.button(
                _("Renew"),
                key=f"rotate_{token.token_id}",
                icon=":material/autorenew:",
                help=_("A new secret with the same rights; the old one ends at once."),
            ):
                st.session_state[_SECRET] = rotate_token(lake().operations, user, token.token_id)
                st.rerun()
            if st.button(_("Revoke"), key=f"revoke_{token.token_id}", icon=":material/delete:"):
                revoke_token(lake().operations, user, token.token_id)
                st.rerun()
