"""What a person may say to the real lake: anything that reads, with the rights of their own account.

DuckDB attaches the lake read-only, but some functions of its extensions delete files or rows all the same
(LAKE.md), so those are refused by name. This protects the lake from mistakes; it is no fence against malice:
whoever runs it can read the files anyway.
"""

import re

import duckdb

from engine.errors import Rejected
from lake.sandbox.statement import nodes_of, not_a_select, tree_of

_KINDS = frozenset({"SELECT", "EXPLAIN", "SET"})  # DESCRIBE, SHOW and PRAGMA are SELECTs in the end
_OF_EXTENSIONS = ("ducklake_", "sqlite_", "postgres_")
_READING = frozenset(
    {
        "ducklake_current_snapshot", "ducklake_last_committed_snapshot", "ducklake_list_files",
        "ducklake_options", "ducklake_settings", "ducklake_snapshots", "ducklake_table_changes",
        "ducklake_table_deletions", "ducklake_table_info", "ducklake_table_insertions",
    }
)  # fmt: skip
_RUNNING_TEXT = frozenset({"query", "query_table", "json_execute_serialized_sql"})
_EXPLAIN = re.compile(r"\s*EXPLAIN(\s+ANALYZE)?(\s*\([^)]*\))?\s", re.IGNORECASE)


def reading_statements(connection: duckdb.DuckDBPyConnection, sql: str) -> list[duckdb.Statement]:
    """Return the statements of a text when all of them only read.

    Raises
    ------
    Rejected
        ``not-a-select``: one of them writes; ``bad-sql``: it cannot be read.
    """
    try:
        statements = connection.extract_statements(sql)
        for statement in statements:
            _check(connection, statement)
    except duckdb.Error as error:
        raise Rejected(str(error), code="bad-sql") from error
    return statements


def _check(connection: duckdb.DuckDBPyConnection, statement: duckdb.Statement) -> None:
    kind = statement.type.name
    if kind not in _KINDS:
        raise not_a_select(f"{kind} is not possible here: the lake is open for reading; write a SELECT.")
    if kind == "SET":
        return
    for node in nodes_of(tree_of(connection, _EXPLAIN.sub("", statement.query, count=1))):
        function = node.get("function")
        if node.get("type") == "TABLE_FUNCTION" and isinstance(function, dict):
            _check_function(str(function.get("function_name", "")).lower())


def _check_function(name: str) -> None:
    changes = name.startswith(_OF_EXTENSIONS) and name not in _READING
    if changes or name in _RUNNING_TEXT:
        raise not_a_select(f"The function {name} is not possible here: it could change the lake.")
