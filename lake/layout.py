"""The lake's tables as they should be, and how a lake is brought there."""

import duckdb

from lake.tables import TABLES, Table

_OPTIONS: tuple[tuple[str, object], ...] = (
    ("parquet_compression", "zstd"),
    ("parquet_version", 2),
    ("parquet_row_group_size", 20480),
)
FOUND_COLUMNS = "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'lake'"


def is_complete(found: set[tuple[str, str]]) -> bool:
    """Return whether (table, column) pairs cover everything that ``lake.tables`` names."""
    return all((table.name, column) in found for table in TABLES for column in table.schema)


def complete(connection: duckdb.DuckDBPyConnection) -> None:
    """Create tables and columns that are missing; the caller holds the writer's lock."""
    for option, value in _OPTIONS:
        connection.execute("CALL lake.set_option($option, $value)", {"option": option, "value": value})
    found = {(str(table), str(column)) for table, column in connection.execute(FOUND_COLUMNS).fetchall()}
    connection.execute("BEGIN")
    for table in TABLES:
        if any(name == table.name for name, _ in found):
            _add_columns(connection, table, found)
        else:
            _create(connection, table)
    connection.execute("COMMIT")


def _create(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    columns = ", ".join(f'"{name}" {sql_type}' for name, sql_type in table.sql_columns.items())
    connection.execute(f"CREATE TABLE lake.{table.name} ({columns})")
    if table.partitioned_by:
        connection.execute(f"ALTER TABLE lake.{table.name} SET PARTITIONED BY ({table.partitioned_by})")
    if table.sorted_by:
        connection.execute(f"ALTER TABLE lake.{table.name} SET SORTED BY ({table.sorted_by})")


def _add_columns(connection: duckdb.DuckDBPyConnection, table: Table, found: set[tuple[str, str]]) -> None:
    for name, sql_type in table.sql_columns.items():
        if (table.name, name) not in found:
            connection.execute(f'ALTER TABLE lake.{table.name} ADD COLUMN "{name}" {sql_type}')
