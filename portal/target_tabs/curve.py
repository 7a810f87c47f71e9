"""The part of a target's page that draws its light curve, and the switches of how."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from engine.target import Target
from lake.people.accounts import User
from portal.fmt import plural
from portal.light_curve import curves
from portal.light_curve.chosen_points import chosen_points
from portal.light_curve.curve_switches import Shown, switches
from portal.light_curve.looks import ABSOLUTE, Look
from portal.light_curve.views import BRUSH, PICKED, boxes_of
from portal.one_target import bodies


def curve_tab(target: Target, user: User | None) -> None:
    """Show the light curve of a target, and below it what has scales of its own."""
    points = curves.light_curve(target.target_id or 0, user)
    shown = switches(sorted(points["source"].unique()), is_long=curves.is_long(points))
    chart = curves.chart_of(
        target.target_id or 0, user, every_point=shown.every_point, look=shown.look, view=shown.view
    )
    if chart is None:
        with st.container(border=True):
            st.markdown(
                "**No light curve yet.** Archives and frames add points as they come."
                if points.is_empty()
                else "**Nothing to show like this.** No point of this light curve is what was asked for."
            )
    else:
        _draw(target, user, chart, shown)
    _reduced(target, user)
    for panel in curves.flux_panels(target.target_id or 0, user, view=shown.view):
        st.vega_lite_chart(
            panel.rows,
            panel.spec,
            key=f"flux_{panel.unit}",
            alt=f"Light curve of {target.name} in {panel.unit}: {panel.rows.height} points",
        )


def _draw(target: Target, user: User | None, chart: curves.Chart, shown: Shown) -> None:
    look = shown.look
    st.space("xsmall")  # else the chart's own buttons lie on the switches
    state: Mapping[str, Any] = st.vega_lite_chart(
        chart.rows,
        chart.spec,
        key="light_curve",
        alt=f"Light curve of {target.name}: {chart.points} points",
        on_select="rerun",
        selection_mode=[BRUSH, PICKED],
    )
    by = look.colour_by.lower()
    st.caption(
        f"{_hand_words(shown)} Click a name of the {by} legend to see only "
        "it, shift-click to add another. Open triangles are limits: the target was fainter."
        + (" Each mark is the median of a short interval." if chart.is_binned else "")
        + (f" Not drawn: {plural(chart.repeats, 'repeat')} by others." if chart.repeats else "")
        + (
            f" Not drawn: {plural(chart.unknown, 'point')} of bands that do not tell this."
            if chart.unknown > 0
            else ""
        )
        + _look_words(look)
    )
    boxes = boxes_of(state["selection"])
    if boxes:
        found = curves.points_within(target.target_id or 0, user, look, shown.view, boxes)
        chosen_points(target, user, found)


def _hand_words(shown: Shown) -> str:
    if shown.view.drag_chooses:
        return "Drag over points to list them, shift-drag to move; scroll to zoom, double-click to reset."
    return (
        "Scroll to zoom, drag to move, double-click to reset. "
        "Shift-drag over points, or click one, to list and download them."
    )


def _look_words(look: Look) -> str:
    words = ""
    if look.ebv_mag:
        words += f" Dust is taken away by E(B−V) = {look.ebv_mag:.3f} with R(V) = 3.1."
    if look.brightness == ABSOLUTE:
        words += f" As from 10 pc: the distance modulus is {look.modulus_mag:.2f} mag, without K correction."
    return words


def _reduced(target: Target, user: User | None) -> None:
    phases = bodies.reduced_chart(target, user)
    if phases is None:
        return
    st.header("Reduced magnitude")
    st.vega_lite_chart(
        phases.rows,
        phases.spec,
        key="reduced_magnitude",
        alt=f"Reduced magnitude of {target.name} against phase angle: {phases.points} points",
    )
    st.caption(
        "As bright as it would be at 1 au from Sun and Earth, by distances of JPL Horizons."
        + (f" One of {phases.one_of} points is drawn." if phases.one_of > 1 else "")
    )
