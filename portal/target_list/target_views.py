"""A list of targets as a table with ticks, as cards, or on the map of the whole sky."""

from collections.abc import Sequence

import streamlit as st

from lake.people.accounts import User
from lake.target_list import target_places
from lake.targets import TargetFilter, TargetRow
from portal.data import target_table
from portal.fmt import plural
from portal.opened import lake
from portal.parts import open_target, target_card
from portal.target_list.sky_map import FRAMES, MOST_DRAWN, sky_rows, sky_spec

_ROW_PX, _MOST_ROWS_HIGH = 38, 16
_CARDS_IN_ROW = 4


def table_view(rows: Sequence[TargetRow]) -> list[TargetRow]:
    """Draw a table; a click on a cell opens its target. Return the rows that are ticked."""
    visit = st.session_state.get("targets_visit", 0)
    picked = st.dataframe(
        target_table(rows),
        # other rows begin with nothing ticked
        key=f"targets_table_{visit}_{hash(tuple(row.target.target_id for row in rows))}",
        hide_index=True,
        on_select="rerun",
        selection_mode=["multi-row", "single-cell"],
        height="content" if len(rows) <= _MOST_ROWS_HIGH else _ROW_PX * _MOST_ROWS_HIGH,
        row_height=_ROW_PX,
        placeholder="–",
        alt=f"Table of {plural(len(rows), 'target')}",
        column_config=_COLUMNS,
    )
    if picked.selection.cells:
        st.session_state["targets_visit"] = visit + 1  # the next visit begins with nothing picked
        open_target(rows[picked.selection.cells[0][0]].target.name)
    return [rows[number] for number in picked.selection.rows if number < len(rows)]


_COLUMNS = {
    "Target": st.column_config.TextColumn(help="Click a row to open the target", pinned=True, width=150),
    "Class": st.column_config.TextColumn(width=170),
    "Last mag": st.column_config.NumberColumn(format="%.2f"),
    "Recent": st.column_config.AreaChartColumn(
        help="The commonest optical band, oldest first; up is brighter", width="small"
    ),
    "Priority": st.column_config.NumberColumn(
        format="%.0f", help="Importance times the cadences missed since the last point"
    ),
    "Importance": st.column_config.ProgressColumn(format="%.1f", min_value=0, max_value=10, width=100),
    "Cadence": st.column_config.NumberColumn(format="%g d"),
    "Sun": st.column_config.NumberColumn(format="%.0f°", help="Distance from the Sun now"),
    "Points": st.column_config.NumberColumn(format="localized"),
    "Last seen": st.column_config.DatetimeColumn(format="YYYY-MM-DD"),
    "RA": st.column_config.NumberColumn(format="%.5f"),
    "Dec": st.column_config.NumberColumn(format="%.5f"),
}


def cards_view(rows: Sequence[TargetRow]) -> None:
    """Draw a card for each target."""
    for first in range(0, len(rows), _CARDS_IN_ROW):
        places = st.columns(_CARDS_IN_ROW)
        for place, row in zip(places, rows[first : first + _CARDS_IN_ROW], strict=False):
            with place:
                target_card(row)


def sky_view(wanted: TargetFilter, user: User | None) -> None:
    """Draw all filtered targets on the sky; a click on one opens it."""
    places, total = target_places(lake().operations, wanted, user, limit=MOST_DRAWN)
    frame = (
        st.segmented_control("Coordinates", FRAMES, key="targets_frame", default=FRAMES[0], required=True)
        or FRAMES[0]
    )
    cut = f" of {total:,}, the first in the order of the list" if total > len(places) else ""
    plane = "the plane of the Galaxy" if frame == FRAMES[0] else "the celestial equator"
    st.caption(
        f"{plural(len(places), 'target')}{cut}. Click one to open it. East is left, larger is brighter; "
        f"violet: {plane}; yellow: the Sun now. Bodies of the Solar System have no fixed place here."
    )
    visit = st.session_state.get("targets_visit", 0)
    picked = st.vega_lite_chart(
        sky_rows(places, frame),
        sky_spec(),
        key=f"targets_sky_{visit}",
        on_select="rerun",
        selection_mode="picked",
        alt=f"{plural(len(places), 'target')} on the whole sky, {frame.lower()} coordinates",
    )
    chosen = picked.selection.get("picked", [])
    if chosen:
        st.session_state["targets_visit"] = visit + 1
        open_target(str(chosen[0]["name"]))
