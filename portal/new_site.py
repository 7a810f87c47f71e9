"""The forms that register a telescope with its camera, and import many from a CSV."""

from collections.abc import Callable

import streamlit as st

from engine.frame import Camera
from lake.observatories import Observatory
from lake.people.accounts import User
from portal import sites
from portal.fmt import escaped, plural


def new_site_form(user: User, say: Callable[[str], None]) -> None:
    """Ask for an observatory and its camera; of one that is there only the name is looked at."""
    with st.form("new_site", border=False):
        name = st.text_input("Observatory", max_chars=100, help="One that is here, or a new one")
        left, middle, right = st.columns(3)
        lon_deg = left.number_input("Longitude (°, East +)", -180.0, 360.0, 0.0, format="%.5f")
        lat_deg = middle.number_input("Latitude (°)", -90.0, 90.0, 0.0, format="%.5f")
        altitude_m = right.number_input("Altitude (m)", -500.0, 10_000.0, 0.0, format="%.0f")
        left, right = st.columns(2)
        telescope = left.text_input("Telescope", max_chars=100)
        aperture_m = right.number_input("Aperture (m)", 0.01, 100.0, None)
        acknowledgement = st.text_area("What papers write to thank it", max_chars=2000, height=80)
        camera = st.text_input("Camera", max_chars=100)
        left, right = st.columns(2)
        gain = left.number_input("Gain (e/ADU)", 0.0001, 1000.0, None)
        noise = right.number_input("Read noise (e)", 0.0, 1000.0, None)
        left, right = st.columns(2)
        saturation = left.number_input("Saturation (ADU)", 1.0, 1e9, None)
        scale = right.number_input("Pixel scale (arcsec)", 0.001, 1000.0, None)
        sent = st.form_submit_button("Register", type="primary", icon=":material/add:")
    if sent:
        site = Observatory(
            name=name,
            longitude_deg=lon_deg,
            latitude_deg=lat_deg,
            altitude_m=altitude_m,
            telescope=telescope,
            aperture_m=aperture_m,
            acknowledgement=acknowledgement,
        )
        facts = Camera(
            name=camera,
            gain_e_adu=gain,
            read_noise_e=noise,
            saturation_adu=saturation,
            pixel_scale_arcsec=scale,
        )
        say(sites.register(user, site, facts))


def import_form(user: User, say: Callable[[str], None]) -> None:
    """Ask for a CSV, show the verdict on every row, and store all of them when asked."""
    st.caption(f"A header and one row for each camera. Columns: {escaped(sites.CSV_COLUMNS)}.")
    file = st.file_uploader("CSV", type="csv", key="sites_csv", max_upload_size=1)
    pasted = st.text_area("Or its text", key="sites_text", height=100, max_chars=1_000_000)
    body = file.getvalue() if file is not None else pasted.encode()
    if not body.strip():
        return
    made, refusal = sites.judged(user, body, is_stored=False)
    if made is None:
        st.warning(escaped(refusal), icon=":material/error:")
        return
    st.dataframe(sites.verdict_table(made), hide_index=True, alt="The verdict on every row")
    if made.refused:
        st.warning(
            f"{plural(made.refused, 'row')} cannot be: mend them, nothing is stored before.",
            icon=":material/error:",
        )
    elif st.button(f"Store all {len(made.rows)}", type="primary", key="sites_store"):
        stored, refusal = sites.judged(user, body, is_stored=True)
        is_done = stored is not None and stored.is_stored
        say("All rows were stored." if is_done else refusal or "Somebody was quicker: look at the rows anew.")
