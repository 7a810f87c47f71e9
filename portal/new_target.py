"""The form that adds a target, for everybody who is signed in."""

from datetime import UTC, datetime, time

import streamlit as st

from engine.errors import Rejected
from engine.target import CLASSES, DESCRIPTION_MAX_CHARS, NAME_MAX_CHARS, Target, Visibility, parse_position
from engine.times import mjd_of
from lake.accounts import User
from lake.adding import add_target
from portal.fmt import escaped
from portal.opened import lake
from portal.parts import open_target


def new_target_form(user: User) -> None:
    """Show the form; the target's own page opens when it was added, and its archives are asked at once."""
    with st.form("new_target", border=False):
        name = st.text_input("Name", max_chars=NAME_MAX_CHARS, placeholder="such as: Gaia22dkv")
        left, right = st.columns(2)
        ra = left.text_input("RA", placeholder="10:07:04.45 or 151.76854")
        dec = right.text_input("Dec", placeholder="-66:10:51.2 or -66.18089")
        left, right = st.columns(2)  # a row of its own, so that a phone keeps the order
        classification = left.selectbox("Class", CLASSES)
        importance = right.number_input("Importance", 0.0, 10.0, 5.0, 0.5)
        description = st.text_area("Why is it worth watching?", max_chars=DESCRIPTION_MAX_CHARS, height=80)
        left, right = st.columns(2, vertical_alignment="bottom")
        is_private = left.toggle("Private: only you and staff see it")
        embargo = right.date_input("Embargo until", value=None, min_value="today", help="Public from then on")
        sent = st.form_submit_button("Add target", type="primary", icon=":material/add:")
    if not sent:
        return
    try:
        ra_deg, dec_deg = parse_position(ra, dec)
        wanted = Target(
            name=name,
            ra_deg=ra_deg,
            dec_deg=dec_deg,
            classification=classification,
            importance=importance,
            description=description,
            visibility=Visibility.PRIVATE if is_private else Visibility.PUBLIC,
            embargo_until_mjd=mjd_of(datetime.combine(embargo, time(), UTC)) if embargo else None,
        )
        target = add_target(lake(), wanted, by=user.username)
    except Rejected as refusal:
        st.warning(escaped(refusal.reason), icon=":material/error:")
        return
    open_target(target.name)
