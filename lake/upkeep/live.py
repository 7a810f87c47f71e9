"""The files that the newest version of the lake is made of, as DuckLake's own tables list them."""

from dataclasses import dataclass

from lake.readable import Readable

METADATA = "__ducklake_metadata_lake"  # DuckLake's own tables, as DuckDB names them
_LIVE = f"""
    SELECT t.table_name AS "table",
           f.path AS path,
           f.record_count AS rows,
           f.file_size_bytes AS size_bytes,
           coalesce(d.delete_count, 0) AS deleted_rows,
           coalesce(d.file_size_bytes, 0) AS delete_file_bytes,
           concat(f.partition_id, '/', p.partition_value) AS "group"
    FROM {METADATA}.ducklake_data_file AS f
    JOIN {METADATA}.ducklake_table AS t ON t.table_id = f.table_id AND t.end_snapshot IS NULL
    LEFT JOIN {METADATA}.ducklake_delete_file AS d
      ON d.data_file_id = f.data_file_id AND d.end_snapshot IS NULL
    LEFT JOIN {METADATA}.ducklake_file_partition_value AS p
      ON p.data_file_id = f.data_file_id AND p.partition_key_index = 0
    WHERE f.end_snapshot IS NULL
    ORDER BY f.data_file_id
"""  # noqa: S608 - our own names


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFile:
    """One Parquet file with rows of the newest version, and the file that marks its deleted rows."""

    table: str
    path: str  # inside the folder of its table
    rows: int  # deleted ones included
    size_bytes: int
    deleted_rows: int
    delete_file_bytes: int  # 0: there is no such file
    group: str  # files of one table and group may become one file

    @property
    def name(self) -> str:
        """Return the name of the file without folders; no two files of a lake share one."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def deleted_share(self) -> float:
        """Return which part of the rows is deleted: 0 to 1."""
        return self.deleted_rows / self.rows if self.rows else 0.0


def live_files(store: Readable) -> list[LiveFile]:
    """Return the files of the newest version, in the order in which they came."""
    return [LiveFile(**row) for row in store.read(_LIVE).iter_rows(named=True)]
