"""What one transaction does to one table: rows with certain keys go, new rows come."""

from dataclasses import dataclass, replace

import duckdb
import polars as pl

from lake.tables import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """New rows of a table in place of every row that has one of the keys.

    ``keys`` has some of the table's columns; its first column should be the one the table is laid out by,
    because its range tells which files can be left alone.
    """

    table: Table
    rows: pl.DataFrame
    keys: pl.DataFrame

    def stamped(self, batch_id: str) -> "Change":
        """Return the change with every row carrying the batch and all columns of the table."""
        rows = self.rows
        if "batch_id" in self.table.schema:
            rows = rows.with_columns(batch_id=pl.lit(batch_id, dtype=pl.String()))
        return replace(self, rows=self.table.rows(rows))


def apply_change(connection: duckdb.DuckDBPyConnection, change: Change) -> None:
    """Carry a change out inside the connection's transaction."""
    name = change.table.name
    if len(change.keys):
        _delete(connection, name, change.keys)
    if len(change.rows):
        columns = ", ".join(f'"{column}"' for column in change.table.schema)
        connection.register("incoming", change.rows)
        connection.execute(f"INSERT INTO lake.{name} ({columns}) SELECT {columns} FROM incoming")  # noqa: S608 - names from lake.tables
        connection.unregister("incoming")


def _delete(connection: duckdb.DuckDBPyConnection, name: str, keys: pl.DataFrame) -> None:
    first = keys.columns[0]
    same = " AND ".join(f'k."{column}" IS NOT DISTINCT FROM t."{column}"' for column in keys.columns)
    connection.register("doomed", keys.unique())
    connection.execute(
        f"DELETE FROM lake.{name} AS t WHERE {_range(keys[first])} "  # noqa: S608 - names from lake.tables
        f"AND EXISTS (SELECT 1 FROM doomed AS k WHERE {same})",
        {"low": keys[first].min(), "high": keys[first].max()}
        if keys[first].n_unique() > 1
        else {"low": keys[first][0]},
    )
    connection.unregister("doomed")


def _range(column: pl.Series) -> str:
    """Return the condition that lets DuckLake leave out whole files: it looks at constants only."""
    if column.n_unique() == 1:
        return f't."{column.name}" = $low'
    return f't."{column.name}" BETWEEN $low AND $high'
