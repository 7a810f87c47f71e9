"""ADQL as the SQL that the sandbox runs, and what is known of the columns that come out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import SqlglotError

from lake.adql.geometry import plain_geometry
from lake.adql.reading import bad_adql, name_of, read_adql
from lake.adql.schema import TAP_SCHEMA, AdqlTable
from lake.public.manifest import PublishedColumn


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """A query as the sandbox takes it; ``columns`` are those that come out as they went in, by name."""

    sql: str
    columns: Mapping[str, PublishedColumn]
    asks_tap_schema: bool


def translate(adql: str, tables: Sequence[AdqlTable]) -> Translation:
    """Return one ADQL query as SQL over the published tables.

    Raises
    ------
    Rejected
        ``bad-adql``.
    """
    tree = read_adql(adql)
    try:
        columns = _columns_out(tree, tables)
        _name_tables(tree, tables)
        _strip_schemas(tree)
        for node in reversed(list(tree.walk())):  # what is within a function before the function itself
            if (plain := _plain_function(node)) is not node:
                node.replace(plain)
        sql = plain_geometry(tree).sql(dialect="duckdb", comments=False)
    except (SqlglotError, RecursionError) as error:
        raise bad_adql("The query is nested too deeply; write it in simpler parts.") from error
    own = {table.sql_name for table in tables if table.schema == TAP_SCHEMA}
    asks_own = any(node.name in own for node in tree.find_all(exp.Table))
    return Translation(sql=sql, columns=columns, asks_tap_schema=asks_own)


def _name_tables(tree: exp.Query, tables: Sequence[AdqlTable]) -> None:
    own = {cte.alias_or_name.lower() for cte in tree.find_all(exp.CTE)}
    for node in list(tree.find_all(exp.Table)):
        if node.catalog or (not node.db and node.name.lower() in own):
            if node.catalog:
                raise bad_adql("A table has a schema and a name, such as tomlake.photometry.")
            continue
        table = _table(node, tables)
        if table is None:
            known = ", ".join(table.full_name for table in tables)
            name = ".".join(part for part in (node.db, node.name) if part)
            raise bad_adql(f"There is no table {name:.100}; the tables are {known}.")
        alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(node.name, quoted=True))
        node.set("alias", alias)
        node.set("db", None)
        node.set("this", exp.to_identifier(table.sql_name, quoted=True))


def _table(node: exp.Table, tables: Sequence[AdqlTable]) -> AdqlTable | None:
    name = (node.db.lower(), node.name.lower())
    for table in tables:
        if name == (table.schema.lower(), table.name) or (
            name == ("", table.name) and table.sql_name == table.name
        ):
            return table
    return None


def _strip_schemas(tree: exp.Query) -> None:
    """Take the schema off ``tomlake.photometry.mag``: the table goes by its own name within the query."""
    for column in tree.find_all(exp.Column):
        column.set("db", None)
        column.set("catalog", None)


def _plain_function(node: exp.Expr) -> exp.Expr:
    """Return what ADQL means by a function that SQL calls otherwise."""
    if isinstance(node, exp.Log) and node.args.get("expression") is None:
        return exp.Ln(this=node.this)  # ADQL's LOG is the natural one
    if isinstance(node, exp.Rand):
        return exp.Rand()  # the seed that ADQL allows has no meaning here
    if isinstance(node, exp.Trunc) and node.args.get("decimals") is not None:
        shift = exp.Pow(this=exp.Literal.number(10), expression=exp.paren(node.args["decimals"], copy=True))
        inner = exp.Mul(this=exp.paren(node.this, copy=True), expression=shift)
        return exp.Div(this=exp.Trunc(this=inner), expression=shift.copy())
    if isinstance(node, exp.Anonymous) and name_of(node) == "ilike" and len(node.expressions) == 2:
        return exp.ILike(this=node.expressions[0], expression=node.expressions[1])
    if isinstance(node, exp.Literal) and not node.is_string and "." in node.name:
        # a decimal would keep its own number of digits, and 0.3333333333333333 - 100.0 would not fit
        return node if "e" in node.name.lower() else exp.Literal.number(f"{node.name}e0")
    if isinstance(node, exp.Offset | exp.Limit):
        _check_count(node)
    return node


def _check_count(node: exp.Expr) -> None:
    count = node.args.get("expression")
    if not (isinstance(count, exp.Literal) and count.name.isdigit()):
        raise bad_adql(f"{'OFFSET' if isinstance(node, exp.Offset) else 'TOP'} takes a whole number.")


def _columns_out(tree: exp.Query, tables: Sequence[AdqlTable]) -> dict[str, PublishedColumn]:
    """Return the columns that the outermost SELECT hands on unchanged."""
    first: exp.Expr = tree
    while isinstance(first, exp.SetOperation):
        first = first.this.unnest()
    if not isinstance(first, exp.Select):
        return {}
    sources = dict(_sources(first, tables))
    found: dict[str, PublishedColumn] = {}
    for projection in first.expressions:
        found = _handed_on(projection, sources) | found
    return found


def _handed_on(projection: exp.Expr, sources: Mapping[str, AdqlTable]) -> dict[str, PublishedColumn]:
    """Return the columns that one item of a SELECT hands on, by the names they then have."""
    plain = projection.unalias()
    qualifier = plain.table.lower() if isinstance(plain, exp.Column) else ""
    if plain.is_star:
        chosen = [table for name, table in sources.items() if qualifier in {"", name}]
        return {column.name.lower(): column for table in reversed(chosen) for column in table.columns}
    column = _column(plain, sources) if isinstance(plain, exp.Column) else None
    return {} if column is None else {projection.alias_or_name.lower(): column}


def _sources(select: exp.Select, tables: Sequence[AdqlTable]) -> Iterator[tuple[str, AdqlTable]]:
    start = select.args.get("from_")
    for source in [*([start] if start else []), *(select.args.get("joins") or [])]:
        node = source.this
        table = _table(node, tables) if isinstance(node, exp.Table) else None
        if table is not None:
            yield node.alias_or_name.lower(), table


def _column(node: exp.Column, sources: Mapping[str, AdqlTable]) -> PublishedColumn | None:
    for name, table in sources.items():
        if node.table and node.table.lower() != name:
            continue
        for column in table.columns:
            if column.name.lower() == node.name.lower():
                return column
    return None
