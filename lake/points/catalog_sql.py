"""Questions to DuckLake's own tables (specification 1.0), in words that SQLite and PostgreSQL know."""

from lake.catalog import CatalogKind

_LIVE = (
    "{0}.begin_snapshot <= s.snapshot_id AND ({0}.end_snapshot IS NULL OR {0}.end_snapshot > s.snapshot_id)"
)
_PLAIN = "CAST({0}.path_is_relative AS INTEGER) = 1"
_PARQUET = _PLAIN + " AND {0}.{1} = 'parquet' AND {0}.encryption_key IS NULL"
# A row for each delete file of each data file, and at least one row where the version is known.
_FILES = f"""
SELECT s.snapshot_id AS version,
       s.next_file_id AS next_file_id,
       t.table_id AS table_id,
       h.path || t.path || f.path AS path,
       f.file_size_bytes AS size_bytes,
       f.partial_max AS partial_max,
       CASE WHEN k.column_name = 'target_id' THEN c.transform END AS transform,
       p.partition_value AS bucket,
       h.path || t.path || d.path AS delete_path,
       d.file_size_bytes AS delete_size_bytes,
       d.partial_max AS delete_partial_max,
       CASE WHEN {_LIVE.format("f")} THEN 1 ELSE 0 END AS is_live,
       CASE WHEN f.data_file_id IS NULL THEN 1
            WHEN {_PLAIN.format("h")} AND {_PLAIN.format("t")} AND {_PARQUET.format("f", "file_format")}
                 AND (d.path IS NULL OR {_PARQUET.format("d", "format")}) THEN 1
            ELSE 0 END AS is_plain
FROM ducklake_snapshot s
LEFT JOIN ducklake_schema h ON h.schema_name = 'main' AND {_LIVE.format("h")}
LEFT JOIN ducklake_table t ON t.schema_id = h.schema_id AND t.table_name = :table_name AND {_LIVE.format("t")}
LEFT JOIN ducklake_data_file f ON f.table_id = t.table_id AND %s
LEFT JOIN ducklake_file_partition_value p ON p.data_file_id = f.data_file_id AND p.partition_key_index = 0
LEFT JOIN ducklake_partition_column c ON c.partition_id = f.partition_id AND c.partition_key_index = 0
LEFT JOIN ducklake_column k ON k.table_id = t.table_id AND k.column_id = c.column_id AND {_LIVE.format("k")}
LEFT JOIN ducklake_delete_file d ON d.data_file_id = f.data_file_id AND {_LIVE.format("d")}
WHERE s.snapshot_id = %s
"""  # noqa: S608 - our own words
_CHANGED_FILES = """
f.data_file_id IN (
    SELECT data_file_id FROM ducklake_data_file WHERE data_file_id >= :next_file_id
    UNION ALL
    SELECT data_file_id FROM ducklake_delete_file WHERE delete_file_id >= :next_file_id
    UNION ALL
    SELECT data_file_id FROM ducklake_data_file WHERE end_snapshot > :version
)
"""
NEWEST = "SELECT max(snapshot_id) AS version FROM ducklake_snapshot"
EXISTS = "SELECT 1 AS one FROM ducklake_snapshot WHERE snapshot_id = :version"
FILES = _FILES % (_LIVE.format("f"), f"({NEWEST})")
FILES_AT = _FILES % (_LIVE.format("f"), ":version")
# Files touched since a version, and what each version did: one statement, so that it tells of one moment.
NEWS = f"""
{_FILES % (_CHANGED_FILES, f"({NEWEST})")}
UNION ALL
SELECT v.snapshot_id, NULL, NULL, w.changes_made, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM ducklake_snapshot v
LEFT JOIN ducklake_snapshot_changes w ON w.snapshot_id = v.snapshot_id
WHERE v.snapshot_id >= :version
"""  # noqa: S608 - our own words
COLUMNS = """
SELECT column_id, column_name, initial_default
FROM ducklake_column
WHERE table_id = :table_id
  AND parent_column IS NULL
  AND begin_snapshot <= :version
  AND (end_snapshot IS NULL OR end_snapshot > :version)
ORDER BY column_id
"""
INLINED_TABLES = {
    CatalogKind.SQLITE: "SELECT name FROM sqlite_master WHERE name LIKE 'ducklake_inlined_d%'",
    CatalogKind.POSTGRESQL: "SELECT tablename FROM pg_tables WHERE tablename LIKE 'ducklake_inlined_d%'",
}
