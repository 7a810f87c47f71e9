"""Sections of the front page: what is wanted tonight, the newest points, the newest comments."""

import streamlit as st

from engine.errors import Rejected
from engine.visibility.ranking import best_words
from lake.people.accounts import User
from lake.people.comments import Comment, CommentFilter, list_comments
from lake.remembered import Remembered
from lake.sites.telescopes import Telescope
from lake.targets import Order, TargetFilter, TargetRow, find_targets
from lake.tonight import Plan
from portal.fmt import ago_text, escaped
from portal.light_curve.moment import address_of, read_version
from portal.observing import tonight
from portal.observing.night_choices import NightChoices
from portal.opened import lake
from portal.parts import simulated_badge, target_link
from portal.words import _, several

TONIGHT_PAGE = "../pages/tonight.py"
MOST_WANTED = 5
NEWEST = 6
_COMMENT_CHARS = 180
_PLANS: Remembered[Plan] = Remembered(most_bytes=32 << 20)
_PLAN_BYTES = 400_000


def newest_points(user: User | None) -> list[TargetRow]:
    """Return the targets that were seen last, from the summaries of their light curves."""
    newest = TargetFilter(order=Order.LAST_MJD, descending=True, is_seen=True, page_size=NEWEST)
    return find_targets(lake().operations, newest, user)[0]


def newest_comments(user: User | None) -> list[Comment]:
    """Return what was said last about targets that a visitor may see."""
    return list_comments(lake().operations, CommentFilter(), user, limit=NEWEST)


def points_section(user: User | None) -> None:
    """List the newest points."""
    st.subheader(_("Latest points"), anchor=False)
    rows = newest_points(user)
    if not rows:
        st.caption(_("No measurement yet."))
    for row in rows:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            target_link(row.target.name)
            mag = "" if row.last_mag is None else f"**{row.last_mag:.2f}** {escaped(row.last_band)}"
            st.markdown(mag, width="content")
            st.caption(ago_text(row.last_mjd), width="content")
            if row.target.simulated:
                simulated_badge()


def comments_section(user: User | None) -> None:
    """List the newest comments."""
    st.subheader(_("Latest comments"), anchor=False)
    told = newest_comments(user)
    if not told:
        st.caption(_("Nobody has said anything yet. A target's page has the room for it, under Notes."))
    for comment in told:
        text = " ".join(comment.text.split())
        cut = text if len(text) <= _COMMENT_CHARS else f"{text[:_COMMENT_CHARS]}…"
        with st.container(gap=None):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                target_link(comment.target_name)
                who = comment.full_name or comment.username
                st.caption(f"{escaped(who)}, {ago_text(comment.made_mjd)}", width="content")
            st.text(cut)


def tonight_section(user: User | None) -> None:
    """Show what is wanted most from the visitor's site, or ask for the site."""
    telescopes = tonight.telescopes(user)
    st.subheader(_("Wanted tonight"), anchor=False)
    if not telescopes:
        st.caption(_("No observatory is registered yet: the page Tonight takes any place on Earth."))
        st.page_link(TONIGHT_PAGE, label=_("Plan a night"), icon=":material/bedtime:")
        return
    telescope = _chosen(telescopes)
    if telescope is None:
        st.caption(_("Choose where you observe: what is worth its time tonight comes here."))
        return
    try:
        plan = _plan(telescope, user)
    except Rejected as refusal:
        st.caption(escaped(_(refusal.reason)))
        return
    if plan.rows.is_empty():
        st.caption(_("Nothing stands 30° high in the dark there tonight."))
    for row in plan.rows.iter_rows(named=True):
        with st.container(gap=None):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                target_link(row["name"])
                st.markdown(_("at {time}", time=escaped(best_words(row))), width="content")
                if row["simulated"]:
                    simulated_badge()
            st.caption(escaped(row["reasons"]))
    more = NightChoices(telescope=telescope.site.name)
    st.page_link(
        TONIGHT_PAGE,
        label=several("The {count} target of the night", "All {count} targets of the night", plan.observable)
        if plan.observable
        else _("Plan a night"),
        icon=":material/bedtime:",
        query_params=address_of(**more.address()),
    )


def _chosen(telescopes: list[Telescope]) -> Telescope | None:
    """Ask for the telescope; a favourite or an own one is chosen already."""
    named = {each.site.name: each for each in telescopes}
    dear = [each.site.name for each in telescopes if each.is_dear]
    key = "home_telescope"
    if st.session_state.get(key) not in named:
        st.session_state[key] = dear[0] if dear else None
    name = st.selectbox(
        _("From"),
        list(named),
        key=key,
        index=None,
        placeholder=_("Choose your observatory"),
        format_func=lambda each: f"★ {each}" if each in dear else each,
        persist_state="session",
    )
    return named.get(name or "")


def _plan(telescope: Telescope, user: User | None) -> Plan:
    asked = NightChoices(telescope=telescope.site.name).asked(telescope, tonight.evening_of(telescope))
    key = (lake().store, read_version(), asked, user)

    def make() -> Plan:
        return tonight.plan(asked, user, most=MOST_WANTED)

    kept = _PLANS.found(lake().operations, key)
    if kept is None:
        kept = _PLANS.made(lake().operations, key, make, size_bytes=lambda _: _PLAN_BYTES)
    return kept or make()
