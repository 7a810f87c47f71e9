"""What becomes of a form that is gone: its session ended, or its target, while somebody typed."""

from collections.abc import Mapping

import streamlit as st

from lake.people.accounts import User
from portal.words import _, marked

# what takes time to write again, by the key of its field; passwords and codes are never shown
TYPED = {
    "note_text": marked("Note"),
    "new_target_name": marked("Name"),
    "new_target_ra": marked("RA"),
    "new_target_dec": marked("Dec"),
    "new_target_why": marked("Why it is worth watching"),
    "import_text": marked("Targets as CSV"),
    "new_observatory_name": marked("Observatory"),
    "new_observatory_acknowledgement": marked("Acknowledgement"),
    "sites_text": marked("Observatories as CSV"),
    "upload_comment": marked("Comment"),
    "new_group_name": marked("Name of the group"),
    "new_group_about": marked("What the group works on"),
    "watch_name": marked("Name of the watch"),
    "watch_conditions": marked("Conditions of the watch"),
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
        st.warning(_("You are signed out, so nothing was changed: sign in again."), icon=":material/logout:")
        st.link_button(_("Sign in in another tab"), "/account", icon=":material/login:")
    show_typed(lost)


def typed() -> dict[str, str]:
    """Return what stood in the fields of the page as it was drawn last, by their labels."""
    found = {label: st.session_state.get(key) for key, label in TYPED.items()}
    return {label: text for label, text in found.items() if isinstance(text, str) and text.strip()}


def show_typed(fields: Mapping[str, str]) -> None:
    """Show what was typed, to be copied."""
    if not fields:
        return
    with st.expander(_("What you typed"), icon=":material/content_copy:", expanded=True):
        for label, text in fields.items():
            st.caption(_(label))
            st.code(text, language=None, wrap_lines=True, height=240 if text.count("\n") > 8 else "content")
