"""The first fence: a text is one SELECT over the published tables, or one sentence says what to change."""

import json
from collections.abc import Iterator, Sequence

import duckdb

from engine.errors import Rejected

TABLE_FUNCTIONS = frozenset({"generate_series", "json_each", "json_tree", "range", "unnest"})
# they tell of the machine or make it wait; what a query computes needs none of them
REFUSED_FUNCTIONS = frozenset(
    {
        "current_query",
        "current_setting",
        "getenv",
        "getvariable",
        "nextval",
        "currval",
        "sleep_ms",
        "write_log",
    }
)
_INFORMATION = frozenset({"tables", "columns"})
_OUR_SCHEMAS = frozenset({"", "main", "recurring"})  # the last one within a recursive WITH


def checked_statement(
    connection: duckdb.DuckDBPyConnection, sql: str, *, tables: Sequence[str]
) -> duckdb.Statement:
    """Return the one SELECT of a text, which names published tables and harmless functions only.

    The connection must be closed off already: to look at some statements is to open files.

    Raises
    ------
    Rejected
        ``not-a-select`` or ``bad-sql``.
    """
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise not_a_select(f"{len(statements) or 'No'} statements were given; write one SELECT.")
    kind = statements[0].type.name
    if kind != "SELECT":
        raise not_a_select(f"{kind} is not possible here; write a SELECT.")
    nodes = list(nodes_of(tree_of(connection, sql)))
    own_names = {str(node["key"]).lower() for node in nodes if "key" in node and "value" in node}
    own_names -= _names_of_the_system(connection)
    known = own_names | {table.lower() for table in tables}
    for node in nodes:
        _check_node(node, known=known, tables=tables)
    return statements[0]


def _check_node(node: dict[str, object], *, known: set[str], tables: Sequence[str]) -> None:
    kind = node.get("type")
    if kind == "SHOW_REF":
        raise not_a_select(
            "DESCRIBE, SHOW and SUMMARIZE are not possible here; SELECT from information_schema.columns."
        )
    if kind == "BASE_TABLE":
        _check_table(node, known=known, tables=tables)
    if kind == "TABLE_FUNCTION":
        _check_table_function(node)
    elif node.get("class") == "FUNCTION":
        name = str(node.get("function_name")).lower()
        if name in REFUSED_FUNCTIONS:
            raise Rejected(f"The function {name} is not available here.", code="bad-sql")


def _check_table(node: dict[str, object], *, known: set[str], tables: Sequence[str]) -> None:
    catalog, schema, name = (
        str(node.get(part, "")).lower() for part in ("catalog_name", "schema_name", "table_name")
    )
    if schema == "information_schema" and name in _INFORMATION and not catalog:
        return
    if catalog in {"", "memory"} and schema in _OUR_SCHEMAS and name in known:
        return
    raise Rejected(
        f"There is no table {node.get('table_name')!s:.100}; the tables are {', '.join(sorted(tables))}.",
        code="bad-sql",
    )


def _check_table_function(node: dict[str, object]) -> None:
    function = node.get("function")
    name = str(function.get("function_name", "")) if isinstance(function, dict) else ""
    if name.lower() not in TABLE_FUNCTIONS:
        raise Rejected(
            f"FROM {name:.100}(...) is not possible here; FROM takes the published tables and "
            f"{', '.join(sorted(TABLE_FUNCTIONS))}.",
            code="bad-sql",
        )


def tree_of(connection: duckdb.DuckDBPyConnection, sql: str) -> object:
    """Return a SELECT as DuckDB's parser sees it.

    Raises
    ------
    Rejected
        ``not-a-select``; ``bad-sql``: it is nested too deeply.
    """
    row = connection.execute("SELECT json_serialize_sql($sql)", {"sql": sql}).fetchone()
    try:
        tree = json.loads(str(row[0])) if row else {}
    except RecursionError as error:
        raise Rejected(
            "The statement is nested too deeply; write it in simpler parts.", code="bad-sql"
        ) from error
    if tree.get("error") or len(tree.get("statements", ())) != 1:
        raise not_a_select("This is no plain SELECT; write one SELECT.")
    return tree


def nodes_of(tree: object) -> Iterator[dict[str, object]]:
    """Give every part of a parsed statement."""
    waiting = [tree]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _names_of_the_system(connection: duckdb.DuckDBPyConnection) -> set[str]:
    rows = connection.execute("SELECT view_name FROM duckdb_views() WHERE internal").fetchall()
    return {str(name).lower() for (name,) in rows}


def not_a_select(sentence: str) -> Rejected:
    """Return the refusal of what does more than read."""
    return Rejected(sentence, code="not-a-select")
