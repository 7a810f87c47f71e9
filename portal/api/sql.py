"""``/api/sql``: one SELECT over a published version of the lake, for everybody; the URL is a permalink."""

import logging
from typing import IO, Annotated
from urllib.parse import urlencode

import pyarrow as pa
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from engine.errors import Rejected, Transient
from lake.people.accounts import User
from lake.public.versions import LATEST
from lake.sandbox.formats import Format, write_rows
from lake.sandbox.run import LIMITS
from lake.sandbox.selection import Selection
from portal.api.fields import BodyFields, text_of
from portal.api.identity import TheLake, Visitor
from portal.api.reply import Refused, json_reply
from portal.api.whole_file import nameless_file, pieces_of
from portal.public_lake.desk import Asking, Desk, desk_of, noted

logger = logging.getLogger(__name__)
router = APIRouter()

_LONGEST_LINK = 4000
_MEDIA_TYPES = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.JSON: "application/json",
    Format.ARROW: "application/vnd.apache.arrow.stream",
    Format.PARQUET: "application/vnd.apache.parquet",
}
_STATUS = {"unknown-version": 404, "withdrawn-version": 410}
_OPEN_TO_ALL = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Link, X-Tomlake-Snapshot, X-Tomlake-Lake-Version, X-Tomlake-Truncated",
}


def _the_desk(lake: TheLake) -> Desk:
    return desk_of(lake.settings)


TheDesk = Annotated[Desk, Depends(_the_desk)]


@router.get("/api/sql/schema")
def schema(desk: TheDesk, version: str = LATEST) -> Response:
    """Tell which tables a version has, with the unit and meaning of each column."""
    try:
        told = desk.published.manifest(version)
    except Rejected as error:
        raise _refused(error) from error
    body = {
        "version": told.name,
        "lake_version": told.lake_version,
        "licence": told.licence,
        "citation": told.citation,
        "limits": {"seconds": LIMITS.wall_clock_s, "rows": LIMITS.rows, "megabytes": LIMITS.result_mb},
        "tables": [
            {
                "name": table.name,
                "description": table.description,
                "rows": table.rows,
                "columns": [
                    {name: getattr(column, name) for name in ("name", "type", "unit", "ucd", "description")}
                    for column in table.columns
                ],
            }
            for table in told.tables
        ],
    }
    reply = json_reply(body)
    reply.headers.update(_OPEN_TO_ALL)
    return reply


@router.get("/api/sql")
@router.get("/api/sql/")
def get(
    request: Request,
    desk: TheDesk,
    user: Visitor,
    sql: Annotated[str, Query(description="one SELECT")] = "",
    version: Annotated[str, Query(description="name of a published version")] = LATEST,
    format: Annotated[str, Query(description="csv, json, arrow or parquet")] = Format.CSV,  # noqa: A002
) -> Response:
    """Answer the SELECT in the URL."""
    return _answer(request, desk, user, (sql, version, format))


@router.post("/api/sql")
@router.post("/api/sql/")
def post(request: Request, desk: TheDesk, user: Visitor, fields: BodyFields) -> Response:
    """Answer the SELECT in a JSON or form body, which may be longer than a URL."""
    asked = (
        text_of(fields, "sql") or "",
        text_of(fields, "version") or LATEST,
        text_of(fields, "format") or Format.CSV,
    )
    return _answer(request, desk, user, asked)


def _answer(request: Request, desk: Desk, user: User | None, asked: tuple[str, str, str]) -> Response:
    """Run the query to its end before the answer begins: half a result never looks like a whole one."""
    _check_rate(desk, request.client.host if request.client else "")
    sql, version, wanted = asked
    counted: dict[str, object] = {"rows": 0}
    try:
        with noted(Asking(logger=logger, text=sql, user=user), counted):
            result_format = _format_of(wanted)
            publication = desk.published.publication(version)
            with desk.sandbox.select(publication, sql) as selection:
                result, counted["rows"] = _kept(selection)
    except Rejected as error:
        raise _refused(error) from error
    facts = {
        "version": publication.name,
        "lake_version": publication.snapshot,
        "truncated": selection.truncated,
    }
    headers = _headers(facts, sql=sql, version=version, wanted=result_format)
    pieces = pieces_of(_written(result, result_format, facts))
    return StreamingResponse(pieces, headers=headers, media_type=_MEDIA_TYPES[result_format])


def _kept(selection: Selection) -> tuple[IO[bytes], int]:
    """Return the whole result as an Arrow stream in a file without a name, and its number of rows."""
    rows = 0
    with nameless_file() as kept, pa.ipc.new_stream(pa.PythonFile(kept, "w"), selection.schema) as stream:
        for batch in selection:
            stream.write_batch(batch)
            rows += batch.num_rows
    return kept, rows


def _written(result: IO[bytes], wanted: Format, facts: dict[str, object]) -> IO[bytes]:
    """Return the result as it was wanted, whole, so that what cannot be written is refused in words."""
    if wanted is Format.ARROW:
        return result
    with nameless_file() as out, result:
        write_rows(pa.ipc.open_stream(result), wanted, facts, out)
    return out


def _headers(facts: dict[str, object], *, sql: str, version: str, wanted: Format) -> dict[str, str]:
    query = urlencode({"sql": sql, "version": facts["version"], "format": wanted})
    headers = _OPEN_TO_ALL | {
        "Cache-Control": "no-cache" if version == LATEST else "public, max-age=3600",
        "Content-Disposition": f'inline; filename="tomlake.{wanted}"',
        "X-Tomlake-Snapshot": str(facts["version"]),
        "X-Tomlake-Lake-Version": str(facts["lake_version"]),
        "X-Tomlake-Truncated": str(facts["truncated"]).lower(),
    }
    if len(query) <= _LONGEST_LINK:
        headers["Link"] = f'</api/sql?{query}>; rel="canonical"'
    return headers


def _check_rate(desk: Desk, address: str) -> None:
    try:
        desk.take_turn(address)
    except Transient as error:
        headers = _OPEN_TO_ALL | {"Retry-After": str(int(error.retry_after_s))}
        raise Refused(429, {"detail": error.reason, "code": error.code}, headers=headers) from error


def _format_of(text: str) -> Format:
    try:
        return Format(text.lower())
    except ValueError as error:
        raise Rejected("The format is csv, json, arrow or parquet.", code="bad-format") from error


def _refused(error: Rejected) -> Refused:
    body = {"detail": error.reason, "code": error.code}
    return Refused(_STATUS.get(error.code, 400), body, headers=_OPEN_TO_ALL)
