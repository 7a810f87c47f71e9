"""The front page: what the sky does now, what is wanted tonight, and who observed and said what last."""

import streamlit as st

from portal import data, home_sections
from portal.fmt import ago_text, escaped, number_text
from portal.frame import verdicts
from portal.parts import open_target, simulated_badge, simulated_banner, target_card, target_link
from portal.session import current_user
from portal.words import _

BACKDROP_CSS = """
[data-testid="stMainBlockContainer"] {
  background: url("/assets/ripples.svg") no-repeat right 0.5rem top 0.5rem / 41rem;
}
@media (max-width: 1240px) { [data-testid="stMainBlockContainer"] { background: none; } }
"""

user = current_user()
numbers = data.numbers(user)
interesting = data.interesting_targets(user)

st.html(f"<style>{BACKDROP_CSS}</style>")
st.title(_("The changing sky, in one open lake"))
st.markdown(
    _(
        "Add a target, and tomlake gathers what archives and observers ever saw of it, measures the images "
        "you upload, and shows one light curve with every observer credited."
    ),
    width=820,
)
with (
    st.form("search", border=False),
    st.container(horizontal=True, vertical_alignment="bottom", width=620),
):
    wanted = st.text_input(
        _("Search a target"),
        placeholder=_("Name or alias of a target"),
        label_visibility="collapsed",
        type="search",
    )
    searched = st.form_submit_button(_("Search"), type="primary", icon=":material/search:")
if searched and wanted:
    exact = data.target_named(wanted, user)
    if exact:
        open_target(exact.target.name)
    st.switch_page("../pages/targets.py", query_params={"q": wanted})

with st.container(horizontal=True):
    st.metric(_("Targets"), number_text(numbers.targets), border=True, width=170)
    st.metric(_("Measurements"), number_text(numbers.points), border=True, width=170)
    st.metric(_("Frames"), number_text(numbers.frames), border=True, width=170)
    st.metric(_("Observers"), number_text(numbers.observers), border=True, width=170)

if any(row.target.simulated for row in interesting):
    simulated_banner(
        _("Some targets below come from the demo: their measurements are computed, nobody observed them.")
    )

st.header(_("What the sky is doing now"))
if not interesting:
    with st.container(border=True):
        st.markdown(_("**The lake is empty.** Nobody has added a target with measurements yet."))
        st.caption(
            _(
                "Staff add targets with `tomlake target add`, scripts with the API, "
                "and `tomlake demo` loads a sky of simulated ones."
            )
        )
for first in range(0, len(interesting), 4):
    for place, row in zip(st.columns(4), interesting[first : first + 4], strict=False):
        with place:
            target_card(row)

left, middle, right = st.columns(3, gap="large")
with middle:
    home_sections.points_section(user)
with right:
    home_sections.comments_section(user)
night = left.container()  # filled last: it computes, and the page need not wait for it

st.header(_("Latest observations"))
latest = verdicts.latest_observations(user)
if not latest:
    with st.container(border=True):
        st.markdown(_("**No frames yet.** The first image that somebody uploads will be credited here."))
for seen in latest:
    verdict = seen.verdict
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(width=120):
            target_link(seen.target.name)
        seen_in = _("**{verdict}** in {band}", verdict=_(verdict.headline), band=escaped(verdict.band))
        st.markdown(seen_in, width=280)
        credit = " · ".join(escaped(word) for word in (verdict.observer, verdict.facility) if word)
        st.markdown(credit or _("observer not named"), width=250)
        times = _("taken {date} UTC, measured {ago}", date=verdict.when, ago=ago_text(seen.made_mjd))
        st.caption(times, width=330)
        if verdict.is_simulated:
            simulated_badge()
with night:
    home_sections.tonight_section(user)
