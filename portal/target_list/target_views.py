"""A list of targets as a table with ticks, as cards, or on the map of the whole sky."""

from collections.abc import Sequence

import streamlit as st
from streamlit.elements.lib.column_config_utils import ColumnConfigMappingInput

from lake.people.accounts import User
from lake.target_list import target_places
from lake.targets import TargetFilter, TargetRow
from portal.data import target_table
from portal.opened import lake
from portal.parts import open_target, target_card
from portal.target_list.sky_map import EQUATORIAL, FRAMES, MOST_DRAWN, sky_rows, sky_spec
from portal.words import _, several

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
        alt=several("Table of {count} target", "Table of {count} targets", len(rows)),
        column_config=_columns(),
    )
    if picked.selection.cells:
        st.session_state["targets_visit"] = visit + 1  # the next visit begins with nothing picked
        open_target(rows[picked.selection.cells[0][0]].target.name)
    return [rows[number] for number in picked.selection.rows if number < len(rows)]


def _columns() -> ColumnConfigMappingInput:
    """Return how the table of targets shows its numbers, and what stands above each."""
    column = st.column_config
    return {
        "Target": column.TextColumn(
            _("Target"), help=_("Click a row to open the target"), pinned=True, width=150
        ),
        "Class": column.TextColumn(_("Class"), width=170),
        "Data": _("Data"),
        "Last mag": column.NumberColumn(_("Last mag"), format="%.2f"),
        "Band": _("Band"),
        "Recent": column.AreaChartColumn(
            _("Recent"), help=_("The commonest optical band, oldest first; up is brighter"), width="small"
        ),
        "Priority": column.NumberColumn(
            _("Priority"),
            format="%.0f",
            help=_("Importance times the cadences missed since the last point"),
        ),
        "Importance": column.ProgressColumn(
            _("Importance"), format="%.1f", min_value=0, max_value=10, width=100
        ),
        "Cadence": column.NumberColumn(_("Cadence"), format="%g d"),
        "Sun": column.NumberColumn(_("Sun"), format="%.0f°", help=_("Distance from the Sun now")),
        "Points": column.NumberColumn(_("Points"), format="localized"),
        "Last seen": column.DatetimeColumn(_("Last seen"), format="YYYY-MM-DD"),
        "RA": column.NumberColumn(_("RA"), format="%.5f"),
        "Dec": column.NumberColumn(_("Dec"), format="%.5f"),
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
        st.segmented_control(
            _("Coordinates"),
            FRAMES,
            key="targets_frame",
            default=FRAMES[0],
            required=True,
            format_func=_,
        )
        or FRAMES[0]
    )
    st.caption(" ".join(_sky_words(len(places), total, frame)))
    visit = st.session_state.get("targets_visit", 0)
    picked = st.vega_lite_chart(
        sky_rows(places, frame),
        sky_spec(),
        key=f"targets_sky_{visit}",
        on_select="rerun",
        selection_mode="picked",
        alt=_sky_alt(len(places), frame),
    )
    chosen = picked.selection.get("picked", [])
    if chosen:
        st.session_state["targets_visit"] = visit + 1
        open_target(str(chosen[0]["name"]))


def _sky_words(drawn: int, total: int, frame: str) -> list[str]:
    """Return what the map shows, in sentences."""
    count = several("{count} target.", "{count} targets.", drawn)
    if total > drawn:
        count = several(
            "{count} target of {total}, the first in the order of the list.",
            "{count} targets of {total}, the first in the order of the list.",
            drawn,
            total=f"{total:,}",
        )
    signs = (
        _("East is left, larger is brighter; violet: the plane of the Galaxy; yellow: the Sun now.")
        if frame == EQUATORIAL
        else _("East is left, larger is brighter; violet: the celestial equator; yellow: the Sun now.")
    )
    bodies = _("Bodies of the Solar System have no fixed place here.")
    return [count, _("Click one to open it."), signs, bodies]


def _sky_alt(drawn: int, frame: str) -> str:
    if frame == EQUATORIAL:
        return several(
            "{count} target on the whole sky, equatorial coordinates",
            "{count} targets on the whole sky, equatorial coordinates",
            drawn,
        )
    return several(
        "{count} target on the whole sky, galactic coordinates",
        "{count} targets on the whole sky, galactic coordinates",
        drawn,
    )
