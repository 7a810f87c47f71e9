"""One camera of an observatory: in words and charts, how far its magnitudes can be trusted."""

import polars as pl
import streamlit as st

from portal.fmt import escaped
from portal.observing import accuracy_charts as charts
from portal.observing import telescopes
from portal.parts import fact_list, simulated_badge
from portal.session import current_user
from portal.vega import Spec
from portal.words import _, marked, several

user = current_user()
asked = st.query_params.get("camera", "")
shown = telescopes.camera_page(asked, user) if asked else None
if shown is None:
    st.title(_("No such camera"))
    if asked:
        st.text(_("No camera is registered as {name}.", name=repr(asked[:100])))
    else:
        st.text(_("No camera was named."))
    st.page_link("../pages/observatories.py", label=_("See all observatories"), icon=":material/arrow_back:")
    st.stop()

place, oname, found = shown.registered.observatory, shown.registered.oname, shown.accuracy
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
    with st.container(width="content", gap="xsmall"):
        st.title(escaped(place.name))
        with st.container(horizontal=True, gap="xsmall"):
            st.badge(escaped(shown.registered.camera.name), icon=":material/photo_camera:", color="violet")
            if place.telescope:
                st.badge(escaped(place.telescope), icon=":material/visibility:", color="blue")
            if not shown.registered.is_active:
                st.badge(_("not active any more"), icon=":material/block:", color="gray")
            if not shown.registered.is_approved:
                st.badge(_("waits for staff"), icon=":material/schedule:", color="gray")
            if place.simulated:
                simulated_badge()
    with st.container(horizontal=True, width="content"):
        if user is not None and shown.registered.is_active:
            st.button(
                _("Favourite") if shown.is_favourite else _("Keep at hand"),
                icon=":material/star:" if shown.is_favourite else ":material/star_border:",
                key="keep",
                on_click=telescopes.keep,
                args=(oname,),
                kwargs={"wanted": not shown.is_favourite},
            )
        st.page_link("../pages/observatories.py", label=_("All observatories"), icon=":material/arrow_back:")

others = [name for name in shown.siblings if name != oname]
if others:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.caption(_("Other cameras here"), width="content")
        for other in others:
            st.page_link(
                "../pages/camera.py",
                label=escaped(other),
                icon=":material/photo_camera:",
                query_params=telescopes.camera_address(other),
            )

with st.container(border=True, gap="xsmall"):
    for number, sentence in enumerate(shown.sentences):
        said = escaped(_(sentence))
        st.markdown(f"**{said}**" if number == 0 else said)
    st.caption(
        several(
            "From {count} frame that you may see: {period}.",
            "From {count} frames that you may see: {period}.",
            found.frames,
            period=escaped(telescopes.period_text(found)),
        )
    )
with st.container(horizontal=True, gap="small"):
    for label, value in telescopes.headline_numbers(found).items():
        st.metric(label, value, border=True, width=166)


def panel(title: str, words: str, rows: pl.DataFrame, spec: Spec) -> None:
    """Show one chart below its title and what it means."""
    with st.container(gap=None):
        st.markdown(f"**{_(title)}**")
        st.caption(_(words))
    alt = _("{chart} of {camera}", chart=_(title), camera=oname)
    st.vega_lite_chart(rows, spec, key=f"chart_{title}", alt=alt)


by_mag, by_colour = charts.stars_by_mag(found), charts.stars_by_colour(found)
if len(by_mag):
    bands = charts.bands_of(by_mag)
    left, right = st.columns(2, gap="large")
    with left:
        panel(
            marked("Precision"),
            marked("How much stars of one brightness scatter round the catalogue. Lower is better."),
            by_mag,
            charts.rms_spec(bands),
        )
    with right:
        panel(
            marked("Honesty of errors"),
            marked("Real scatter over the errors that points carry: honest at the line, too small above it."),
            by_mag,
            charts.honesty_spec(bands),
        )
if len(found.nights):
    bands = charts.bands_of(found.nights)
    left, right = st.columns(2, gap="large")
    with left:
        panel(
            marked("Zero point"),
            marked(
                "One dot a night and band, against its median. Clouds push down for a night, dust for months."
            ),
            charts.zero_points(found),
            charts.zero_point_spec(bands),
        )
    with right:
        panel(
            marked("Depth"),
            marked("The 5 sigma limit, one dot a night and band. Higher is deeper."),
            found.nights,
            charts.nights_spec("limit_mag", _("limit [mag]"), bands),
        )
    left, right = st.columns(2, gap="large")
    with left:
        panel(
            marked("Seeing"),
            marked("How wide stars are: sky, focus and tracking together. Lower is sharper."),
            found.nights,
            charts.nights_spec("seeing_arcsec", _("seeing [″]"), bands),
        )
    with right:
        if len(by_colour):
            panel(
                marked("Offset against colour"),
                marked("What the colour term left over: a slope makes red and blue stars disagree."),
                by_colour,
                charts.colour_spec(charts.bands_of(by_colour)),
            )

why, what = st.columns(2, gap="large")
with why:
    st.header(_("Frames that gave no point"))
    if found.rejected:
        fact_list(telescopes.failures_listed(found))
    else:
        st.caption(_("None so far."))
    if place.acknowledgement:
        st.header(_("Acknowledgement"))
        st.caption(_("Whoever publishes with these frames is asked to write:"))
        st.code(place.acknowledgement, language=None, wrap_lines=True)
with what:
    st.header(_("Telescope and camera"))
    fact_list(telescopes.facts_of_camera(shown))
