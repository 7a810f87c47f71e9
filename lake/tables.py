"""The lake's tables: every column is named here once."""

from dataclasses import dataclass

import polars as pl

from engine.lightcurve import SCHEMA as LIGHT_CURVE_SCHEMA

_SQL_TYPES: dict[type[pl.DataType], str] = {
    pl.Int64: "BIGINT",
    pl.UInt32: "UINTEGER",
    pl.Float64: "DOUBLE",
    pl.String: "VARCHAR",
    pl.Boolean: "BOOLEAN",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of the lake: columns, and how its files are laid out."""

    name: str
    schema: dict[str, pl.DataType]
    partitioned_by: str = ""
    sorted_by: str = ""

    @property
    def sql_columns(self) -> dict[str, str]:
        """Return the SQL type of each column."""
        return {name: sql_type(dtype) for name, dtype in self.schema.items()}

    def empty(self) -> pl.DataFrame:
        """Return the table without rows."""
        return pl.DataFrame(schema=self.schema)

    def rows(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows with exactly the table's columns and types; missing columns become nulls.

        Raises
        ------
        ValueError
            A column is unknown to the table.
        """
        unknown = set(rows.columns) - set(self.schema)
        if unknown:
            raise ValueError(f"table {self.name} has no column {', '.join(sorted(unknown))}")
        return rows.select(
            (pl.col(name) if name in rows.columns else pl.lit(None)).cast(dtype).alias(name)
            for name, dtype in self.schema.items()
        )


def sql_type(dtype: pl.DataType) -> str:
    """Return the SQL type that keeps a column of this type exactly."""
    if isinstance(dtype, pl.List):
        return f"{sql_type(pl.String())}[]"
    return _SQL_TYPES[type(dtype)]


PHOTOMETRY = Table(
    name="photometry",
    schema=LIGHT_CURVE_SCHEMA,
    partitioned_by="bucket(16, target_id)",
    sorted_by="target_id, mjd",
)

BATCHES = Table(
    name="batches",
    schema={
        "batch_id": pl.String(),
        "task": pl.String(),
        "source": pl.String(),
        "target_id": pl.Int64(),
        "code_version": pl.String(),
        "parameters": pl.String(),
        "raw_sha256": pl.String(),
        "made_mjd": pl.Float64(),
        "by": pl.String(),
    },
)

TABLES: tuple[Table, ...] = (PHOTOMETRY, BATCHES)


def table_named(name: str) -> Table:
    """Return the table of a name."""
    return {table.name: table for table in TABLES}[name]
