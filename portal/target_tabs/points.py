"""The part of a target's page that lists its points."""

import streamlit as st

from engine.target import Target
from lake.people.accounts import User
from portal import data
from portal.light_curve import curves
from portal.parts import point_columns
from portal.words import several


def points_tab(target: Target, user: User | None) -> None:
    """Show every point of the light curve as a row."""
    points = curves.light_curve(target.target_id or 0, user)
    st.dataframe(
        data.points_table(points),
        hide_index=True,
        placeholder="–",
        height=560 if len(points) > 14 else "auto",
        alt=several("Table of {count} point", "Table of {count} points", len(points)),
        column_config=point_columns(),
    )
    st.caption(several("{count} point", "{count} points", len(points)))
