"""The ranges of values that the catalog gives for whole tables: they must cover those of every live file.

DuckDB leaves out files and whole tables by these ranges, so a range that is too narrow hides rows.
"""

from dataclasses import dataclass

from lake.catalog import Catalog

_NUMBERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64")
_RANGES = """
    SELECT t.table_name, c.column_name, c.column_type, w.min_value AS low, w.max_value AS high,
           s.min_value AS file_low, s.max_value AS file_high
    FROM ducklake_table_column_stats w
    JOIN ducklake_column c ON c.table_id = w.table_id AND c.column_id = w.column_id AND c.end_snapshot IS NULL
    JOIN ducklake_table t ON t.table_id = w.table_id AND t.end_snapshot IS NULL
    JOIN ducklake_file_column_stats s ON s.table_id = w.table_id AND s.column_id = w.column_id
    JOIN ducklake_data_file f ON f.data_file_id = s.data_file_id AND f.end_snapshot IS NULL
    WHERE s.min_value IS NOT NULL AND w.min_value IS NOT NULL"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrow:
    """A column whose range leaves out values of its files."""

    table: str
    column: str


def narrow_statistics(catalog: Catalog) -> list[Narrow]:
    """Return the columns of numbers whose range of the whole table leaves out values of a live file."""
    found = {
        (str(table), str(column))
        for table, column, type_, low, high, file_low, file_high in catalog.rows(_RANGES)
        if str(type_).lower() in _NUMBERS and not _covers((low, high), (file_low, file_high))
    }
    return [Narrow(table=table, column=column) for table, column in sorted(found)]


def _covers(whole: tuple[object, object], part: tuple[object, object]) -> bool:
    try:
        low, high, part_low, part_high = (float(str(value)) for value in (*whole, *part))
    except ValueError:
        return False
    return low <= part_low and part_high <= high
