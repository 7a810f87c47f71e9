"""The part of a target's page that draws its light curve, and the switches of how."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from engine.target import Target
from lake.people.accounts import User
from portal.light_curve import curves
from portal.light_curve.chosen_points import chosen_points
from portal.light_curve.curve_switches import Shown, switches
from portal.light_curve.looks import ABSOLUTE, Look
from portal.light_curve.views import BRUSH, PICKED, boxes_of
from portal.one_target import bodies
from portal.one_target.summary import summary_of
from portal.words import _, marked, several

_LEGENDS = {  # by what the colours stand for
    "Band": marked("Click a name of the band legend to see only it, shift-click to add another."),
    "Observatory": marked(
        "Click a name of the observatory legend to see only it, shift-click to add another."
    ),
    "Observer": marked("Click a name of the observer legend to see only it, shift-click to add another."),
    "Archive": marked("Click a name of the archive legend to see only it, shift-click to add another."),
}


def curve_tab(target: Target, user: User | None) -> None:
    """Show the light curve of a target, and below it what has scales of its own."""
    summary = summary_of(target.target_id or 0, user)
    shown = switches(summary.sources, is_long=curves.is_long(summary.points))
    chart = curves.chart_of(
        target.target_id or 0, user, every_point=shown.every_point, look=shown.look, view=shown.view
    )
    if chart is None:
        with st.container(border=True):
            st.markdown(
                _("**No light curve yet.** Archives and frames add points as they come.")
                if not summary.points
                else _("**Nothing to show like this.** No point of this light curve is what was asked for.")
            )
    else:
        _draw(target, user, chart, shown)
    _reduced(target, user)
    for panel in curves.flux_panels(target.target_id or 0, user, view=shown.view):
        st.vega_lite_chart(
            panel.rows,
            panel.spec,
            key=f"flux_{panel.unit}",
            alt=several(
                "Light curve of {target} in {unit}: {count} point",
                "Light curve of {target} in {unit}: {count} points",
                panel.rows.height,
                target=target.name,
                unit=panel.unit,
            ),
        )


def _draw(target: Target, user: User | None, chart: curves.Chart, shown: Shown) -> None:
    look = shown.look
    st.space("xsmall")  # else the chart's own buttons lie on the switches
    state: Mapping[str, Any] = st.vega_lite_chart(
        chart.rows,
        chart.spec,
        key="light_curve",
        alt=several(
            "Light curve of {target}: {count} point",
            "Light curve of {target}: {count} points",
            chart.points,
            target=target.name,
        ),
        on_select="rerun",
        selection_mode=[BRUSH, PICKED],
    )
    st.caption(" ".join([*_hand_words(shown), *_chart_words(chart), *_look_words(look)]))
    boxes = boxes_of(state["selection"])
    if boxes:
        found = curves.points_within(target.target_id or 0, user, look, shown.view, boxes)
        chosen_points(target, user, found)


def _hand_words(shown: Shown) -> list[str]:
    """Return what a hand can do with the chart."""
    words = [
        _("Drag over points to list them, shift-drag to move; scroll to zoom, double-click to reset.")
        if shown.view.drag_chooses
        else _(
            "Scroll to zoom, drag to move, double-click to reset. "
            "Shift-drag over points, or click one, to list and download them."
        )
    ]
    return [*words, _(_LEGENDS[shown.look.colour_by])]


def _chart_words(chart: curves.Chart) -> list[str]:
    """Return what the marks are, and what is left out."""
    words = [_("Open triangles are limits: the target was fainter.")]
    if chart.is_binned:
        words.append(_("Each mark is the median of a short interval."))
    if chart.repeats:
        words.append(
            several(
                "Not drawn: {count} repeat by others.", "Not drawn: {count} repeats by others.", chart.repeats
            )
        )
    if chart.unknown > 0:
        words.append(
            several(
                "Not drawn: {count} point of bands that do not tell this.",
                "Not drawn: {count} points of bands that do not tell this.",
                chart.unknown,
            )
        )
    return words


def _look_words(look: Look) -> list[str]:
    words = []
    if look.ebv_mag:
        ebv = f"{look.ebv_mag:.3f}"
        words.append(_("Dust is taken away by E(B−V) = {ebv} with R(V) = 3.1.", ebv=ebv))
    if look.brightness == ABSOLUTE:
        words.append(
            _(
                "As from 10 pc: the distance modulus is {modulus} mag, without K correction.",
                modulus=f"{look.modulus_mag:.2f}",
            )
        )
    return words


def _reduced(target: Target, user: User | None) -> None:
    phases = bodies.reduced_chart(target, user)
    if phases is None:
        return
    st.header(_("Reduced magnitude"))
    st.vega_lite_chart(
        phases.rows,
        phases.spec,
        key="reduced_magnitude",
        alt=several(
            "Reduced magnitude of {target} against phase angle: {count} point",
            "Reduced magnitude of {target} against phase angle: {count} points",
            phases.points,
            target=target.name,
        ),
    )
    words = [_("As bright as it would be at 1 au from Sun and Earth, by distances of JPL Horizons.")]
    if phases.one_of > 1:
        words.append(_("One of {number} points is drawn.", number=phases.one_of))
    st.caption(" ".join(words))
