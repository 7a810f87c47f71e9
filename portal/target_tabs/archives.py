"""The part of a target's page that says what each archive answered."""

import streamlit as st

from engine.target import Target
from lake.people.accounts import User
from portal.at_work import archives
from portal.words import _


def archives_tab(target: Target, user: User | None) -> None:
    """Show what each archive said of a target, and let who is signed in ask again."""
    st.dataframe(
        archives.target_archives_table(target),
        hide_index=True,
        placeholder="–",
        height="content",
        alt=_("What each archive said of this target"),
        column_config={
            "Archive": _("Archive"),
            "Answered": _("Answered"),
            "Cite": _("Cite"),
            "Points": st.column_config.NumberColumn(_("Points"), format="%d"),
            "Says": st.column_config.TextColumn(_("Says"), width="large"),
        },
    )
    if (
        user is not None
        and not target.simulated
        and st.button(_("Ask them again"), icon=":material/refresh:", key="ask_again")
    ):
        st.toast(archives.ask_again(target, user))
        st.rerun()
