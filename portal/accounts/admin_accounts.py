"""The part of the page of staff that decides who gets an account."""

from collections.abc import Callable

import streamlit as st

from engine.errors import Rejected
from lake.people.accounts import User
from lake.people.sign_up import WaitingAccount, approve_account, refuse_account, waiting_accounts
from portal.accounts.ways_in import title_of
from portal.deed import outcome
from portal.fmt import ago_text, escaped
from portal.opened import lake
from portal.parts import fact_list
from portal.words import _


def accounts_section(user: User, say: Callable[[str], None]) -> None:
    """Show who waits for an account, and let staff decide."""
    st.header(_("Accounts that wait"))
    waiting = waiting_accounts(lake().operations, by=user)
    if not waiting:
        st.caption(_("Nobody waits."))
    for one in waiting:
        with st.container(border=True, width=760):
            st.subheader(escaped(one.username), anchor=False)
            fact_list(_facts(one))
            other = ""
            if one.is_name_taken:
                other = st.text_input(
                    _("The user name is taken: give another"),
                    max_chars=150,
                    key=f"account_name_{one.sign_up_id}",
                )
            with st.container(horizontal=True):
                if st.button(
                    _("Approve"),
                    key=f"account_yes_{one.sign_up_id}",
                    type="primary",
                    icon=":material/check:",
                ):
                    say(approved(user, one.sign_up_id, other))
                if st.button(_("Refuse"), key=f"account_no_{one.sign_up_id}", icon=":material/block:"):
                    say(refused(user, one.sign_up_id))


def _facts(one: WaitingAccount) -> dict[str, str]:
    facts = {
        _("Full name"): one.full_name,
        _("Affiliation"): one.affiliation,
        _("E-mail"): one.email,
        _("Signs in with"): one.provider and f"{title_of(one.provider)}: {one.subject}",
        _("Says"): one.note,
        _("Asked"): ago_text(one.asked_mjd),
    }
    return {name: value for name, value in facts.items() if value}


def approved(user: User, sign_up_id: int, username: str = "") -> str:
    """Return what to tell whoever wants to approve an account."""
    try:
        made = approve_account(lake().operations, sign_up_id, by=user, username=username.strip())
    except Rejected as refusal:
        return _(refusal.reason)
    return _("{person} has an account.", person=made.username)


def refused(user: User, sign_up_id: int) -> str:
    """Return what to tell whoever wants to refuse an account."""
    return outcome(lambda: refuse_account(lake().operations, sign_up_id, by=user), _("The request is gone."))
