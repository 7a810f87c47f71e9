"""The parts of the page *Data*: tables and their columns, an answer, files, and other ways in."""

from collections.abc import Callable

import polars as pl
import streamlit as st

from engine.errors import Rejected
from lake.public.manifest import Manifest
from portal.fmt import escaped, size_text
from portal.parts import fact_list, simulated_banner
from portal.public_lake import published
from portal.public_lake.laptop import ways
from portal.public_lake.published import Refusal, Result
from portal.public_lake.result_charts import SHOWN_ROWS, Axes, axes_of, drawn, is_magnitude, shown_rows
from portal.public_lake.sql_examples import EXAMPLES
from portal.words import _, marked, several

_ONE_COLOUR = marked("one colour")


def nothing_published() -> None:
    """Say that there is nothing yet, and what to do."""
    with st.container(border=True):
        st.markdown(
            _(
                "**Nothing has been published yet.** Whoever runs this portal does it with "
                "`tomlake publish`; from then on every change is published by itself at night. Until then "
                "each target's page gives its light curve as CSV, and the API answers at `/api/v1`."
            )
        )


def edition(told: Manifest, *, is_newest: bool) -> None:
    """Tell which version is asked, and what is in it."""
    rows = {table.name: table.rows for table in told.tables}
    points = several("{count} point", "{count} points", rows.get("photometry", 0))
    targets = several("{count} target", "{count} targets", rows.get("targets", 0))
    named = {"version": escaped(told.name), "date": escaped(told.made_utc[:10])}
    words = (
        _("Version **{version}** of {date}", **named),
        _("{points} of {targets}", points=points, targets=targets),
        escaped(told.licence),
    )
    st.caption(" · ".join(words))
    if told.simulated:
        simulated_banner(_("Some targets of this version are made up; `targets.simulated` tells which."))
    if not is_newest:
        st.info(
            _(
                "This is the version that the address names, which never changes. "
                "[Ask the newest version](/data)"
            ),
            icon=":material/history:",
        )
    if not rows.get("photometry"):
        st.info(_("No point is published yet: queries work and give no rows."), icon=":material/info:")


def schema_browser(told: Manifest) -> None:
    """Show each table and what its columns mean."""
    rows = {table.name: table.rows for table in told.tables}
    table = st.selectbox(
        _("Tables"),
        list(rows),
        key="data_table",
        format_func=lambda name: " · ".join((name, several("{count} row", "{count} rows", rows[name]))),
    )
    found = next(each for each in told.tables if each.name == table)
    st.caption(escaped(_(found.description)))
    st.dataframe(
        published.columns_table(told, table),
        hide_index=True,
        height=430,
        row_height=32,
        alt=_("Columns of the table {table}", table=table),
        column_config={
            "Column": st.column_config.TextColumn(_("Column"), width=112, pinned=True),
            "Unit": st.column_config.TextColumn(_("Unit"), width=58),
            "Meaning": st.column_config.TextColumn(_("Meaning"), width=300),
            "Type": st.column_config.TextColumn(_("Type")),
        },
    )


def refused(refusal: Refusal) -> None:
    """Say in one sentence why there are no rows, and show the line that is meant."""
    st.error(escaped(_(refusal.reason)), icon=":material/error:")
    if refusal.line:
        st.code(refusal.line, language="sql")


def answered(result: Result) -> None:
    """Show the rows of a query, their chart, and the ways to take them along."""
    st.markdown(f"**{escaped(published.result_words(result))}**")
    if result.truncated:
        st.warning(
            _(
                "**There were more rows.** These are the first ones that fit the limits: narrow the query, "
                "count in SQL, or take the files below."
            ),
            icon=":material/content_cut:",
        )
    if not result.rows.num_rows:
        st.info(_("No row fits; the columns are as asked."), icon=":material/info:")
    table, chart = st.tabs([_("Table"), _("Chart")])
    with table:
        _result_table(result)
    with chart:
        _result_chart(result)
    with st.container(horizontal=True, vertical_alignment="center"):
        _download("CSV", published.csv_file, result, _("Every value as it is, for programs."))
        _download("Parquet", published.parquet_file, result, _("With types, small and quick to read."))
        _download(
            marked("CSV for a spreadsheet"),
            published.spreadsheet_file,
            result,
            _(
                "Texts that begin with = + - @ get an apostrophe, so that no spreadsheet runs them. "
                "Numbers stay as they are."
            ),
        )
        _permalink(result)


def _result_table(result: Result) -> None:
    rows = shown_rows(result.rows)
    plain = {
        name: st.column_config.NumberColumn(format="plain")
        for name, dtype in rows.schema.items()
        if dtype.is_numeric()
    }
    st.dataframe(
        rows,
        hide_index=True,
        height="content" if len(rows) <= 10 else 400,
        placeholder="–",
        column_config=plain,
        alt=several("Result with {count} row", "Result with {count} rows", result.rows.num_rows),
    )
    if result.rows.num_rows > SHOWN_ROWS:
        st.caption(_("The first {count} rows; the downloads hold all of them.", count=f"{SHOWN_ROWS:,}"))


def _result_chart(result: Result) -> None:
    rows = shown_rows(result.rows, most=result.rows.num_rows)
    hint = next((each for each in EXAMPLES if each.sql == result.sql), None)
    begin = axes_of(rows, hint.x, hint.y, hint.colour) if hint else axes_of(rows)
    if begin is None:
        st.caption(_("A chart needs two columns, one of them of numbers, and at least one row."))
        return
    axes = _chosen_axes(rows, begin)
    chart = drawn(rows, axes)
    words = _("Chart of {up} against {across}", up=axes.y, across=axes.x)
    st.vega_lite_chart(chart.rows, chart.spec, alt=words, key="data_chart")
    if chart.one_of > 1:
        st.caption(_("One of {count} rows is drawn; the downloads hold all of them.", count=chart.one_of))


def _chosen_axes(rows: pl.DataFrame, begin: Axes) -> Axes:
    names, mark = rows.columns, "/".join(rows.columns)
    colours = [_ONE_COLOUR, *names]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        x = st.selectbox(_("Across"), names, index=names.index(begin.x), key=f"data_x_{mark}", width=170)
        y = st.selectbox(_("Up"), names, index=names.index(begin.y), key=f"data_y_{mark}", width=170)
        colour = st.selectbox(
            _("Colour"),
            colours,
            format_func=lambda name: _(name) if name == _ONE_COLOUR else name,
            index=colours.index(begin.colour) if begin.colour else 0,
            key=f"data_colour_{mark}",
            width=170,
        )
        up = st.checkbox(_("Small numbers on top"), value=is_magnitude(y), key=f"data_up_{mark}_{y}")
    return Axes(x=x, y=y, colour="" if colour == _ONE_COLOUR else colour, bright_up=up)


def _download(label: str, make: Callable[[Result], bytes], result: Result, said: str) -> None:
    suffix = "parquet" if label == "Parquet" else "csv"

    def made() -> bytes:
        try:
            return make(result)
        except Rejected as error:  # a type without a place in this format
            return f"{_(error.reason)}\n".encode()

    st.download_button(
        _(label),
        made,
        file_name=f"tomlake.{suffix}",
        icon=":material/download:",
        help=said,
        on_click="ignore",
        key=f"data_download_{label}",
    )


def _permalink(result: Result) -> None:
    with st.popover(_("Permalink"), icon=":material/link:", width="content"):
        link = published.permalink(result.sql, result.version)
        if not link:
            st.caption(
                _("The query is too long for a link: keep its text, and send it by POST to `/api/sql`.")
            )
            return
        st.code(link, language=None, wrap_lines=True)
        st.caption(_("Opens this page with these rows as long as the version is served. For a program:"))
        address = published.query_address(result.sql, result.version, wanted="parquet")
        st.code(address, language=None, wrap_lines=True)


def bulk(told: Manifest) -> None:
    """Offer the published files whole, with what they weigh, the licence and how to cite them."""
    st.header(_("Take all of it"))
    st.markdown(
        _(
            "Plain Parquet files, {size} in all: no account, no limit of rows.",
            size=size_text(told.size_bytes),
        ),
        width=760,
    )
    left, right = st.columns([1.9, 1], gap="large")
    with left:
        _files_table(told)
    with right:
        fact_list({_("Version"): told.name, _("Licence"): told.licence, _("Cite"): told.citation})
        st.link_button(
            _("Manifest"),
            published.manifest_address(told.name),
            icon=":material/description:",
            help=_("Every file with its SHA-256, every column with its unit, for programs."),
        )
    st.caption(
        _("Archives and telescopes to be cited or thanked, with the words to use: the table citations.")
    )


def _files_table(told: Manifest) -> None:
    st.dataframe(
        published.tables_table(told),
        hide_index=True,
        alt=_("Published tables with rows, files and sizes"),
        column_config={
            "Table": st.column_config.TextColumn(_("Table"), width=105, pinned=True),
            "One row is": st.column_config.TextColumn(_("One row is"), width=330),
            "Rows": st.column_config.NumberColumn(_("Rows"), format="localized", width=75),
            "Files": st.column_config.NumberColumn(_("Files"), width=55),
            "Size": st.column_config.TextColumn(_("Size"), width=75),
            "Address": st.column_config.LinkColumn(
                _("Address"),
                display_text=r"/([^/]+)$",
                help=_("One file, or the list of its files"),
                width=120,
            ),
        },
    )


def from_a_laptop(name: str) -> None:
    """Show how programs read the lake."""
    st.header(_("From your laptop"))
    offered = ways(name)
    for tab, way in zip(st.tabs([_(each.title) for each in offered]), offered, strict=True):
        tab.code(way.text, language=way.language, wrap_lines=True)
