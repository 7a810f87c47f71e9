"""TAP: one ADQL query over the published lake, answered while the client waits.

References
----------
Dowler et al. 2019, IVOA Recommendation "Table Access Protocol" 1.1.
"""

import csv
import io
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import IO

import pyarrow as pa
from starlette.responses import Response, StreamingResponse

from engine.errors import Rejected
from lake.adql.tap_schema import adql_tables, with_tap_schema
from lake.adql.translating import translate
from lake.paths import paths_of
from lake.public.manifest import PublishedColumn
from lake.sandbox.run import LIMITS
from lake.sandbox.selection import Selection
from portal.api.vo.asking import Asked
from portal.api.vo.cone import most_rows
from portal.api.vo.votable import (
    MEDIA_TYPE,
    Field,
    Heading,
    plain_value,
    table_end,
    table_rows,
    table_start,
)
from portal.api.whole_file import nameless_file, pieces_of
from portal.public_lake.desk import Asking, desk_of, noted

logger = logging.getLogger(__name__)

DEFAULT_ROWS = 20_000
_LANGUAGES = frozenset({"ADQL", "ADQL-2.0", "ADQL-2.1"})


class Output(StrEnum):
    """What a result can be had as."""

    VOTABLE = "votable"
    CSV = "csv"
    TSV = "tsv"


MEDIA_TYPES = {
    Output.VOTABLE: MEDIA_TYPE,
    Output.CSV: "text/csv; charset=utf-8; header=present",
    Output.TSV: "text/tab-separated-values; charset=utf-8",
}
_ALSO = {
    "": Output.VOTABLE,
    MEDIA_TYPE: Output.VOTABLE,
    f"{MEDIA_TYPE};serialization=tabledata": Output.VOTABLE,
    "votable/td": Output.VOTABLE,
    "text/xml": Output.VOTABLE,
    "application/xml": Output.VOTABLE,
    "text/csv": Output.CSV,
    "text/csv;header=present": Output.CSV,
    "text/tab-separated-values": Output.TSV,
}


def tap_answer(asked: Asked) -> Response:
    """Run the query of a request to its end, then answer: half a result never looks like a whole one.

    Raises
    ------
    Rejected
        ``bad-tap``, ``bad-maxrec``, ``bad-adql``, or what the sandbox refuses.
    """
    query = _query(asked.parameters)
    output = _output(asked.parameters)
    most = most_rows(asked.parameters, default=DEFAULT_ROWS, most=LIMITS.rows)
    user = asked.user()  # a token that is not valid is told so, though what is published is for all
    asking = Asking(logger=logger, text=query, user=user, language="adql", event="an ADQL query ended")
    with noted(asking):
        file = _result(asked, query, output, most)
    return StreamingResponse(pieces_of(file), media_type=MEDIA_TYPES[output])


def _result(asked: Asked, query: str, output: Output, most: int) -> IO[bytes]:
    """Return the whole answer in a file without a name."""
    desk = desk_of(asked.lake.settings)
    tables = adql_tables(desk.published.manifest())
    translation = translate(query, tables)
    publication = desk.published.publication()
    if translation.asks_tap_schema:
        folder = paths_of(asked.lake.settings).spool_dir / "tap_schema"
        publication = with_tap_schema(publication, tables, folder)
    limits = replace(LIMITS, rows=most)
    with (
        nameless_file() as file,
        desk.sandbox.select(publication, translation.sql, limits=limits) as selection,
    ):
        pieces = (
            _votable(selection, translation.columns)
            if output is Output.VOTABLE
            else _separated(selection, "," if output is Output.CSV else "\t")
        )
        file.writelines(piece.encode() for piece in pieces)
    return file


def _votable(selection: Selection, columns: Mapping[str, PublishedColumn]) -> Iterator[str]:
    infos = (("tomlake.snapshot", str(selection.snapshot)),)
    yield table_start(Heading(fields=_fields(selection.schema, columns), infos=infos))
    for batch in selection:
        yield from table_rows(_rows(batch))
    yield table_end(is_cut=selection.truncated)


def _separated(selection: Selection, separator: str) -> Iterator[str]:
    yield _lines([selection.schema.names], separator)
    for batch in selection:
        yield _lines(([_word(value) for value in row] for row in _rows(batch)), separator)


def _lines(rows: Iterator[list[object]] | Sequence[list[str]], separator: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _word(value: object) -> object:
    plain = plain_value(value)
    return {True: "true", False: "false"}[plain] if isinstance(plain, bool) else plain


def _rows(batch: pa.RecordBatch) -> Iterator[tuple[object, ...]]:
    try:
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
    except (ValueError, OverflowError) as error:  # such as a date after the year 9999
        raise Rejected(f"The result cannot be written ({error!s:.200}).", code="bad-format") from error


def _fields(schema: pa.Schema, columns: Mapping[str, PublishedColumn]) -> list[Field]:
    """Return what is told of the columns that come out; names are made unlike, as VOTables want them."""
    taken: set[str] = set()
    fields = []
    for arrow in schema:
        name, number = arrow.name, 1
        while name in taken:
            number += 1
            name = f"{arrow.name}_{number}"
        taken.add(name)
        datatype, arraysize, xtype = _datatype(arrow.type)
        known = columns.get(arrow.name.lower(), PublishedColumn(name=name, type=""))
        fields.append(
            Field(
                name=name,
                datatype=datatype,
                arraysize=arraysize,
                xtype=xtype,
                unit=known.unit,
                ucd=known.ucd,
                description=known.description,
            )
        )
    return fields


def _datatype(kind: pa.DataType) -> tuple[str, str, str]:
    """Return datatype, arraysize and xtype of an Arrow type; what VOTables have no word for is text."""
    if pa.types.is_boolean(kind):
        return "boolean", "", ""
    if pa.types.is_integer(kind) and not pa.types.is_uint64(kind):
        return ("int" if kind.bit_width < 32 or kind == pa.int32() else "long"), "", ""
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind) or pa.types.is_uint64(kind):
        return "double", "", ""
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "char", "*", "timestamp"
    return "unicodeChar", "*", ""


def _query(parameters: Mapping[str, str]) -> str:
    if parameters.get("REQUEST", "doQuery").lower() != "doquery":
        raise Rejected("REQUEST is doQuery, or left out.", code="bad-tap")
    language = parameters.get("LANG", "")
    if language.upper() not in _LANGUAGES:
        raise Rejected("LANG is ADQL.", code="bad-tap")
    if parameters.get("UPLOAD"):
        raise Rejected("Tables cannot be uploaded here; leave UPLOAD out.", code="no-uploads")
    return parameters.get("QUERY", "")


def _output(parameters: Mapping[str, str]) -> Output:
    text = parameters.get("RESPONSEFORMAT") or parameters.get("FORMAT") or ""
    plain = text.lower().replace(" ", "").replace('"', "")
    try:
        return _ALSO[plain] if plain in _ALSO else Output(plain)
    except ValueError as error:
        raise Rejected("RESPONSEFORMAT is votable, csv or tsv.", code="bad-format") from error
