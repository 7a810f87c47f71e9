"""Pieces that several pages draw alike: badges, banners, cards of targets."""

from html import escape
from pathlib import Path

import polars as pl
import streamlit as st

from lake.targets import TargetRow
from portal.data import light_curve
from portal.fmt import ago_text, escaped
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


def status_badge(status: str) -> None:
    """Show how a frame, upload or job stands."""
    colour, icon = STATUS_BADGES.get(status, ("gray", ":material/help:"))
    st.badge(status, color=colour, icon=icon)  # type: ignore[arg-type]


def target_link(name: str, *, icon: str | None = None) -> None:
    """Link to the page of a target without loading the portal again."""
    st.page_link(TARGET_PAGE, label=f"**{escaped(name)}**", icon=icon, query_params={"name": name})


def open_target(name: str) -> None:
    """Leave this page for the one of a target."""
    st.switch_page(TARGET_PAGE, query_params={"name": name})


def target_card(row: TargetRow) -> None:
    """Show a target in a box: name, class, small light curve, last magnitude."""
    target = row.target
    with st.container(border=True, height="stretch", gap="xsmall"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            target_link(target.name)
            if target.simulated:
                simulated_badge()
        st.image(
            thumbnail_svg(light_curve(target.target_id or 0)),
            width="stretch",
            alt=f"Small light curve of {target.name}",
        )
        st.caption(f"{escaped(target.classification)}  \n{last_seen(row)}")


def last_seen(row: TargetRow) -> str:
    """Return the last magnitude of a target and how old it is, as Markdown."""
    if row.last_mag is None:
        return "not observed yet"
    return f"**{row.last_mag:.2f}** {escaped(row.last_band)}, {ago_text(row.last_mjd)}"


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
