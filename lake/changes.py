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
    files: str = ""  # where new rows stand already, as a pattern of paths
    keeps_papers: bool = False  # rows that only move stay those of the batch that made them

    def stamped(self, batch_id: str) -> "Change":
        """Return the change with all columns, and every row carrying the batch unless it has its own."""
        rows = self.rows
        if "batch_id" in self.table.schema and not self.keeps_papers:
            rows = rows.with_columns(batch_id=pl.lit(batch_id, dtype=pl.String()))
        return replace(self, rows=self.table.rows(rows))

    def in_order(self) -> "Change":
        """Return the change with its rows as the table's files keep them."""
        return replace(self, rows=self.table.in_order(self.rows))


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
    if change.files:
        connection.execute(
            "CALL ducklake_add_data_files('lake', $table, $files)", {"table": name, "files": change.files}
        )


def _delete(connection: duckdb.DuckDBPyConnection, name: str, keys: pl.DataFrame) -> None:
    """Delete by keys; only the first column is told to DuckLake plainly.

    By it DuckLake leaves out whole files, and it looks at constants only. Each further plain column costs
    a walk through the statistics of all files, so the others stand in words that it cannot use.
    """
    keys = keys.unique()
    first, others = keys.columns[0], keys.columns[1:]
    if len(keys) == 1:
        values = {f"k{number}": value for number, value in enumerate(keys.row(0))}
        same = [f't."{column}" IS NOT DISTINCT FROM $k{number}' for number, column in enumerate(others, 1)]
        where = " AND ".join([f't."{first}" = $k0', *same])
        connection.execute(f"DELETE FROM lake.{name} AS t WHERE {where}", values)  # noqa: S608 - names from lake.tables
        return
    same = [f'k."{column}" IS NOT DISTINCT FROM t."{column}"' for column in keys.columns]
    connection.register("doomed", keys)
    connection.execute(
        f'DELETE FROM lake.{name} AS t WHERE t."{first}" BETWEEN $low AND $high '  # noqa: S608 - names from lake.tables
        f"AND EXISTS (SELECT 1 FROM doomed AS k WHERE {' AND '.join(same)})",
        {"low": keys[first].min(), "high": keys[first].max()},
    )
    connection.unregister("doomed")
