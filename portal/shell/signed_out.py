"""What becomes of a form that is gone: its session ended, or its target, while somebody typed."""

from collections.abc import Mapping

import streamlit as st

from lake.people.accounts import User

# what takes time to write again, by the key of its field; passwords and codes are never shown
TYPED = {
    "note_text": "Note",
    "new_target_name": "Name",
    "new_target_ra": "RA",
    "new_target_dec": "Dec",
    "new_target_why": "Why it is worth watching",
    "import_text": "Targets as CSV",
    "new_observatory_name": "Observatory",
    "new_observatory_acknowledgement": "Acknowledgement",
    "sites_text": "Observatories as CSV",
    "upload_comment": "Comment",
    "new_group_name": "Name of the group",
    "new_group_about": "What the group works on",
    "watch_name": "Name of the watch",
    "watch_conditions": "Conditions of the watch",
}
_WHO, _LOST = "signed_in_as", "typed_before_signed_out"


def tell_signed_out(user: User | None) -> None:
    """Say that a session ended while its page was open, and keep what was typed in view.

    The page itself is drawn for nobody: whoever ended the session meant that it shows and changes nothing.
    """
    before = st.session_state.get(_WHO, "")
    st.session_state[_WHO] = user.username if user else ""
    if user is not None:
        st.session_state.pop(_LOST, None)
        return
    if before:
        st.session_state[_LOST] = typed()
    lost = st.session_state.get(_LOST)
    if lost is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.warning("You are signed out, so nothing was changed: sign in again.", icon=":material/logout:")
        st.link_button("Sign in in another tab", "/account", icon=":material/login:")
    show_typed(lost)


def typed() -> dict[str, str]:
    """Return what stood in the fields of the page as it was drawn last, by their labels."""
    found = {label: st.session_state.get(key) for key, label in TYPED.items()}
    return {label: text for label, text in found.items() if isinstance(text, str) and text.strip()}


def show_typed(fields: Mapping[str, str]) -> None:
    """Show what was typed, to be copied."""
    if not fields:
        return
    with st.expander("What you typed", icon=":material/content_copy:", expanded=True):
        for label, text in fields.items():
            st.caption(label)
            st.code(text, language=None, wrap_lines=True, height=240 if text.count("\n") > 8 else "content")
