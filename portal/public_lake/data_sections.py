"""The parts of the page *Data*: tables and their columns, an answer, files, and other ways in."""

from collections.abc import Callable

import polars as pl
import streamlit as st

from engine.errors import Rejected
from lake.public.manifest import Manifest
from portal.fmt import escaped, plural, size_text
from portal.parts import fact_list, simulated_banner
from portal.public_lake import published
from portal.public_lake.laptop import ways
from portal.public_lake.published import Refusal, Result
from portal.public_lake.result_charts import SHOWN_ROWS, Axes, axes_of, drawn, is_magnitude, shown_rows
from portal.public_lake.sql_examples import EXAMPLES

_ONE_COLOUR = "one colour"


def nothing_published() -> None:
    """Say that there is nothing yet, and what to do."""
    with st.container(border=True):
        st.markdown(
            "**Nothing has been published yet.** Whoever runs this portal does it with `tomlake publish`; "
            "from then on every change is published by itself at night. Until then each target's page gives "
            "its light curve as CSV, and the API answers at `/api/v1`."
        )


def edition(told: Manifest, *, is_newest: bool) -> None:
    """Tell which version is asked, and what is in it."""
    rows = {table.name: table.rows for table in told.tables}
    st.caption(
        f"Version **{escaped(told.name)}** of {escaped(told.made_utc[:10])} · "
        f"{plural(rows.get('photometry', 0), 'point')} of {plural(rows.get('targets', 0), 'target')} · "
        f"{escaped(told.licence)}"
    )
    if told.simulated:
        simulated_banner("Some targets of this version are made up; `targets.simulated` tells which.")
    if not is_newest:
        st.info(
            "This is the version that the address names, which never changes. "
            "[Ask the newest version](/data)",
            icon=":material/history:",
        )
    if not rows.get("photometry"):
        st.info("No point is published yet: queries work and give no rows.", icon=":material/info:")


def schema_browser(told: Manifest) -> None:
    """Show each table and what its columns mean."""
    rows = {table.name: table.rows for table in told.tables}
    table = st.selectbox(
        "Tables",
        list(rows),
        key="data_table",
        format_func=lambda name: f"{name} · {plural(rows[name], 'row')}",
    )
    found = next(each for each in told.tables if each.name == table)
    st.caption(escaped(found.description))
    st.dataframe(
        published.columns_table(told, table),
        hide_index=True,
        height=430,
        row_height=32,
        alt=f"Columns of the table {table}",
        column_config={
            "Column": st.column_config.TextColumn(width=112, pinned=True),
            "Unit": st.column_config.TextColumn(width=58),
            "Meaning": st.column_config.TextColumn(width=300),
        },
    )


def refused(refusal: Refusal) -> None:
    """Say in one sentence why there are no rows, and show the line that is meant."""
    st.error(escaped(refusal.reason), icon=":material/error:")
    if refusal.line:
        st.code(refusal.line, language="sql")


def answered(result: Result) -> None:
    """Show the rows of a query, their chart, and the ways to take them along."""
    st.markdown(f"**{escaped(published.result_words(result))}**")
    if result.truncated:
        st.warning(
            "**There were more rows.** These are the first ones that fit the limits: narrow the query, "
            "count in SQL, or take the files below.",
            icon=":material/content_cut:",
        )
    if not result.rows.num_rows:
        st.info("No row fits; the columns are as asked.", icon=":material/info:")
    table, chart = st.tabs(["Table", "Chart"])
    with table:
        _result_table(result)
    with chart:
        _result_chart(result)
    with st.container(horizontal=True, vertical_alignment="center"):
        _download("CSV", published.csv_file, result, "Every value as it is, for programs.")
        _download("Parquet", published.parquet_file, result, "With types, small and quick to read.")
        _download(
            "CSV for a spreadsheet",
            published.spreadsheet_file,
            result,
            "Texts that begin with = + - @ get an apostrophe, so that no spreadsheet runs them. "
            "Numbers stay as they are.",
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
        alt=f"Result with {plural(result.rows.num_rows, 'row')}",
    )
    if result.rows.num_rows > SHOWN_ROWS:
        st.caption(f"The first {SHOWN_ROWS:,} rows; the downloads hold all of them.")


def _result_chart(result: Result) -> None:
    rows = shown_rows(result.rows, most=result.rows.num_rows)
    hint = next((each for each in EXAMPLES if each.sql == result.sql), None)
    begin = axes_of(rows, hint.x, hint.y, hint.colour) if hint else axes_of(rows)
    if begin is None:
        st.caption("A chart needs two columns, one of them of numbers, and at least one row.")
        return
    axes = _chosen_axes(rows, begin)
    chart = drawn(rows, axes)
    st.vega_lite_chart(chart.rows, chart.spec, alt=f"Chart of {axes.y} against {axes.x}", key="data_chart")
    if chart.one_of > 1:
        st.caption(f"One of {chart.one_of} rows is drawn; the downloads hold all of them.")


def _chosen_axes(rows: pl.DataFrame, begin: Axes) -> Axes:
    names, mark = rows.columns, "/".join(rows.columns)
    colours = [_ONE_COLOUR, *names]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        x = st.selectbox("Across", names, index=names.index(begin.x), key=f"data_x_{mark}", width=170)
        y = st.selectbox("Up", names, index=names.index(begin.y), key=f"data_y_{mark}", width=170)
        colour = st.selectbox(
            "Colour",
            colours,
            index=colours.index(begin.colour) if begin.colour else 0,
            key=f"data_colour_{mark}",
            width=170,
        )
        up = st.checkbox("Small numbers on top", value=is_magnitude(y), key=f"data_up_{mark}_{y}")
    return Axes(x=x, y=y, colour="" if colour == _ONE_COLOUR else colour, bright_up=up)


def _download(label: str, make: Callable[[Result], bytes], result: Result, said: str) -> None:
    suffix = "parquet" if label == "Parquet" else "csv"

    def made() -> bytes:
        try:
            return make(result)
        except Rejected as error:  # a type without a place in this format
            return f"{error.reason}\n".encode()

    st.download_button(
        label,
        made,
        file_name=f"tomlake.{suffix}",
        icon=":material/download:",
        help=said,
        on_click="ignore",
        key=f"data_download_{label}",
    )


def _permalink(result: Result) -> None:
    with st.popover("Permalink", icon=":material/link:", width="content"):
        link = published.permalink(result.sql, result.version)
        if not link:
            st.caption("The query is too long for a link: keep its text, and send it by POST to `/api/sql`.")
            return
        st.code(link, language=None, wrap_lines=True)
        st.caption("Opens this page with these rows as long as the version is served. For a program:")
        address = published.query_address(result.sql, result.version, wanted="parquet")
        st.code(address, language=None, wrap_lines=True)


def bulk(told: Manifest) -> None:
    """Offer the published files whole, with what they weigh, the licence and how to cite them."""
    st.header("Take all of it")
    st.markdown(
        f"Plain Parquet files, {size_text(told.size_bytes)} in all: no account, no limit of rows.", width=760
    )
    left, right = st.columns([1.9, 1], gap="large")
    with left:
        st.dataframe(
            published.tables_table(told),
            hide_index=True,
            alt="Published tables with rows, files and sizes",
            column_config={
                "Table": st.column_config.TextColumn(width=105, pinned=True),
                "One row is": st.column_config.TextColumn(width=330),
                "Rows": st.column_config.NumberColumn(format="localized", width=75),
                "Files": st.column_config.NumberColumn(width=55),
                "Size": st.column_config.TextColumn(width=75),
                "Address": st.column_config.LinkColumn(
                    display_text=r"/([^/]+)$", help="One file, or the list of its files", width=120
                ),
            },
        )
    with right:
        fact_list({"Version": told.name, "Licence": told.licence, "Cite": told.citation})
        st.link_button(
            "Manifest",
            published.manifest_address(told.name),
            icon=":material/description:",
            help="Every file with its SHA-256, every column with its unit, for programs.",
        )
    st.caption("Archives and telescopes to be cited or thanked, with the words to use: the table citations.")


def from_a_laptop(name: str) -> None:
    """Show how programs read the lake."""
    st.header("From your laptop")
    offered = ways(name)
    for tab, (_, language, text) in zip(st.tabs([way[0] for way in offered]), offered, strict=True):
        tab.code(text, language=language, wrap_lines=True)
