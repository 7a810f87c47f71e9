"""The list of targets: filters that the address keeps, a table with small light curves, pages."""

import streamlit as st

from portal import choices, data
from portal.choices import Choices, key
from portal.fmt import plural
from portal.new_target import new_target_form
from portal.parts import open_target, simulated_banner
from portal.session import current_user

user = current_user()
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
    st.title("Targets", width="content")
    if user is not None:
        with st.popover("Add a target", icon=":material/add:", width="content"):
            new_target_form(user)

choices.seed(st.session_state, st.query_params)
with st.container(horizontal=True, gap="small"):
    chosen = Choices(
        name=st.text_input(
            "Name or alias contains",
            key=key("name"),
            icon=":material/search:",
            placeholder="Any name",
            width=260,
            persist_state="session",
        ),
        classification=st.selectbox(
            "Class", choices.CLASS_CHOICES, key=key("classification"), width=190, persist_state="session"
        ),
        order=st.selectbox("Sort by", choices.ORDERS, key=key("order"), width=150, persist_state="session"),
        brighter=st.slider(
            "Brighter than (mag)",
            choices.BRIGHTEST_MAG,
            choices.FAINTEST_MAG,
            step=0.5,
            format="%.1f",
            key=key("brighter"),
            width=165,
            persist_state="session",
        ),
        importance=st.slider(
            "Importance from",
            0.0,
            10.0,
            step=0.5,
            format="%.1f",
            key=key("importance"),
            width=165,
            persist_state="session",
        ),
        show=st.segmented_control(
            "Data", choices.SHOWN, key=key("show"), required=True, persist_state="session"
        )
        or "All",
    )
st.query_params.from_dict(dict(choices.remember(st.session_state, chosen)))

page = int(st.session_state.get("targets_page", 1))
rows, total = data.targets_page(chosen.target_filter(1), user)
pages = max(1, -(-total // choices.PAGE_SIZE))
if 1 < page <= pages:
    rows, total = data.targets_page(chosen.target_filter(page), user)

if any(row.target.simulated for row in rows):
    simulated_banner(
        "Rows marked so come from the demo: their measurements are computed, nobody observed them."
    )
if not rows and chosen.address():
    with st.container(border=True):
        st.markdown("**No target fits these filters.** Widen one of them.")
        if st.button("Clear all filters", icon=":material/filter_alt_off:"):
            for field in choices.FIELDS:
                del st.session_state[key(field)]
            st.query_params.clear()
            st.rerun()
elif not rows:
    with st.container(border=True):
        first = "Add the first one above" if user else "Sign in to add the first one"
        st.markdown(f"**No targets yet.** {first}; scripts add them with the API.")
else:
    visit = st.session_state.get("targets_visit", 0)
    picked = st.dataframe(
        data.target_table(rows),
        key=f"targets_table_{visit}",
        hide_index=True,
        on_select="rerun",
        selection_mode="single-cell",
        height="content" if len(rows) <= 16 else 38 * 16,
        row_height=38,
        placeholder="–",
        alt=f"Table of {plural(len(rows), 'target')}",
        column_config={
            "Target": st.column_config.TextColumn(help="Click a row to open the target"),
            "Class": st.column_config.TextColumn(width=170),
            "Last mag": st.column_config.NumberColumn(format="%.2f"),
            "Recent": st.column_config.AreaChartColumn(
                help="The commonest optical band, oldest first; up is brighter", width="small"
            ),
            "Priority": st.column_config.NumberColumn(
                format="%.0f", help="Importance times the cadences missed since the last point"
            ),
            "Importance": st.column_config.ProgressColumn(
                format="%.1f", min_value=0, max_value=10, width="small"
            ),
            "Cadence": st.column_config.NumberColumn(format="%g d"),
            "Sun": st.column_config.NumberColumn(format="%.0f°", help="Distance from the Sun now"),
            "Points": st.column_config.NumberColumn(format="localized"),
            "Last seen": st.column_config.DatetimeColumn(format="YYYY-MM-DD"),
            "RA": st.column_config.NumberColumn(format="%.5f"),
            "Dec": st.column_config.NumberColumn(format="%.5f"),
        },
    )
    if picked.selection.cells:
        st.session_state["targets_visit"] = visit + 1  # the next visit begins with nothing picked
        open_target(rows[picked.selection.cells[0][0]].target.name)

with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    st.caption(f"{plural(total, 'target')} · click a row to open it", width="content")
    if pages > 1:
        st.pagination(pages, key="targets_page", max_visible_pages=5, persist_state="session")
