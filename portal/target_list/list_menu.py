"""Keeping lists: filters or ticked targets under a name, ticked targets in a group, and files of both."""

from collections.abc import Sequence
from urllib.parse import urlencode

import streamlit as st

from engine.errors import Rejected
from lake.people.accounts import User
from lake.people.saved_lists import NAME_MAX_CHARS, SavedList, forget_list, save_filters, save_targets
from lake.target_groups import NAME_MAX_CHARS as GROUP_MAX_CHARS
from lake.target_groups import add_to_group
from lake.targets import TargetRow
from portal.fmt import escaped
from portal.opened import lake
from portal.target_list import choices
from portal.target_list.choices import Choices
from portal.target_list.target_search import saved_lists
from portal.words import _, several

_SAID = "targets_said"
_FORMATS = {"CSV": "csv", "JSON": "json", "VOTable": "votable"}


def said() -> None:
    """Show what was done before the page ran anew."""
    words = st.session_state.pop(_SAID, "")
    if words:
        st.info(escaped(words), icon=":material/info:")


def _say(words: str) -> None:
    st.session_state[_SAID] = words
    st.rerun()


def lists_menu(user: User) -> None:
    """Offer the lists that a person saved: to open, and to forget."""
    lists = saved_lists(lake(), user)
    if not lists:
        st.caption(_("Nothing saved yet. Set filters or tick rows, then save them below the list."))
    for each in lists:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            many = several("{count} target", "{count} targets", each.targets)
            told = many if each.is_set else _("filters")
            if st.button(escaped(each.name), key=f"open_list_{each.list_id}", type="tertiary"):
                choices.choose(st.session_state, _choices_of(each))
                st.query_params.clear()
                st.rerun()
            st.caption(told, width="content")
            if st.button(
                "", key=f"forget_list_{each.list_id}", icon=":material/delete:", type="tertiary",
                help=_("Forget {name}", name=escaped(each.name)),
            ):  # fmt: skip
                forget_list(lake().operations, each.list_id, by=user)
                _say(_("The list {name} is forgotten; its targets stay.", name=each.name))


def _choices_of(each: SavedList) -> Choices:
    return Choices(saved=each.list_id) if each.is_set else choices.of_address(each.filters)


def keep_menu(user: User | None, chosen: Choices, ticked: Sequence[TargetRow]) -> None:
    """Offer files of the list or of the ticked rows, and to whom is signed in, to keep them."""
    if user is not None:
        keep = several("Keep {count} ticked target", "Keep {count} ticked targets", len(ticked))
        label = keep if ticked else _("Save this list")
        with st.popover(label, icon=":material/bookmark_add:", width="content"):
            _save_form(user, chosen, ticked)
            if ticked:
                _group_form(user, ticked)
    asked = dict(chosen.address())
    if ticked:
        asked["ids"] = ",".join(str(row.target.target_id) for row in ticked)
    for label, format_ in _FORMATS.items():
        address = f"/download/targets/{format_}"
        st.link_button(
            label,
            f"{address}?{urlencode(asked)}" if asked else address,
            icon=":material/download:",
            help=_("The ticked rows") if ticked else _("All targets that fit the filters"),
        )


def _save_form(user: User, chosen: Choices, ticked: Sequence[TargetRow]) -> None:
    with st.form("save_list", border=False, clear_on_submit=True):
        name = st.text_input(_("Name of the list"), max_chars=NAME_MAX_CHARS, key="save_list_name")
        st.caption(
            _("The ticked targets; a list of this name gets them as well. Nobody else sees it.")
            if ticked
            else _("These filters: the list is found anew whenever you open it. Nobody else sees it.")
        )
        sent = st.form_submit_button(_("Save"), type="primary", icon=":material/bookmark_add:")
    if not sent:
        return
    try:
        if ticked:
            save_targets(lake().operations, name, [row.target.target_id or 0 for row in ticked], by=user)
        else:
            save_filters(lake().operations, name, chosen.address(), by=user)
    except Rejected as refusal:
        st.warning(escaped(_(refusal.reason)), icon=":material/error:")
        return
    _say(_("Saved as {name}: it stands under Saved lists.", name=name.strip()))


def _group_form(user: User, ticked: Sequence[TargetRow]) -> None:
    with st.form("group_targets", border=False, clear_on_submit=True):
        name = st.text_input(_("Group of targets"), max_chars=GROUP_MAX_CHARS, key="group_targets_name")
        st.caption(_("Whoever may see a target sees its groups. A new name makes a new group."))
        sent = st.form_submit_button(_("Add to the group"), icon=":material/create_new_folder:")
    if not sent:
        return
    try:
        for row in ticked:
            add_to_group(lake().operations, name, row.target.target_id or 0, by=user)
    except Rejected as refusal:
        st.warning(escaped(_(refusal.reason)), icon=":material/error:")
        return
    _say(
        several(
            "{count} target joined the group {name}.",
            "{count} targets joined the group {name}.",
            len(ticked),
            name=name.strip(),
        )
    )
