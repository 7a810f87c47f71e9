"""The switch on a target's page by which somebody follows it."""

import streamlit as st

from engine.errors import Rejected
from engine.target import Target
from lake.notices.following import LEAST_CHANGE_MAG, MOST_CHANGE_MAG, USUAL_CHANGE_MAG
from lake.people.accounts import User
from portal.accounts.notices import follow_target, leave_target, own_follow
from portal.fmt import escaped
from portal.session import current_user
from portal.words import _

_SWITCH, _CHANGE, _REFUSAL = "follow_switch", "follow_change_mag", "follow_refusal"


def follow_popover(target: Target, user: User | None) -> None:
    """Let who is signed in follow a target, and say which change of brightness they want to hear of."""
    if user is None:
        return
    kept = own_follow(target, user)
    # what is kept counts, whatever a widget of another target or another tab remembers
    st.session_state[_SWITCH] = kept is not None
    st.session_state[_CHANGE] = kept.change_mag if kept else USUAL_CHANGE_MAG
    label, icon = (_("Following"), "notifications_active") if kept else (_("Follow"), "notifications")
    with st.popover(label, icon=f":material/{icon}:", width="content", key="follow"):
        refusal = st.session_state.pop(_REFUSAL, "")
        if refusal:
            st.warning(escaped(_(refusal)), icon=":material/error:")
        st.toggle(_("Tell me what happens here"), key=_SWITCH, on_change=_keep, args=(target,))
        if kept:
            st.number_input(
                _("A change is at least (mag)"),
                min_value=LEAST_CHANGE_MAG,
                max_value=MOST_CHANGE_MAG,
                step=0.1,
                key=_CHANGE,
                on_change=_keep,
                args=(target,),
            )
        st.caption(
            _("New points by others, and when it brightens or fades. How you hear of it: page Account.")
        )


def _keep(target: Target) -> None:
    """Keep what was switched before the page is drawn again; the session may have ended since."""
    user = current_user()
    try:
        if user is None:
            raise Rejected("Your session has ended: sign in again.", code="signed-out")
        if st.session_state[_SWITCH]:
            change_mag = float(st.session_state.get(_CHANGE, USUAL_CHANGE_MAG))
            follow_target(target, user, change_mag=change_mag)
        else:
            leave_target(target, user)
    except Rejected as refusal:
        st.session_state[_REFUSAL] = refusal.reason
