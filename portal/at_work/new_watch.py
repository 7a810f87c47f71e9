"""The form that adds a watch of a stream of alerts, for everybody who is signed in."""

import streamlit as st

from engine.brokers.streams.protocol import StreamInfo
from engine.errors import Rejected
from engine.target import parse_position
from lake.people.accounts import User
from portal.at_work import watching
from portal.fmt import escaped


def new_watch_form(user: User) -> None:
    """Show the form; what a stream cannot judge by is not asked for."""
    known = watching.streams()
    info = known[st.selectbox("Stream", list(known), key="watch_stream")]
    needs = f" It needs an account of this installation: {', '.join(info.accounts)}." if info.accounts else ""
    st.caption(escaped(info.basis + needs))
    with st.form("new_watch", border=False):
        name = st.text_input(
            "Name of the watch", max_chars=80, placeholder="such as: bright supernovae", key="watch_name"
        )
        criteria = _what(info) | _where()
        left, right = st.columns(2, vertical_alignment="bottom")
        least_h = info.least_every_h
        every_h = left.number_input(
            "Ask every (h)", least_h, 720.0, max(least_h, watching.DEFAULT_EVERY_H), 1.0
        )
        makes = right.toggle(
            "Make targets without me",
            help="Else everything is proposed here, and nothing becomes a target before somebody accepts it.",
        )
        sent = st.form_submit_button("Add watch", type="primary", icon=":material/add_alert:")
    if not sent:
        return
    refusal = _place_into(criteria)
    refusal = refusal or watching.make_watch(
        user, info, name, criteria, every_h=every_h, makes_targets=float(makes)
    )
    if refusal:
        st.warning(escaped(refusal), icon=":material/error:")
    else:
        st.session_state["watching_said"] = f"{name} is watched."
        st.rerun()


def _what(info: StreamInfo) -> dict[str, object]:
    """Ask what the objects are like."""
    word = info.class_words.capitalize()
    found: dict[str, object] = {
        "classification": st.text_input(
            word if info.needs_class else f"{word} (may stay empty)",
            max_chars=100,
            placeholder=f"such as: {', '.join(info.classes[:3])}",
        )
    }
    left, right = st.columns(2)
    found["newer_than_d"] = left.number_input("First seen in the last (d)", 0.1, 3650.0, 30.0)
    if info.tells_mag:
        found["brighter_than_mag"] = right.number_input("Brighter than (mag)", 0.0, 30.0, None, 0.5)
    if info.tells_probability:
        found["probability_min"] = st.number_input("Probability from", 0.0, 1.0, None, 0.1)
    if info.takes_conditions:
        found["conditions"] = st.text_area(
            "Conditions: the WHERE of a filter", max_chars=2000, height=80, key="watch_conditions"
        )
    return found


def _where() -> dict[str, object]:
    """Ask where on the sky."""
    columns = st.columns(3)
    names = {"dec_min_deg": "Dec from (°)", "dec_max_deg": "Dec up to (°)", "gal_lat_min_deg": "|b| from (°)"}
    found: dict[str, object] = {
        key: column.number_input(label, 0.0 if key == "gal_lat_min_deg" else -90.0, 90.0, None)
        for column, (key, label) in zip(columns, names.items(), strict=True)
    }
    columns = st.columns(3)
    found["ra"] = columns[0].text_input("Cone: RA", placeholder="anywhere")
    found["dec"] = columns[1].text_input("Cone: Dec", placeholder="anywhere")
    found["cone_radius_deg"] = columns[2].number_input("Radius (°)", 0.0001, 180.0, None)
    return found


def _place_into(criteria: dict[str, object]) -> str:
    """Put the cone's centre into the criteria as degrees; return a refusal, or an empty text."""
    ra, dec = str(criteria.pop("ra")), str(criteria.pop("dec"))
    if not ra.strip() and not dec.strip():
        return ""
    try:
        criteria["cone_ra_deg"], criteria["cone_dec_deg"] = parse_position(ra, dec)
    except Rejected as refusal:
        return refusal.reason
    return ""
