"""The part of the page Account about signing in through other services."""

import streamlit as st

from engine.errors import Rejected
from lake.people.accounts import User
from portal.accounts.ways_in import end_way, linked_ways, ways_in
from portal.components.mounts import ways_in_buttons
from portal.fmt import date_text
from portal.parts import box_of_one
from portal.words import _


def ways_in_section(user: User) -> None:
    """Show what somebody linked to their account, and what they may link; nothing where there is neither."""
    linked = linked_ways(user)
    if linked or ways_in():
        st.header(_("Other ways to sign in"))
    for way in linked:
        with box_of_one():
            with st.container(width="content", gap=None):
                st.text(f"{way.title}: {way.subject}")
                st.caption(_("linked {date}", date=date_text(way.made_mjd)))
            if st.button(_("Unlink"), key=f"unlink_{way.identity_id}", icon=":material/link_off:"):
                _unlink(user, way.identity_id)
    if ways_in():
        labels = {way.name: _("Link {service}", service=way.title) for way in ways_in()}
        ways_in_buttons(labels, then="/account")


def _unlink(user: User, identity_id: int) -> None:
    try:
        end_way(user, identity_id)
    except Rejected as refusal:
        st.error(_(refusal.reason))
        return
    st.rerun()
