"""The part of a target's page where people leave notes for one another."""

from collections.abc import Callable

import streamlit as st

from engine.errors import Rejected
from engine.target import Target
from lake.notices.mentions import MENTION
from lake.people.accounts import User
from lake.people.comments import (
    TEXT_MAX_CHARS,
    Comment,
    CommentFilter,
    add_comment,
    list_comments,
    remove_comment,
)
from portal.fmt import ago_text, escaped
from portal.opened import lake
from portal.session import current_user
from portal.words import _

SHOWN_AT_ONCE = 30
REFUSAL = "note_refusal"


def notes_tab(target: Target, user: User | None) -> None:
    """Show the notes on a target; whoever is signed in writes, and takes back what is their own."""
    refusal = st.session_state.pop(REFUSAL, "")
    if refusal:
        st.warning(escaped(_(refusal)), icon=":material/error:")
    if user is None:
        st.caption(_("Sign in to write a note."))
    else:
        with st.form("note_form", border=False):
            st.text_area(
                _("Note"),
                key="note_text",
                max_chars=TEXT_MAX_CHARS,
                placeholder=_("What did you see? @name marks whom it is for."),
                label_visibility="collapsed",
            )
            st.form_submit_button(
                _("Write"), icon=":material/send:", type="primary", on_click=_write, args=(target,)
            )
    shown = int(st.session_state.get("notes_shown", SHOWN_AT_ONCE))
    notes = list_comments(
        lake().operations, CommentFilter(target_id=target.target_id or 0), user, limit=shown + 1
    )
    if not notes:
        st.text(_("No notes yet."))
    for note in notes[:shown]:
        _note_box(note, user)
    if len(notes) > shown and st.button(_("Older notes"), key="older_notes", icon=":material/expand_more:"):
        st.session_state["notes_shown"] = shown + SHOWN_AT_ONCE
        st.rerun()


def note_markdown(text: str, username: str = "") -> str:
    """Return a note as Markdown in which nothing but line ends and mentions means anything.

    Parameters
    ----------
    username
        The reader, whose own name stands out. Whether others exist is not told.
    """
    return "  \n".join(_line(line, username) for line in text.splitlines() or [""])


def _line(line: str, username: str) -> str:
    parts, end = [], 0
    for found in MENTION.finditer(line):
        colour = "orange" if username and found[1].casefold() == username.casefold() else "violet"
        parts += [_plain(line[end : found.start()]), f":{colour}[**@{escaped(found[1])}**]"]
        end = found.end()
    return "".join([*parts, _plain(line[end:])])


def _plain(text: str) -> str:
    """Return escaped text that keeps a blank at its ends: a mention stands beside it."""
    words = escaped(text)
    before = " " if text[:1].isspace() else ""
    after = " " if words and text[-1:].isspace() else ""
    return f"{before}{words}{after}"


def _note_box(note: Comment, user: User | None) -> None:
    with st.container(border=True, gap="xsmall", key=f"note_{note.comment_id}"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            who = escaped(note.full_name or note.username)
            st.markdown(
                f"**{who}** :gray[@{escaped(note.username)} · {ago_text(note.made_mjd)}]", width="content"
            )
            if user is not None and (user.is_staff or user.username == note.username):
                st.button(
                    _("Remove"),
                    key=f"remove_note_{note.comment_id}",
                    icon=":material/delete:",
                    type="tertiary",
                    on_click=_remove,
                    args=(note.comment_id,),
                )
        st.markdown(note_markdown(note.text, user.username if user else ""))


def _write(target: Target) -> None:
    """Keep a note before the page is drawn again; what the lake refuses stays in its field."""
    text = st.session_state.get("note_text", "")
    if _act(lambda user: add_comment(lake().operations, target.target_id or 0, text, by=user)):
        st.session_state["note_text"] = ""


def _remove(comment_id: int) -> None:
    _act(lambda user: remove_comment(lake().operations, comment_id, by=user))


def _act(deed: Callable[[User], object]) -> bool:
    """Return whether something was done as who is signed in now: the session may have ended meanwhile."""
    user = current_user()
    if user is None:
        return False  # the shell says so
    try:
        deed(user)
    except Rejected as refusal:
        st.session_state[REFUSAL] = refusal.reason
        return False
    return True
