"""TAP_SCHEMA: the tables of the service told as rows, for queries to read.

References
----------
Dowler et al. 2019, IVOA Recommendation "Table Access Protocol" 1.1, section 4.
"""

import hashlib
import uuid
from dataclasses import replace
from pathlib import Path

import polars as pl

from lake.adql.schema import SCHEMA, TAP_SCHEMA, AdqlTable, links_of, votable_type, written_name
from lake.public.manifest import Manifest, PublishedColumn
from lake.sandbox.publication import Publication

_PRINCIPAL = frozenset(
    {"target_id", "name", "target", "ra_deg", "dec_deg", "mjd", "band", "mag", "mag_err", "classification"}
)


def _text(name: str, description: str) -> PublishedColumn:
    return PublishedColumn(name=name, type="VARCHAR", description=description)


def _number(name: str, description: str) -> PublishedColumn:
    return PublishedColumn(name=name, type="INTEGER", description=description)


def _own(name: str, description: str, *columns: PublishedColumn) -> AdqlTable:
    return AdqlTable(
        schema=TAP_SCHEMA,
        name=name,
        sql_name=f"tap_schema_{name}",
        description=description,
        columns=columns,
    )


_OWN_TABLES = (
    _own(
        "schemas",
        "the schemas of this service",
        _text("schema_name", "name of the schema"),
        _text("description", "what is in it"),
        _text("utype", "always empty"),
        _number("schema_index", "in which order to show it"),
    ),
    _own(
        "tables",
        "the tables of this service",
        _text("schema_name", "schema of the table"),
        _text("table_name", "name of the table with its schema"),
        _text("table_type", "always table"),
        _text("description", "what one row is"),
        _text("utype", "always empty"),
        _number("table_index", "in which order to show it"),
    ),
    _own(
        "columns",
        "the columns of the tables",
        _text("table_name", "name of the table with its schema"),
        _text("column_name", "name of the column as a query writes it"),
        _text("datatype", "type as in a VOTable"),
        _text("arraysize", "length as in a VOTable"),
        _text("xtype", "always empty"),
        _number("size", "as in TAP 1.0; always empty"),
        _text("description", "what it means"),
        _text("utype", "always empty"),
        _text("unit", "unit"),
        _text("ucd", "UCD1+"),
        _number("indexed", "1 where a condition on it makes a query fast"),
        _number("principal", "1 for what most people want to see"),
        _number("std", "always 0"),
        _number("column_index", "in which order to show it"),
    ),
    _own(
        "keys",
        "which tables can be joined",
        _text("key_id", "name of the link"),
        _text("from_table", "table that refers"),
        _text("target_table", "table that is referred to"),
        _text("description", "what the link means"),
        _text("utype", "always empty"),
    ),
    _own(
        "key_columns",
        "by which columns tables are joined",
        _text("key_id", "name of the link"),
        _text("from_column", "column of the table that refers"),
        _text("target_column", "column of the table that is referred to"),
    ),
)


def adql_tables(told: Manifest) -> tuple[AdqlTable, ...]:
    """Return the tables of a published version and those of TAP_SCHEMA."""
    ours = tuple(
        AdqlTable(
            schema=SCHEMA,
            name=table.name,
            sql_name=table.name,
            description=table.description,
            columns=table.columns,
        )
        for table in told.tables
    )
    return ours + _OWN_TABLES


def with_tap_schema(publication: Publication, tables: tuple[AdqlTable, ...], folder: Path) -> Publication:
    """Return a publication to which TAP_SCHEMA was added, as files that are written into a folder once."""
    files = {name: (_kept(rows, folder),) for name, rows in _rows(tables).items()}
    return replace(publication, tables={**publication.tables, **files})


def _rows(tables: tuple[AdqlTable, ...]) -> dict[str, pl.DataFrame]:
    """Return the rows of TAP_SCHEMA by the name that the sandbox gives each of its tables."""
    about = {
        SCHEMA: "the public lake: targets, photometry and how it was made",
        TAP_SCHEMA: "what can be asked here",
    }
    links = [(table.full_name, *link) for table in tables for link in links_of(table)]
    values: dict[str, list[tuple[object, ...]]] = {
        "schemas": [(name, text, None, order) for order, (name, text) in enumerate(about.items())],
        "tables": [
            (table.schema, table.full_name, "table", table.description, None, order)
            for order, table in enumerate(tables)
        ],
        "columns": [row for table in tables for row in _column_rows(table)],
        "keys": [
            (f"k{number}", source, to, why, None) for number, (source, to, _by, why) in enumerate(links)
        ],
        "key_columns": [(f"k{number}", by, by) for number, (_source, _to, by, _why) in enumerate(links)],
    }
    types = {"VARCHAR": pl.String(), "INTEGER": pl.Int32()}
    return {
        own.sql_name: pl.DataFrame(
            values[own.name],
            schema={column.name: types[column.type] for column in own.columns},
            orient="row",
        )
        for own in _OWN_TABLES
    }


def _column_rows(table: AdqlTable) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for order, column in enumerate(table.columns):
        datatype, arraysize = votable_type(column.type)
        is_indexed = column.name in {"target_id", "dec_deg"}  # rows lie by target, their groups know both
        is_principal = table.schema == TAP_SCHEMA or column.name in _PRINCIPAL
        told = (column.description, None, column.unit or None, column.ucd or None)
        rows.append(
            (
                table.full_name,
                written_name(column.name),
                datatype,
                arraysize or None,
                None,
                None,
                *told,
                int(is_indexed),
                int(is_principal),
                0,
                order,
            )
        )
    return rows


def _kept(rows: pl.DataFrame, folder: Path) -> Path:
    """Return the file of some rows; its name is what is in it, so it is written once and never stale."""
    mark = hashlib.sha256(rows.write_json().encode() + repr(rows.schema).encode()).hexdigest()[:32]
    file = folder / f"{mark}.parquet"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        half = folder / f"{uuid.uuid4().hex}.half"
        rows.write_parquet(half)
        half.replace(file)
    return file
