"""What to observe tonight: a telescope, a night and limits; the targets in the order of their worth."""

import streamlit as st

from portal.fmt import day_text, escaped
from portal.observing import night_choices, tonight
from portal.observing.night_choices import ELSEWHERE, NightChoices, key
from portal.parts import fact_list, open_target, simulated_banner
from portal.session import current_user
from portal.words import _, marked, several

user = current_user()
telescopes = tonight.telescopes(user)
st.title(_("Tonight"))
night_choices.seed(st.session_state, st.query_params, telescopes)
dear = {each.site.name for each in telescopes if each.is_dear}

with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
    telescope = st.selectbox(
        _("Telescope"),
        [each.site.name for each in telescopes] + [ELSEWHERE],
        key=key("telescope"),
        format_func=lambda name: _(name) if name == ELSEWHERE else f"★ {name}" if name in dear else name,
        width=260,
        persist_state="session",
        help=_("Your favourites and your own come first."),
    )
    elsewhere: dict[str, float | None] = {}
    if telescope == ELSEWHERE:
        for field, label, least, most in (
            ("longitude", marked("Longitude (°E)"), -180.0, 360.0),
            ("latitude", marked("Latitude (°N)"), -90.0, 90.0),
            ("aperture", marked("Aperture (m)"), 0.01, 100.0),
        ):
            elsewhere[field] = st.number_input(
                _(label), least, most, key=key(field), width=135, format="%.4g", persist_state="session"
            )
    chosen_site = NightChoices(telescope=telescope, **elsewhere).asked_of(telescopes)  # type: ignore[arg-type]
    evening = st.date_input(
        _("Evening of"),
        key=key("evening"),
        min_value=night_choices.FIRST_EVENING,
        max_value=night_choices.LAST_EVENING,
        width=150,
        persist_state="session",
        help=_("Empty: the night that is under way there, or comes next."),
    )
    altitude, moon = (
        st.slider(
            _(label), 0.0, 80.0, step=5.0, format="%.0f°", key=key(field), width=150, persist_state="session"
        )
        for field, label in (("altitude", marked("Higher than")), ("moon", marked("From the Moon")))
    )
    twilight = st.selectbox(
        _("Dark from twilight"),
        list(night_choices.TWILIGHTS),
        key=key("twilight"),
        width=165,
        format_func=_,
        persist_state="session",
    )
chosen = NightChoices(
    telescope=telescope,
    evening=evening,
    altitude=altitude,
    moon=moon,
    twilight=twilight,
    **elsewhere,
)
st.query_params.from_dict(dict(night_choices.remember(st.session_state, chosen)))
if chosen_site is None:
    with st.container(border=True):
        st.markdown(_("**Where do you observe?** Give longitude and latitude, or choose a telescope."))
    st.stop()

plan = tonight.plan(chosen.asked(chosen_site, tonight.evening_of(chosen_site)), user)
left, right = st.columns([2.9, 1], gap="large")
with left:
    st.header(
        _("{site}, night of {date}", site=escaped(plan.night.site.name), date=day_text(plan.night.evening))
    )
    if plan.rows.is_empty():
        with st.container(border=True):
            st.markdown(
                several(
                    "**Nothing can be observed within these limits.** {count} target was looked at: "
                    "allow lower altitudes, a brighter sky, or choose another night.",
                    "**Nothing can be observed within these limits.** {count} targets were looked at: "
                    "allow lower altitudes, a brighter sky, or choose another night.",
                    plan.considered,
                )
            )
    else:
        st.markdown(_("**First:** {target}", target=escaped(tonight.first_words(plan))))
with right:
    fact_list(tonight.night_facts(plan.night))
    st.caption(escaped(tonight.depth_words(plan)))
if plan.rows.is_empty():
    st.stop()

visit = st.session_state.get("night_visit", 0)
with left:
    place = st.empty()
if plan.rows["simulated"].any():
    simulated_banner(_("Rows marked so come from the demo: nobody observes them."))
picked = st.dataframe(
    tonight.plan_table(plan),
    key=f"night_table_{visit}_{plan.title}",  # another plan begins with nothing picked
    hide_index=True,
    on_select="rerun",
    selection_mode=["multi-row", "single-cell"],
    height="content" if len(plan.rows) <= 14 else 38 * 14,
    row_height=38,
    placeholder="–",
    alt=several(
        "Table of {count} target for the night, the best first",
        "Table of {count} targets for the night, the best first",
        len(plan.rows),
    ),
    column_config={
        "Target": st.column_config.TextColumn(
            _("Target"), help=_("Click a name to open the target"), width=140, pinned=True
        ),
        "Score": st.column_config.ProgressColumn(
            _("Score"),
            format="%.0f",
            min_value=0,
            max_value=100,
            width="small",
            help=_(
                "Importance, times how overdue it is, hours, Moon, and whether this telescope sees so faint"
            ),
        ),
        "Night": st.column_config.AreaChartColumn(
            _("Night"),
            help=_("Altitude from sunset to sunrise, 0 to 90°"),
            y_min=0,
            y_max=90,
            width="small",
        ),
        "Best": st.column_config.TextColumn(_("Best"), help="UTC", width=70),
        "High": st.column_config.NumberColumn(
            _("High"), format="%.0f°", help=_("Altitude at the best time"), width=70
        ),
        "Hours": st.column_config.NumberColumn(
            _("Hours"), format="%.1f h", help=_("Within the limits"), width=75
        ),
        "Moon": st.column_config.NumberColumn(
            _("Moon"), format="%.0f°", help=_("Distance at the best time"), width=75
        ),
        "Last mag": st.column_config.NumberColumn(_("Last mag"), format="%.2f", width=85),
        "Why": st.column_config.TextColumn(_("Why"), width=610),
    },
)
cells = picked.selection.cells
if cells and cells[0][1] == "Target":
    st.session_state["night_visit"] = visit + 1  # the next visit begins with nothing picked
    open_target(plan.rows["name"][cells[0][0]])
chart = tonight.plan_chart(plan, picked.selection.rows)
place.vega_lite_chart(
    chart.rows,
    chart.spec,
    key="night_chart",
    alt=_("Altitudes in this night of {targets}", targets=", ".join(chart.names)),
)
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    st.caption(
        several(
            "The best {listed} of {observable} that can be observed, out of {count} target. "
            "Tick rows to draw them; click a name to open it. "
            "Dotted: the Moon; dashed: your limit; the bluer, the brighter the sky.",
            "The best {listed} of {observable} that can be observed, out of {count} targets. "
            "Tick rows to draw them; click a name to open it. "
            "Dotted: the Moon; dashed: your limit; the bluer, the brighter the sky.",
            plan.considered,
            listed=f"{len(plan.rows):,}",
            observable=f"{plan.observable:,}",
        ),
        width="stretch",
    )
    with st.container(horizontal=True, width="content", gap="xsmall"):
        st.link_button("CSV", chosen.download("csv"), icon=":material/download:")
        st.link_button(_("Calendar"), chosen.download("ics"), icon=":material/calendar_month:")
        st.link_button(_("Text"), chosen.download("txt"), icon=":material/notes:")
