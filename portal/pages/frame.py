"""The verdict on one frame: what it looks like, what it is worth, and how its stars agree."""

import streamlit as st

from portal.at_work.work import is_finished, is_simulated
from portal.fmt import MISSING, escaped
from portal.frame import frame_sections as sections
from portal.frame import frames
from portal.parts import simulated_badge, status_badge
from portal.session import current_user, still_current
from portal.words import _

POLL_S = 2.0

user = current_user()
asked = st.query_params.get(frames.FRAME, "")
shown = frames.page_of(asked, user)
if shown is None:
    st.title(_("No such frame"))
    if asked:
        st.text(_("There is no frame {name} here.", name=repr(asked[:40])))
    else:
        st.text(_("No frame was named."))
    st.page_link("../pages/upload.py", label=_("Upload"), icon=":material/upload:")
    st.stop()

verdict, sent = shown.verdict, shown.sent
with st.container(gap="xsmall"):
    st.title(escaped(sent.filename))
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        status_badge(verdict.status if verdict else sent.status)
        if verdict and verdict.band:
            st.badge(escaped(verdict.band), color="violet")
        if sent.dry_run:
            st.badge(_("trial, not in the light curve"), color="gray", icon=":material/labs:")
        if sent.visibility != "public":
            st.badge(_(sent.visibility.value), color="gray", icon=":material/lock:")
        if is_simulated(sent, user):
            simulated_badge()
    if len(shown.planes) > 1:
        with st.container(horizontal=True, gap="small"):
            for frame_id in shown.planes:
                st.page_link(
                    "../pages/frame.py",
                    label=_("Colour {plane}", plane=frame_id.rpartition("-")[2]),
                    query_params=frames.frame_address(frame_id),
                    disabled=verdict is not None and frame_id == verdict.frame_id,
                )

if not is_finished(sent):

    @st.fragment(run_every=POLL_S)
    def follow() -> None:
        """Say how far the measurement is; when it ends, the page comes anew."""
        still_current(user)
        now = frames.page_of(asked, user)
        if now is None or is_finished(now.sent):
            st.rerun()
        else:
            words = escaped(_(now.sent.step)) or _("waits for a worker")
            st.progress(min(max(now.sent.progress, 0.0), 1.0), text=words)

    follow()

left, right = st.columns([1.5, 1], gap="large")
with left:
    sections.picture(shown)
with right:
    if verdict is not None:
        st.header(_(verdict.headline), anchor=False)
        credit = (verdict.when, verdict.observer, verdict.facility)
        st.caption(escaped(" · ".join(word for word in credit if word not in ("", MISSING))))
    sections.worth(shown)

sections.star_charts(shown)
left, right = st.columns([1.5, 1], gap="large")
with left:
    sections.bands(shown)
    sections.first_look(shown)
    sections.close_up(shown)
with right:
    sections.given(shown)
    sections.files(shown)
    sections.numbers(shown, user)
