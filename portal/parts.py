"""Pieces that several pages draw alike: badges, banners, cards of targets."""

from html import escape
from pathlib import Path

import polars as pl
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lake.targets import TargetRow
from portal.curves import light_curve
from portal.data import last_seen
from portal.fmt import ago_text, escaped
from portal.moment import Moment, address_of, permalink
from portal.thumbnails import thumbnail_svg

TARGET_PAGE = str(Path(__file__).resolve().parent / "pages" / "target.py")
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


def open_target(name: str) -> None:
    """Leave this page for the one of a target."""
    st.switch_page(TARGET_PAGE, query_params=address_of(name=name))


def target_card(row: TargetRow) -> None:
    """Show a target in a box: name, class, small light curve, last magnitude."""
    target, points = row.target, light_curve(row.target.target_id or 0)
    with st.container(border=True, height="stretch", gap="xsmall"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            target_link(target.name)
            if target.simulated:
                simulated_badge()
        st.image(
            thumbnail_svg(points),
            width="stretch",
            alt=f"Small light curve of {target.name}",
        )
        st.caption(f"{escaped(target.classification)}  \n{_last_words(points)}")


def _last_words(points: pl.DataFrame) -> str:
    """Return the last magnitude of a light curve and how old it is, as Markdown."""
    last = last_seen(points)
    return f"**{last.mag:.2f}** {escaped(last.band)}, {ago_text(last.mjd)}" if last else "not observed yet"


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
