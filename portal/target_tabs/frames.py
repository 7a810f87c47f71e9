"""The part of a target's page that shows its frames, each with its verdict."""

import streamlit as st

from engine.target import Target
from lake.people.accounts import User
from portal.frame import verdicts
from portal.frame.cards import frame_card
from portal.words import _

FRAMES_AT_ONCE = 6


def frames_tab(target: Target, user: User | None) -> None:
    """Show the verdicts on the frames of a target, a few at a time."""
    shown = verdicts.verdicts_of_target(target.target_id or 0, user)
    pages = max(1, -(-len(shown) // FRAMES_AT_ONCE))
    page = min(int(st.session_state.get("frames_page", 1)), pages)
    if not shown:
        with st.container(border=True):
            st.markdown(
                _("**No frames yet.** Upload the first image of this target: its verdict appears here.")
            )
    for verdict in shown[(page - 1) * FRAMES_AT_ONCE : page * FRAMES_AT_ONCE]:
        frame_card(verdict)
    if pages > 1:
        st.pagination(pages, key="frames_page", max_visible_pages=5)
