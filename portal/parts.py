"""Pieces that several pages draw alike: badges, banners, cards of targets."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from statistics import median

import polars as pl
import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.elements.lib.column_types import ColumnConfig

from lake.targets import TargetRow
from portal.fmt import ago_text, escaped
from portal.light_curve.moment import Moment, address_of, permalink
from portal.light_curve.thumbnails import sparkline_svg
from portal.one_target.classes import meaning_of
from portal.words import _

TARGET_PAGE = str(Path(__file__).resolve().parent / "pages" / "target.py")
FRAME_PAGE = str(Path(__file__).resolve().parent / "pages" / "frame.py")
_FEWEST_TO_COMPARE, _NOTEWORTHY_MAG = 4, 0.2
STATUS_BADGES: dict[str, tuple[str, str]] = {
    "measured": ("green", ":material/check_circle:"),
    "limit": ("blue", ":material/arrow_downward:"),
    "rejected": ("red", ":material/block:"),
    "failed": ("red", ":material/error:"),
    "dead": ("red", ":material/error:"),
    "received": ("gray", ":material/schedule:"),
    "waiting": ("gray", ":material/schedule:"),
    "working": ("violet", ":material/autorenew:"),
    "running": ("violet", ":material/autorenew:"),
    "done": ("green", ":material/check_circle:"),
    "cancelled": ("gray", ":material/cancel:"),
}


def point_columns() -> dict[str, str | ColumnConfig]:
    """Return how a table of points (:func:`portal.data.points_table`) is headed and shows its numbers."""
    return {
        "Time (UTC)": st.column_config.DatetimeColumn(
            _("Time (UTC)"), format="YYYY-MM-DD HH:mm:ss", pinned=True
        ),
        "MJD": st.column_config.NumberColumn(format="%.5f"),
        "Band": _("Band"),
        "Mag": st.column_config.NumberColumn(_("Mag"), format="%.3f"),
        "Error": st.column_config.NumberColumn(_("Error"), format="%.3f"),
        "Limit": st.column_config.NumberColumn(
            _("Limit"), format="%.2f", help=_("5 sigma: the target was fainter")
        ),
        "Observer": _("Observer"),
        "Facility": _("Facility"),
        "Source": _("Source"),
        "Remark": _("Remark"),
    }


def simulated_badge() -> None:
    """Mark what is made by simulation."""
    st.badge("simulated", icon=":material/science:", color="orange", help="Made by simulation, not observed.")


def simulated_banner(what: str) -> None:
    """Say in one line that what follows is not an observation."""
    st.warning(f"**Simulated.** {what}", icon=":material/science:")


def moment_banner(asked: Moment) -> None:
    """Say that a page shows an older version of the lake, and how to leave it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(
            f"**As of {escaped(asked.text)}.** You see the measurements as they stood on {asked.date} "
            f"(version {asked.version:,}).",
            icon=":material/history:",
        )
        if st.button("Back to now", icon=":material/update:", key="to_now"):
            del st.query_params["as_of"]
            st.rerun()


def permalink_popover(name: str) -> None:
    """Offer the address that shows a target for ever as it is shown now."""
    with st.popover("Permalink", icon=":material/link:", width="content"):
        st.code(permalink(name), language=None, wrap_lines=True)
        st.caption(
            "Shows the measurements as they are now, whatever comes later. Every version is kept for a "
            "while; for a paper, ask for a named snapshot: it is kept for ever."
        )


def status_badge(status: str) -> None:
    """Show how a frame, upload or job stands."""
    colour, icon = STATUS_BADGES.get(status, ("gray", ":material/help:"))
    st.badge(status, color=colour, icon=icon)  # type: ignore[arg-type]


def target_link(name: str, *, icon: str | None = None) -> None:
    """Link to the page of a target without loading the portal again."""
    st.page_link(TARGET_PAGE, label=f"**{escaped(name)}**", icon=icon, query_params=address_of(name=name))


def frame_link(frame_id: str, *, label: str = "The verdict in full") -> None:
    """Link to the page of one frame."""
    st.page_link(
        FRAME_PAGE, label=label, icon=":material/fact_check:", query_params=address_of(frame=frame_id)
    )


def open_target(name: str) -> None:
    """Leave this page for the one of a target."""
    st.switch_page(TARGET_PAGE, query_params=address_of(name=name))


def target_card(row: TargetRow) -> None:
    """Show a target in a box: name, class in one sentence, small light curve, last magnitude.

    All from the summary of the light curve, which stands in the list: nothing is read for it.
    """
    target = row.target
    with st.container(border=True, height="stretch", gap="xsmall"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            target_link(target.name)
            if target.simulated:
                simulated_badge()
        st.image(
            sparkline_svg(row.sparkline, row.last_band),
            width="stretch",
            alt=f"Small light curve of {target.name}",
        )
        st.markdown(_last_words(row))
        meaning = meaning_of(target.classification)
        st.caption(f"**{escaped(target.classification)}.** {escaped(meaning)}")


def _last_words(row: TargetRow) -> str:
    """Return the last magnitude of a light curve, how old it is, and what it does, as Markdown."""
    if row.last_mag is None:
        return "not observed yet"
    change = change_words(row.sparkline)
    words = f"**{row.last_mag:.2f}** {escaped(row.last_band)}, {ago_text(row.last_mjd)}"
    return f"{words}  \n{change}" if change else words


def change_words(mags: Sequence[float]) -> str:
    """Return in words how the newest of the magnitudes of a summary differs from their middle."""
    if len(mags) < _FEWEST_TO_COMPARE:
        return ""
    brightening_mag = median(mags) - mags[-1]
    if abs(brightening_mag) < _NOTEWORTHY_MAG:
        return "about as bright as usual"
    way = "brighter" if brightening_mag > 0 else "fainter"
    return f"{abs(brightening_mag):.1f} mag {way} than usual"


def box_of_one() -> DeltaGenerator:
    """Return the box of one thing in a list: what it is on its left, what can be done on its right."""
    return st.container(
        border=True,
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
        width=760,
    )


def fact_list(facts: dict[str, str]) -> None:
    """Show names and values side by side, the values as plain text."""
    rows = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts.items()
    )
    st.html(f"<style>{_FACTS_CSS}</style><dl class='tl-facts'>{rows}</dl>")


def credit_list(observers: pl.DataFrame) -> None:
    """Show who observed, with facility, number of points and bands."""
    shown = {
        _credit(who, facility): f"{count:,} · {bands}"
        for who, facility, count, bands in observers.select("who", "facility", "points", "bands").iter_rows()
    }
    fact_list(shown)


def _credit(who: str, facility: str) -> str:
    return who if facility in ("", who) else f"{who}, {facility}"


_FACTS_CSS = """
div > dl.tl-facts { margin: 0; padding: 0; font-size: 0.93rem; }
.tl-facts > div { display: grid; grid-template-columns: minmax(6.5rem, 38%) 1fr; gap: 0 0.9rem;
  padding: 0.42rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 13%, transparent); }
.tl-facts > div:last-child { border-bottom: 0; }
.tl-facts dt { opacity: 0.72; overflow-wrap: anywhere; }
.tl-facts dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
"""
