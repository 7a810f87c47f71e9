"""One target: its light curve, points and frames, where it is and who observed it."""

import streamlit as st

from portal import data
from portal.accounts import sharing
from portal.at_work import archives
from portal.fmt import ago_text, date_text, escaped, mag_text, number_text
from portal.light_curve import curves
from portal.one_target import bodies
from portal.one_target.classes import meaning_of
from portal.parts import (
    credit_list,
    fact_list,
    permalink_popover,
    simulated_badge,
    simulated_banner,
    target_link,
)
from portal.session import current_user, still_current
from portal.shell.signed_out import show_typed, typed
from portal.target_tabs import TABS
from portal.target_tabs.notes import REFUSAL

ASKING_EVERY_S = 1.5
LOOKED_AT = "target_looked_at"

user = current_user()
asked = st.query_params.get("name", "")
row = data.target_named(asked, user) if asked else None
looker = user.username if user else ""  # whoever is somebody else now is told so by the shell
looked_at, looked_at_id = st.session_state.get(LOOKED_AT, {}).get(looker, ("", None))
if row is None:
    st.title("No such target")
    if asked and asked == looked_at:
        st.session_state.pop(REFUSAL, None)  # of a note on it
        st.warning(
            "Somebody deleted this target, or closed it to you, while you looked at it: "
            "what you sent last was not stored.",
            icon=":material/delete:",
        )
        show_typed(typed())
    else:
        st.text(f"There is no target named {asked[:100]!r} here." if asked else "No target was named.")
    for other in data.similar_targets(asked, user):
        target_link(other.target.name, icon=":material/my_location:")
    st.page_link("../pages/targets.py", label="See all targets", icon=":material/arrow_back:")
    st.stop()

target = row.target
if asked == looked_at and target.target_id != looked_at_id:
    st.session_state.pop(REFUSAL, None)
    st.warning(
        f"{escaped(asked)} was merged into {escaped(target.name)} while you looked at it: "
        "what you sent last was not stored.",
        icon=":material/merge:",
    )
st.session_state[LOOKED_AT] = {looker: (asked, target.target_id)}
points = curves.light_curve(target.target_id or 0, user)
asked_at_first = archives.asking(target.target_id or 0)
simulated = target.simulated or data.has_simulated(points)

with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
    with st.container(width="content", gap="xsmall"):
        st.title(escaped(target.name))
        with st.container(horizontal=True, gap="xsmall"):
            kind = escaped(target.classification)
            st.badge(kind, icon=":material/category:", color="violet", help=meaning_of(target.classification))
            st.badge(f"importance {target.importance:g}", icon=":material/star:", color="yellow")
            st.badge(f"every {target.cadence_d:g} d", icon=":material/schedule:", color="blue")
            if simulated:
                simulated_badge()
            if target.visibility == "private":
                st.badge("private", icon=":material/lock:", color="gray")
            elif target.visibility == "group":
                st.badge("group", icon=":material/group:", color="gray", help="Its group and staff see it.")
            elif data.is_embargoed(target):
                until = date_text(target.embargo_until_mjd)
                st.badge(f"embargo until {until}", icon=":material/lock_clock:", color="gray")
    with st.container(horizontal=True, width="content"):
        permalink_popover(target.name)
        sharing.target_sharing(target, user)
        st.link_button("CSV", data.download_address(target.name), icon=":material/download:")
        if st.button("Upload frames", type="primary", icon=":material/upload:", key="to_upload"):
            st.switch_page("../pages/upload.py", query_params={"target": target.name})

if target.simulated:
    simulated_banner("This target and all its measurements belong to the demo: nobody observed them.")
elif simulated:
    simulated_banner("Some points of this light curve were made by simulation; their tooltip says which.")
if asked_at_first is not None:

    @st.fragment(run_every=ASKING_EVERY_S)
    def follow() -> None:
        """Show how far the archives are; when one has brought points, the whole page comes anew."""
        still_current(user)
        now = archives.asking(target.target_id or 0)
        if now is None or curves.light_curve(target.target_id or 0, user).height != len(points):
            st.rerun()
        st.progress(now.answered / now.asked, text=now.sentence)

    follow()
if target.description:
    st.text(target.description)

# the tab that a link opens must stay the same in later runs, or they would go back to it
first_of, opened_first = st.session_state.get("opened_first", ("", None))
if first_of != target.name:
    opened_first = next((tab.label for tab in TABS if tab.opened_by in st.query_params), None)
    st.session_state["opened_first"] = (target.name, opened_first)

main, side = st.columns([2.7, 1], gap="large")
with main:
    parts = st.tabs(
        [tab.label for tab in TABS],
        default=opened_first,
        key="target_tab",
        on_change="rerun",
    )

for part, tab in zip(parts, TABS, strict=True):
    with part:
        if part.open:
            tab.draw(target, user)

with side:
    stands = bodies.standing(target)
    place = data.position_of(stands.target.ra_deg, stands.target.dec_deg)
    last = data.last_seen(points)
    st.subheader(stands.title)
    st.code(place.degrees, language=None)
    st.code(place.sexagesimal, language=None)
    if stands.remark:
        st.caption(escaped(stands.remark))
    facts = {
        **stands.facts,
        "Constellation": place.constellation,
        "Galactic l, b": place.galactic,
        "From the Sun": f"{data.sun_distances_deg([stands.target])[0]:.0f}°",
        "Last": f"{mag_text(last.mag)} in {last.band}" if last else "not observed",
        "Seen": f"{date_text(last.mjd)} ({ago_text(last.mjd)})" if last else "never",
        "Points": number_text(len(points)),
        "Priority": f"{row.priority:.0f}",
        "Added by": target.created_by or "–",
    }
    fact_list(facts)
    if target.aliases:
        st.subheader("Also known as")
        fact_list(dict(target.aliases))
    observers = data.credits_table(points)
    if len(observers):
        st.subheader("Observed by")
        credit_list(observers)
