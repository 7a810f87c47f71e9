"""The part of a target's page that lists its points, all or some, and hides those that are wrong."""

from functools import partial

import polars as pl
import streamlit as st

from engine.target import Target
from lake.hiding import hidden_points, hide_points, may_hide, show_points
from lake.people.accounts import User
from portal import data
from portal.deed import outcome
from portal.fmt import escaped
from portal.light_curve import curves
from portal.light_curve.chosen_points import csv_button
from portal.light_curve.moment import moment, read_version
from portal.opened import lake
from portal.parts import point_columns
from portal.words import _, marked, several

ALL, REMARKED, HIDDEN = marked("All"), marked("With a remark"), marked("Hidden")
_TOLD = "points_told"
_NARROWED_BY = {"band": marked("Band"), "source": marked("Archive"), "observer": marked("Observer")}
_TICKS = "points_ticks"
_REASON_MAX_CHARS = 300


def points_tab(target: Target, user: User | None) -> None:
    """Show the points of the light curve as rows, those that the visitor asks for."""
    told = st.session_state.pop(_TOLD, "")
    if told:
        st.info(escaped(told))
    which, points = _asked(target, user)
    table = data.points_table(points)
    ticked = st.dataframe(
        table,
        hide_index=True,
        placeholder="–",
        height=560 if len(points) > 14 else "auto",
        alt=several("Table of {count} point", "Table of {count} points", len(points)),
        column_config=point_columns(),
        on_select="rerun",
        selection_mode="multi-row",
        key=f"{_TICKS}_{st.session_state.get(_TICKS, 0)}",
    ).selection.rows
    chosen = data.newest_first(points)[[row for row in ticked if row < len(points)]]
    st.caption(_what_is_shown(len(points), len(chosen)))
    with st.container(horizontal=True):
        csv_button(target, user, chosen if len(chosen) else points, key="points_csv")
        if len(chosen) and moment() is None and user and may_hide(lake(), target, chosen, user):
            _change(target, user, chosen["point_id"].to_list(), is_hidden=which == HIDDEN)


def _asked(target: Target, user: User | None) -> tuple[str, pl.DataFrame]:
    """Draw what narrows the list; return which kind of points is asked for, and the points."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        kinds = [ALL, REMARKED, HIDDEN]
        which = st.segmented_control(
            _("Points"), kinds, default=ALL, required=True, key="points_which", format_func=_
        )
        target_id = target.target_id or 0
        points = (
            hidden_points(lake(), target_id, user, as_of=read_version())
            if which == HIDDEN
            else curves.light_curve(target_id, user)
        )
        if which == REMARKED:
            points = points.filter(pl.col("flags") != 0)
        for column, title in _NARROWED_BY.items():
            there = points[column].drop_nulls().unique().sort().to_list()
            if len(there) > 1:
                wanted = st.multiselect(
                    _(title), there, key=f"points_{column}", placeholder=_("Any"), width=190
                )
                points = points.filter(pl.col(column).is_in(wanted)) if wanted else points
    return which or ALL, points


def _what_is_shown(points: int, chosen: int) -> str:
    shown = several("{count} point", "{count} points", points)
    if chosen:
        return _("{points}, {chosen} ticked", points=shown, chosen=chosen)
    return (
        _("{points} · tick rows to take or hide some", points=shown)
        if points
        else _("No point is like this.")
    )


def _change(target: Target, user: User, point_ids: list[int], *, is_hidden: bool) -> None:
    """Offer to hide the ticked points, or to show them again."""
    if is_hidden:
        if st.button(_("Show again"), icon=":material/visibility:", key="points_show"):
            act = partial(show_points, lake(), target, point_ids, user=user)
            _done(outcome(act, _("The points are back in the light curve.")))
        return
    with st.popover(_("Hide"), icon=":material/visibility_off:"):
        st.caption(
            _(
                "Hidden points leave the light curve, the downloads and the public lake. They stay in the "
                "lake, are listed here under Hidden, and come back whenever you want."
            )
        )
        reason = st.text_input(
            _("What is wrong with them?"), max_chars=_REASON_MAX_CHARS, key="points_reason"
        )
        if st.button(_("Hide them"), type="primary", key="points_hide"):
            act = partial(hide_points, lake(), target, point_ids, reason=reason, user=user)
            _done(outcome(act, _("The points are hidden.")))


def _done(told: str) -> None:
    st.session_state[_TOLD] = told
    st.session_state[_TICKS] = st.session_state.get(_TICKS, 0) + 1  # the rows moved: no old tick may stay
    st.rerun()
