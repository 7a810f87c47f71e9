"""The filters above the list of targets: what people ask most in a row, the rest behind one button."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from lake.people.accounts import User
from lake.people.saved_lists import SavedList
from portal.fmt import escaped
from portal.observing import tonight
from portal.opened import lake
from portal.target_list import choices
from portal.target_list.choices import Choices, key
from portal.target_list.filter_words import filters_told, list_named
from portal.target_list.target_search import group_names, saved_lists
from portal.words import _

_NOWHERE, _NO_GROUP = "", ""


def filter_bar(user: User | None) -> Choices:
    """Draw the filters and return what is chosen; the address tells it from then on."""
    lists = saved_lists(lake(), user)
    chosen: dict[str, Any] = {}
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        chosen |= _first_filters()
        with st.popover(_("More filters"), icon=":material/tune:", width="content"):
            chosen |= _sky_filters(user) | _light_filters() | _other_filters(user, lists)
        chosen["view"] = (
            st.segmented_control(
                _("Show as"),
                choices.VIEWS,
                key=key("view"),
                required=True,
                format_func=_,
                persist_state="session",
            )
            or choices.VIEWS[0]
        )
    made = Choices(**chosen)
    _told(made, lists)
    return made


def _first_filters() -> dict[str, Any]:
    name = st.text_input(
        _("Name or alias contains"),
        key=key("name"),
        icon=":material/search:",
        placeholder=_("Any name"),
        max_chars=choices.TEXT_MAX_CHARS,
        width=230,
        persist_state="session",
    )
    near = st.text_input(
        _("Near a position or a target"),
        key=key("near"),
        icon=":material/explore:",
        placeholder="10:07:04 -66:10:51",
        max_chars=choices.TEXT_MAX_CHARS,
        width=230,
        help=_("RA and Dec in degrees or sexagesimal, or a target's name. The radius stands in More."),
        persist_state="session",
    )
    classification = st.selectbox(
        _("Class"),
        choices.CLASS_CHOICES,
        key=key("classification"),
        format_func=lambda name: _(name) if name == choices.ANY_CLASS else name,
        width=175,
        persist_state="session",
    )
    order = st.selectbox(
        _("Sort by"),
        choices.ORDERS,
        key=key("order"),
        format_func=_,
        width=155,
        persist_state="session",
    )
    return {"name": name, "near": near, "classification": classification, "order": order}


def _sky_filters(user: User | None) -> dict[str, Any]:
    names = [each.site.name for each in tonight.telescopes(user)]
    left, right = st.columns(2)
    radius = left.number_input(
        _("Radius (arcmin)"),
        0.01,
        choices.RADIUS_MAX_ARCMIN,
        step=1.0,
        format="%g",
        key=key("radius"),
        help=_("Round the position or target in Near"),
        persist_state="session",
    )
    up = right.selectbox(
        _("Up tonight from"),
        _with_kept([_NOWHERE, *names], key("up")),
        key=key("up"),
        format_func=lambda name: name or _("Anywhere"),
        help=_("Above 30° in nautical dark, in what is left of the night"),
        persist_state="session",
    )
    return {"radius": radius, "up": up}


def _light_filters() -> dict[str, Any]:
    left, right = st.columns(2)
    limits = choices.BRIGHTEST_MAG, choices.FAINTEST_MAG
    shape: dict[str, Any] = {"step": 0.5, "format": "%.1f", "persist_state": "session"}
    brighter = left.slider(_("Brighter than (mag)"), *limits, key=key("brighter"), **shape)
    fainter = right.slider(_("Fainter than (mag)"), *limits, key=key("fainter"), **shape)
    count: dict[str, Any] = {"step": 1, "format": "%d", "persist_state": "session"}
    points = left.number_input(_("Points, at least"), 0, choices.POINTS_MAX, key=key("points"), **count)
    most_points = right.number_input(
        _("Points, at most"), 0, choices.POINTS_MAX, key=key("most_points"), help=_("0: any number"), **count
    )
    seen = left.selectbox(
        _("Last seen"), choices.SEEN, key=key("seen"), format_func=_, persist_state="session"
    )
    importance = right.slider(_("Importance from"), 0.0, 10.0, key=key("importance"), **shape)
    return {
        "brighter": brighter,
        "fainter": fainter,
        "points": points,
        "most_points": most_points,
        "seen": seen,
        "importance": importance,
    }


def _other_filters(user: User | None, lists: Sequence[SavedList]) -> dict[str, Any]:
    left, right = st.columns(2)
    group = left.selectbox(
        _("Group of targets"),
        _with_kept([_NO_GROUP, *group_names(lake(), user)], key("group")),
        key=key("group"),
        format_func=lambda name: name or _("Any group"),
        persist_state="session",
    )
    named = {each.list_id: each.name for each in lists if each.is_set}
    saved = right.selectbox(
        _("Saved list of targets"),
        _with_kept([0, *named], key("saved")),
        key=key("saved"),
        format_func=lambda number: list_named(number, named) if number else _("Any"),
        disabled=user is None,
        persist_state="session",
    )
    flags = st.pills(
        _("Flags"),
        choices.FLAGS if user else choices.FLAGS[:2],
        selection_mode="multi",
        key=key("flags"),
        format_func=_,
        persist_state="session",
    )
    show = st.segmented_control(
        _("Data"),
        choices.SHOWN,
        key=key("show"),
        required=True,
        format_func=_,
        persist_state="session",
    )
    return {"group": group, "saved": saved, "flags": tuple(flags), "show": show or "All"}


def _with_kept(options: list[Any], kept: str) -> list[Any]:
    """Return the options, and what the session holds: an address may name what its reader cannot see."""
    present = st.session_state[kept]
    return options if present in options else [*options, present]


def _told(chosen: Choices, lists: Sequence[SavedList]) -> None:
    """Say what narrows the list beyond what the row of filters shows."""
    words = filters_told(chosen, {each.list_id: each.name for each in lists})
    if not words:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":material/filter_alt: {escaped(' · '.join(words))}", width="content")
        if st.button(_("Clear all filters"), icon=":material/filter_alt_off:", type="tertiary"):
            clear_filters()


def clear_filters() -> None:
    """Go back to the whole list, in the order that was chosen."""
    for field in choices.FIELDS:
        if field not in ("order", "view"):
            st.session_state.pop(key(field), None)
    st.query_params.clear()
    st.rerun()
