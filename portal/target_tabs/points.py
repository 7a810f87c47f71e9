"""The part of a target's page that lists its points."""

import streamlit as st

from engine.target import Target
from lake.people.accounts import User
from portal import data
from portal.fmt import plural
from portal.light_curve import curves
from portal.parts import point_columns


def points_tab(target: Target, user: User | None) -> None:
    """Show every point of the light curve as a row."""
    points = curves.light_curve(target.target_id or 0, user)
    st.dataframe(
        data.points_table(points),
        hide_index=True,
        placeholder="–",
        height=560 if len(points) > 14 else "auto",
        alt=f"Table of {plural(len(points), 'point')}",
        column_config=point_columns(),
    )
    st.caption(plural(len(points), "point"))
