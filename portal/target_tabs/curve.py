"""The part of a target's page that draws its light curve, and the switches of how."""

import streamlit as st

from engine.errors import Rejected
from engine.target import Target
from lake.people.accounts import User
from portal import bodies, curves
from portal.fmt import plural
from portal.looks import (
    ABSOLUTE,
    BRIGHTNESSES,
    COLOUR_COLUMNS,
    DISTANCE_UNITS,
    MAGNITUDE,
    PARSECS,
    Look,
    look_of,
)


def curve_tab(target: Target, user: User | None) -> None:
    """Show the light curve of a target, and below it what has scales of its own."""
    look = _switches()
    many = curves.is_long(curves.light_curve(target.target_id or 0, user))
    every_point = many and st.toggle("Show every point (slower)", key="every_point")
    chart = curves.chart_of(target.target_id or 0, user, every_point=every_point, look=look)
    if chart is None:
        with st.container(border=True):
            st.markdown(
                "**No light curve yet.** Archives and frames add points as they come."
                if look.is_plain
                else "**Nothing to show like this.** No band of this light curve says what was asked for."
            )
    else:
        _draw(target, chart, look)
    _reduced(target, user)
    for panel in curves.flux_panels(target.target_id or 0, user):
        st.vega_lite_chart(
            panel.rows,
            panel.spec,
            key=f"flux_{panel.unit}",
            alt=f"Light curve of {target.name} in {panel.unit}: {panel.rows.height} points",
        )


def _switches() -> Look:
    """Return what the visitor switched on; what cannot be is told, and the plain chart drawn."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        brightness = st.segmented_control(
            "Brightness",
            BRIGHTNESSES,
            default=MAGNITUDE,
            required=True,
            key="look_brightness",
            label_visibility="collapsed",
        )
        colour_by = st.selectbox(
            "Colour by",
            list(COLOUR_COLUMNS),
            key="look_colour",
            format_func=lambda name: f"Colour by {name.lower()}",
            label_visibility="collapsed",
            width=210,
        )
        ebv_mag, distance, unit = _dust_and_distance()
    try:
        return look_of(
            brightness=brightness or MAGNITUDE,
            colour_by=colour_by,
            ebv_mag=ebv_mag,
            distance=distance,
            unit=unit,
        )
    except Rejected as refusal:
        st.warning(refusal.reason, icon=":material/error:")
        return Look()


def _dust_and_distance() -> tuple[float, float, str]:
    """Return the reddening [mag], the distance and its unit that stand in the fields."""
    with st.popover("Dust and distance", icon=":material/tune:"):
        ebv_mag = st.number_input(
            "Reddening E(B−V) [mag]",
            min_value=0.0,
            max_value=10.0,
            value=0.0,
            step=0.01,
            format="%.3f",
            key="look_ebv",
            help="How much redder dust of the Milky Way makes the target. Maps of dust tell it.",
        )
        distance = st.number_input("Distance", min_value=0.0, value=10.0, format="%.6g", key="look_distance")
        unit = st.segmented_control(
            "Given as", DISTANCE_UNITS, default=PARSECS, required=True, key="look_distance_unit"
        )
        st.caption("Both stay in this tab. A redshift counts by the cosmology of Planck 2018.")
    return ebv_mag, distance, unit or PARSECS


def _draw(target: Target, chart: curves.Chart, look: Look) -> None:
    st.vega_lite_chart(
        chart.rows,
        chart.spec,
        key="light_curve",
        alt=f"Light curve of {target.name}: {chart.points} points",
    )
    by = look.colour_by.lower()
    st.caption(
        f"Scroll to zoom, drag to move, double-click to reset. Click a name of the {by} legend to see only "
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
    st.subheader("Reduced magnitude")
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
