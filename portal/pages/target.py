"""One target: its light curve, points and frames, where it is and who observed it."""

import streamlit as st

from portal import archives, bodies, curves, data, sharing, verdicts
from portal.cards import frame_card
from portal.cite_tab import cite_tab
from portal.classes import meaning_of
from portal.curve_tab import curve_tab
from portal.fmt import ago_text, date_text, escaped, mag_text, number_text, plural
from portal.history_tab import history_tab
from portal.notes_tab import notes_tab
from portal.parts import (
    credit_list,
    fact_list,
    permalink_popover,
    simulated_badge,
    simulated_banner,
    target_link,
)
from portal.passport_tab import passport_tab
from portal.period_tab import PERIOD, period_tab
from portal.session import current_user
from portal.tonight_tab import tonight_tab

FRAMES_AT_ONCE = 6
ASKING_EVERY_S = 1.5
PERIOD_TAB = ":material/cycle: Period"
PASSPORT = ":material/badge: Passport"
MORE_TABS = {
    PASSPORT: passport_tab,
    ":material/forum: Notes": notes_tab,
    ":material/format_quote: Cite": cite_tab,
    ":material/history: History": history_tab,
}
OPENED_BY = {"point": PASSPORT, PERIOD: PERIOD_TAB}  # what in an address opens which tab

user = current_user()
asked = st.query_params.get("name", "")
row = data.target_named(asked, user) if asked else None
if row is None:
    st.title("No such target")
    st.text(f"There is no target named {asked[:100]!r} here." if asked else "No target was named.")
    for other in data.similar_targets(asked, user):
        target_link(other.target.name, icon=":material/my_location:")
    st.page_link("../pages/targets.py", label="See all targets", icon=":material/arrow_back:")
    st.stop()

target = row.target
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
    opened_first = next((tab for asked_for, tab in OPENED_BY.items() if asked_for in st.query_params), None)
    st.session_state["opened_first"] = (target.name, opened_first)

main, side = st.columns([2.7, 1], gap="large")
with main:
    light_tab, period_part, points_tab, tonight_part, frames_tab, archives_tab, *more_tabs = st.tabs(
        [
            ":material/show_chart: Light curve",
            PERIOD_TAB,
            ":material/table_rows: Points",
            ":material/bedtime: Tonight",
            ":material/photo_camera: Frames",
            ":material/public: Archives",
            *MORE_TABS,
        ],
        default=opened_first,
        key="target_tab",
        on_change="rerun",
    )

with light_tab:
    if light_tab.open:
        curve_tab(target, user, points)

with period_part:
    if period_part.open:
        period_tab(target, user)

with points_tab:
    if points_tab.open:
        st.dataframe(
            data.points_table(points),
            hide_index=True,
            placeholder="–",
            height=560 if len(points) > 14 else "auto",
            alt=f"Table of {plural(len(points), 'point')}",
            column_config={
                "Time (UTC)": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss", pinned=True),
                "MJD": st.column_config.NumberColumn(format="%.5f"),
                "Mag": st.column_config.NumberColumn(format="%.3f"),
                "Error": st.column_config.NumberColumn(format="%.3f"),
                "Limit": st.column_config.NumberColumn(format="%.2f", help="5 sigma: the target was fainter"),
            },
        )
        st.caption(plural(len(points), "point"))

with tonight_part:
    if tonight_part.open:
        tonight_tab(target, user)

with frames_tab:
    if frames_tab.open:
        shown = verdicts.verdicts_of_target(target.target_id or 0, user)
        pages = max(1, -(-len(shown) // FRAMES_AT_ONCE))
        page = min(int(st.session_state.get("frames_page", 1)), pages)
        if not shown:
            with st.container(border=True):
                st.markdown(
                    "**No frames yet.** Upload the first image of this target: its verdict appears here."
                )
        for verdict in shown[(page - 1) * FRAMES_AT_ONCE : page * FRAMES_AT_ONCE]:
            frame_card(verdict)
        if pages > 1:
            st.pagination(pages, key="frames_page", max_visible_pages=5)

with archives_tab:
    if archives_tab.open:
        st.dataframe(
            archives.target_archives_table(target),
            hide_index=True,
            placeholder="–",
            height="content",
            alt="What each archive said of this target",
            column_config={
                "Points": st.column_config.NumberColumn(format="%d"),
                "Says": st.column_config.TextColumn(width="large"),
            },
        )
        if (
            user is not None
            and not target.simulated
            and st.button("Ask them again", icon=":material/refresh:", key="ask_again")
        ):
            st.toast(archives.ask_again(target, user))
            st.rerun()

for part, draw in zip(more_tabs, MORE_TABS.values(), strict=True):
    with part:
        if part.open:
            draw(target, user)

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
