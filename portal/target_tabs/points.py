"""The part of a target's page that lists its points."""

import streamlit as st

from engine.target import Target
from lake.people.accounts import User
from portal import curves, data
from portal.fmt import plural


def points_tab(target: Target, user: User | None) -> None:
    """Show every point of the light curve as a row."""
    points = curves.light_curve(target.target_id or 0, user)
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
