"""The form that adds a watch of a stream of alerts, for everybody who is signed in."""

import streamlit as st

from engine.brokers.streams.protocol import StreamInfo
from engine.errors import Rejected
from engine.target import parse_position
from lake.people.accounts import User
from portal.at_work import watching
from portal.fmt import escaped
from portal.words import _


def new_watch_form(user: User) -> None:
    """Show the form; what a stream cannot judge by is not asked for."""
    known = watching.streams()
    info = known[st.selectbox(_("Stream"), list(known), key="watch_stream")]
    about = [_(info.basis)]
    if info.accounts:
        accounts = ", ".join(info.accounts)
        about.append(_("It needs an account of this installation: {accounts}.", accounts=accounts))
    st.caption(escaped(" ".join(about)))
    with st.form("new_watch", border=False):
        example = _("such as: bright supernovae")
        name = st.text_input(_("Name of the watch"), max_chars=80, placeholder=example, key="watch_name")
        criteria = _what(info) | _where()
        left, right = st.columns(2, vertical_alignment="bottom")
        least_h = info.least_every_h
        every_h = left.number_input(
            _("Ask every (h)"), least_h, 720.0, max(least_h, watching.DEFAULT_EVERY_H), 1.0
        )
        makes = right.toggle(
            _("Make targets without me"),
            help=_(
                "Else everything is proposed here, and nothing becomes a target before somebody accepts it."
            ),
        )
        sent = st.form_submit_button(_("Add watch"), type="primary", icon=":material/add_alert:")
    if not sent:
        return
    refusal = _place_into(criteria)
    refusal = refusal or watching.make_watch(
        user, info, name, criteria, every_h=every_h, makes_targets=float(makes)
    )
    if refusal:
        st.warning(escaped(refusal), icon=":material/error:")
    else:
        st.session_state["watching_said"] = _("{watch} is watched.", watch=name)
        st.rerun()


def _what(info: StreamInfo) -> dict[str, object]:
    """Ask what the objects are like."""
    word = _(info.class_words).capitalize()
    found: dict[str, object] = {
        "classification": st.text_input(
            word if info.needs_class else _("{field} (may stay empty)", field=word),
            max_chars=100,
            placeholder=_("such as: {classes}", classes=", ".join(info.classes[:3])),
        )
    }
    left, right = st.columns(2)
    found["newer_than_d"] = left.number_input(_("First seen in the last (d)"), 0.1, 3650.0, 30.0)
    if info.tells_mag:
        found["brighter_than_mag"] = right.number_input(_("Brighter than (mag)"), 0.0, 30.0, None, 0.5)
    if info.tells_probability:
        found["probability_min"] = st.number_input(_("Probability from"), 0.0, 1.0, None, 0.1)
    if info.takes_conditions:
        conditions = _("Conditions: the WHERE of a filter")
        found["conditions"] = st.text_area(conditions, max_chars=2000, height=80, key="watch_conditions")
    return found


def _where() -> dict[str, object]:
    """Ask where on the sky."""
    columns = st.columns(3)
    names = {
        "dec_min_deg": _("Dec from (°)"),
        "dec_max_deg": _("Dec up to (°)"),
        "gal_lat_min_deg": _("|b| from (°)"),
    }
    found: dict[str, object] = {
        key: column.number_input(label, 0.0 if key == "gal_lat_min_deg" else -90.0, 90.0, None)
        for column, (key, label) in zip(columns, names.items(), strict=True)
    }
    columns = st.columns(3)
    found["ra"] = columns[0].text_input(_("Cone: RA"), placeholder=_("anywhere"))
    found["dec"] = columns[1].text_input(_("Cone: Dec"), placeholder=_("anywhere"))
    found["cone_radius_deg"] = columns[2].number_input(_("Radius (°)"), 0.0001, 180.0, None)
    return found


def _place_into(criteria: dict[str, object]) -> str:
    """Put the cone's centre into the criteria as degrees; return a refusal, or an empty text."""
    ra, dec = str(criteria.pop("ra")), str(criteria.pop("dec"))
    if not ra.strip() and not dec.strip():
        return ""
    try:
        criteria["cone_ra_deg"], criteria["cone_dec_deg"] = parse_position(ra, dec)
    except Rejected as refusal:
        return _(refusal.reason)
    return ""
