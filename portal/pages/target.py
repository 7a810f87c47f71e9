"""One target: its light curve, points and frames, where it is and who observed it."""

import streamlit as st

from portal import data
from portal.accounts import sharing
from portal.at_work import archives
from portal.fmt import ago_text, date_text, escaped, mag_text, number_text
from portal.one_target import bodies, following
from portal.one_target.classes import meaning_of
from portal.one_target.summary import summary_of
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
from portal.words import _

ASKING_EVERY_S = 1.5
LOOKED_AT = "target_looked_at"

user = current_user()
asked = st.query_params.get("name", "")
row = data.target_named(asked, user) if asked else None
looker = user.username if user else ""  # whoever is somebody else now is told so by the shell
looked_at, looked_at_id = st.session_state.get(LOOKED_AT, {}).get(looker, ("", None))
if row is None:
    st.title(_("No such target"))
    if asked and asked == looked_at:
        st.session_state.pop(REFUSAL, None)  # of a note on it
        st.warning(
            _(
                "Somebody deleted this target, or closed it to you, while you looked at it: "
                "what you sent last was not stored."
            ),
            icon=":material/delete:",
        )
        show_typed(typed())
    elif asked:
        st.text(_("There is no target named {name} here.", name=repr(asked[:100])))
    else:
        st.text(_("No target was named."))
    for other in data.similar_targets(asked, user):
        target_link(other.target.name, icon=":material/my_location:")
    st.page_link("../pages/targets.py", label=_("See all targets"), icon=":material/arrow_back:")
    st.stop()

target = row.target
if asked == looked_at and target.target_id != looked_at_id:
    st.session_state.pop(REFUSAL, None)
    st.warning(
        _(
            "{gone} was merged into {kept} while you looked at it: what you sent last was not stored.",
            gone=escaped(asked),
            kept=escaped(target.name),
        ),
        icon=":material/merge:",
    )
st.session_state[LOOKED_AT] = {looker: (asked, target.target_id)}
summary = summary_of(target.target_id or 0, user)
asked_at_first = archives.asking(target.target_id or 0)
simulated = target.simulated or summary.is_simulated

with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
    with st.container(width="content", gap="xsmall"):
        st.title(escaped(target.name))
        with st.container(horizontal=True, gap="xsmall"):
            kind = escaped(target.classification)
            st.badge(kind, icon=":material/category:", color="violet", help=meaning_of(target.classification))
            importance = _("importance {number}", number=f"{target.importance:g}")
            st.badge(importance, icon=":material/star:", color="yellow")
            cadence = _("every {days} d", days=f"{target.cadence_d:g}")
            st.badge(cadence, icon=":material/schedule:", color="blue")
            if simulated:
                simulated_badge()
            if target.visibility == "private":
                st.badge(_("private"), icon=":material/lock:", color="gray")
            elif target.visibility == "group":
                st.badge(
                    _("group"), icon=":material/group:", color="gray", help=_("Its group and staff see it.")
                )
            elif data.is_embargoed(target):
                until = _("embargo until {date}", date=date_text(target.embargo_until_mjd))
                st.badge(until, icon=":material/lock_clock:", color="gray")
    with st.container(horizontal=True, width="content"):
        permalink_popover(target.name)
        sharing.target_sharing(target, user)
        following.follow_popover(target, user)
        st.link_button("CSV", data.download_address(target.name), icon=":material/download:")
        if st.button(_("Upload frames"), type="primary", icon=":material/upload:", key="to_upload"):
            st.switch_page("../pages/upload.py", query_params={"target": target.name})

if target.simulated:
    simulated_banner(_("This target and all its measurements belong to the demo: nobody observed them."))
elif simulated:
    simulated_banner(_("Some points of this light curve were made by simulation; their tooltip says which."))
if asked_at_first is not None:

    @st.fragment(run_every=ASKING_EVERY_S)
    def follow() -> None:
        """Show how far the archives are; when one has brought points, the whole page comes anew."""
        still_current(user)
        now = archives.asking(target.target_id or 0)
        if now is None or summary_of(target.target_id or 0, user).points != summary.points:
            st.rerun()
        st.progress(now.answered / now.asked, text=now.sentence)

    follow()
if target.description:
    st.text(target.description)

# the tab that a link opens must stay the same in later runs, or they would go back to it
first_of, opened_first = st.session_state.get("opened_first", ("", None))
if first_of != target.name or "target_tab" not in st.session_state:  # the latter: from another page
    opened_first = next((tab.label for tab in TABS if tab.opened_by in st.query_params), None)
    st.session_state["opened_first"] = (target.name, opened_first)

main, side = st.columns([2.7, 1], gap="large")
with main:
    parts = st.tabs(
        [_(tab.label) for tab in TABS],
        default=_(opened_first) if opened_first else None,
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
    last = summary.last
    st.header(_(stands.title))
    st.code(place.degrees, language=None)
    st.code(place.sexagesimal, language=None)
    if stands.remark:
        st.caption(escaped(stands.remark))
    facts = {
        **stands.facts,
        _("Constellation"): place.constellation,
        _("Galactic l, b"): place.galactic,
        _("From the Sun"): f"{data.sun_distances_deg([stands.target])[0]:.0f}°",
        _("Last"): (
            _("{mag} in {band}", mag=mag_text(last.mag), band=last.band) if last else _("not observed")
        ),
        _("Seen"): f"{date_text(last.mjd)} ({ago_text(last.mjd)})" if last else _("never"),
        _("Points"): number_text(summary.points),
        _("Priority"): f"{row.priority:.0f}",
        _("Added by"): target.created_by or "–",
    }
    fact_list(facts)
    if target.aliases:
        st.header(_("Also known as"))
        fact_list(dict(target.aliases))
    if len(summary.observers):
        st.header(_("Observed by"))
        credit_list(summary.observers)
