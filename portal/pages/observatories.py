"""Observatories: telescopes and cameras, which of them are at hand, and how to add one."""

import streamlit as st

from portal import sites
from portal.fmt import escaped
from portal.new_site import import_form, new_site_form
from portal.parts import fact_list, simulated_badge
from portal.session import current_user

AT_ONCE = 20


def say(words: str) -> None:
    """Tell the person what happened, above the list as it stands after it."""
    st.session_state["sites_said"] = words
    st.rerun()


user = current_user()
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
    st.title("Observatories", width="content")
    if user is not None:
        with st.container(horizontal=True, width="content"):
            with st.popover("Register a camera", icon=":material/add:", width="content"):
                new_site_form(user, say)
            with st.popover("Import a CSV", icon=":material/upload_file:", width="content"):
                import_form(user, say)
st.markdown(
    "A registered camera adds what headers do not say. Uploads name it by its ONAME. New ones wait for "
    "staff; until then their frames are measured, and the verdicts say so.",
    width=760,
)
told = st.session_state.pop("sites_said", "")
if told:
    st.info(escaped(told), icon=":material/info:")

with st.container(horizontal=True, vertical_alignment="bottom"):
    part = st.text_input("Name or ONAME contains", key="sites_part", icon=":material/search:", width=260)
    only_mine = user is not None and st.toggle("Only those at hand", key="sites_mine")
at_hand = sites.favourite_onames(user)
found = [
    site
    for site in sites.sites(part=part)
    if not only_mine or any(camera.values["oname"] in at_hand for camera in site.cameras)
]
pages = max(1, -(-len(found) // AT_ONCE))
page = min(int(st.session_state.get("sites_page", 1)), pages)
if not found:
    with st.container(border=True, width=760):
        st.markdown("**No observatory fits.**" if part or only_mine else "**No observatory yet.**")
for site in found[(page - 1) * AT_ONCE : page * AT_ONCE]:
    with st.container(border=True, width=760):
        st.subheader(escaped(str(site.values["name"])), anchor=False)
        for camera in site.cameras:
            if not camera.values["is_active"]:
                continue
            oname = str(camera.values["oname"])
            with st.container(
                horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
            ):
                with st.container(horizontal=True, width="content", vertical_alignment="center"):
                    st.code(oname, language=None, width="content")
                    if site.values["simulated"]:
                        simulated_badge()
                    if not camera.values["approved_by"]:
                        st.badge("waits for staff", icon=":material/schedule:", color="gray")
                if user is not None:
                    is_mine = oname in at_hand
                    word, icon = ("Let go", ":material/star:") if is_mine else ("Keep", ":material/add:")
                    if st.button(word, key=f"favourite_{oname}", icon=icon, help="Your cameras at hand"):
                        say(sites.keep_at_hand(user, oname, is_wanted=not is_mine))
        with st.expander("Details", key=f"site_{site.observatory_id}"):
            fact_list(sites.site_facts(site))
            if site.values["acknowledgement"]:
                st.caption("Papers thank it so:")
                st.code(str(site.values["acknowledgement"]), language=None, wrap_lines=True)
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    st.caption(f"{len(found):,} {'observatory' if len(found) == 1 else 'observatories'}", width="content")
    if pages > 1:
        st.pagination(pages, key="sites_page", max_visible_pages=5)
