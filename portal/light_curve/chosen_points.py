"""The points that a visitor chose in the chart, as a table and as a file of just these."""

from functools import partial
from urllib.parse import urlencode

import polars as pl
import streamlit as st

from engine.formats.curve import Curve
from engine.target import Target
from lake.people.accounts import User
from lake.people.audit import note_download
from portal.api.light_curve_csv import tomlake_csv
from portal.data import points_table
from portal.light_curve.moment import address_of, read_version
from portal.opened import lake
from portal.parts import point_columns
from portal.session import this_address
from portal.words import _, several

ROWS_SHOWN = 10
PASSPORT = "Passport"


def chosen_table(points: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return points as the page lists them, each with the address of its passport, and so of its frame."""
    in_order = points.sort("mjd", descending=True, maintain_order=True)
    links = [
        f"/target?{urlencode(address_of(name=name, point=str(point_id)))}"
        for point_id in in_order["point_id"].to_list()
    ]
    table = points_table(in_order).with_columns(pl.Series(PASSPORT, links, dtype=pl.String))
    first = table.columns[0]
    return table.select(first, PASSPORT, pl.exclude(first, PASSPORT))


def chosen_points(target: Target, user: User | None, points: pl.DataFrame) -> None:
    """Show the points that were chosen in the chart."""
    with st.container(border=True):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(several("**{count} point chosen**", "**{count} points chosen**", len(points)))
            csv_button(target, user, points, key="chosen_csv")
        if points.is_empty():
            return
        st.dataframe(
            chosen_table(points, target.name),
            hide_index=True,
            placeholder="–",
            height="content" if len(points) <= ROWS_SHOWN else 38 * ROWS_SHOWN,
            alt=several(
                "Table of the {count} point chosen in the chart",
                "Table of the {count} points chosen in the chart",
                len(points),
            ),
            column_config={
                **point_columns(),
                PASSPORT: st.column_config.LinkColumn(
                    _("Passport"), display_text=_("frame and papers"), help=_("How this point came to be")
                ),
            },
        )


def csv_button(target: Target, user: User | None, points: pl.DataFrame, *, key: str) -> None:
    """Offer just these points of a target as a file, where there are any."""
    if len(points):
        st.download_button(
            _("CSV of these"),
            partial(csv_of, target, user, points, read_version(), this_address()),
            file_name=_file(target),
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key=key,
        )


def csv_of(target: Target, user: User | None, points: pl.DataFrame, version: int, address: str) -> bytes:
    """Return some points of a target as a file, and note the download."""
    note_download(lake().operations, target, who=user, address=address)
    return b"".join(tomlake_csv(Curve(target=target, points=points, version=version)))


def _file(target: Target) -> str:
    stem = "".join(sign if sign.isalnum() and sign.isascii() else "_" for sign in target.name)[:60]
    return f"{stem}_chosen.csv"
