"""The lake's tables as they should be, and how a lake is brought there."""

import duckdb

from engine.errors import Rejected
from engine.times import mjd_now
from lake.provenance import code_version
from lake.tables import TABLES, Table

ROW_GROUP_ROWS = 20480
LAYOUT = 2  # 1: the first tables; 2: the lake knows its layout, papers are sorted by time

_OPTIONS: tuple[tuple[str, object], ...] = (
    ("parquet_compression", "zstd"),
    ("parquet_version", 2),
    ("parquet_row_group_size", ROW_GROUP_ROWS),
    ("sort_on_insert", False),  # rows come sorted, which costs half of what DuckLake needs for it
)
FOUND_COLUMNS = "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'lake'"


def is_complete(found: set[tuple[str, str]]) -> bool:
    """Return whether (table, column) pairs cover everything that ``lake.tables`` names."""
    return all((table.name, column) in found for table in TABLES for column in table.schema)


def complete(connection: duckdb.DuckDBPyConnection) -> None:
    """Create tables and columns that are missing, and note the layout; the caller holds the writer's lock."""
    for option, value in _OPTIONS:
        connection.execute("CALL lake.set_option($option, $value)", {"option": option, "value": value})
    found = {(str(table), str(column)) for table, column in connection.execute(FOUND_COLUMNS).fetchall()}
    connection.execute("BEGIN")
    for table in TABLES:
        if any(name == table.name for name, _ in found):
            _add_columns(connection, table, found)
            _sort(connection, table)
        else:
            _create(connection, table)
    _note_layout(connection)
    connection.execute("COMMIT")


def refuse_newer(number: int) -> None:
    """Refuse to work on a lake that a later tomlake laid out.

    Raises
    ------
    Rejected
        ``newer-lake``
    """
    if number > LAYOUT:
        raise newer_lake()


def newer_lake() -> Rejected:
    """Return the refusal of a lake that this program does not understand."""
    return Rejected(
        "A newer tomlake made this lake: install that version again; nothing was changed.", code="newer-lake"
    )


def _note_layout(connection: duckdb.DuckDBPyConnection) -> None:
    found = connection.execute("SELECT max(number) FROM lake.layouts").fetchone()
    number = int(found[0] or 0) if found else 0
    refuse_newer(number)
    if number < LAYOUT:
        connection.execute(
            "INSERT INTO lake.layouts VALUES ($number, $code_version, $made_mjd)",
            {"number": LAYOUT, "code_version": code_version(), "made_mjd": mjd_now()},
        )


def _create(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    columns = ", ".join(f'"{name}" {sql_type}' for name, sql_type in table.sql_columns.items())
    connection.execute(f"CREATE TABLE lake.{table.name} ({columns})")
    if table.partitioned_by:
        connection.execute(f"ALTER TABLE lake.{table.name} SET PARTITIONED BY ({table.partitioned_by})")
    _sort(connection, table)


def _sort(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    if table.sorted_by:
        connection.execute(f"ALTER TABLE lake.{table.name} SET SORTED BY ({table.sorted_by})")


def _add_columns(connection: duckdb.DuckDBPyConnection, table: Table, found: set[tuple[str, str]]) -> None:
    for name, sql_type in table.sql_columns.items():
        if (table.name, name) not in found:
            connection.execute(f'ALTER TABLE lake.{table.name} ADD COLUMN "{name}" {sql_type}')
