"""How a table of points shows its numbers, and what stands above each: ``portal.data.points_table``."""

import streamlit as st
from streamlit.elements.lib.column_config_utils import ColumnConfigMappingInput

from portal.words import _


def point_columns() -> ColumnConfigMappingInput:
    """Return the columns of a table of points, in the reader's language."""
    return {
        "Time (UTC)": st.column_config.DatetimeColumn(
            _("Time (UTC)"), format="YYYY-MM-DD HH:mm:ss", pinned=True
        ),
        "MJD": st.column_config.NumberColumn(format="%.5f"),
        "Band": _("Band"),
        "Mag": st.column_config.NumberColumn(_("Mag"), format="%.3f"),
        "Error": st.column_config.NumberColumn(_("Error"), format="%.3f"),
        "Limit": st.column_config.NumberColumn(
            _("Limit"), format="%.2f", help=_("5 sigma: the target was fainter")
        ),
        "Observer": _("Observer"),
        "Facility": _("Facility"),
        "Source": _("Source"),
        "Remark": _("Remark"),
    }
