"""The paths of the Virtual Observatory: ``/api/vo/scs`` and ``/api/vo/tap``."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from engine.errors import Rejected
from lake.adql.schema import AdqlTable
from lake.adql.tap_schema import adql_tables
from lake.opening import Lake
from portal.api.identity import TheLake
from portal.api.reply import allowed_at, own_routes
from portal.api.vo import described, documents
from portal.api.vo.asking import Asked, answered, asked_of, read_body
from portal.api.vo.cone import cone_answer
from portal.api.vo.tap import tap_answer
from portal.api.vo.votable import MEDIA_TYPE
from portal.public_lake.desk import desk_of

router = APIRouter(responses=described.REFUSALS)


class VoTable(Response):
    """A table."""

    media_type = MEDIA_TYPE


class Xml(Response):
    """A document for programs."""

    media_type = "text/xml"


class Page(Response):
    """A document for people and programs."""

    media_type = "application/xhtml+xml"


TheBody = Annotated[bytes | None, Depends(read_body)]


@router.get("/api/vo/scs", response_class=VoTable, openapi_extra=described.CONE)
@router.get("/api/vo/scs/", include_in_schema=False)
def cone_get(request: Request, lake: TheLake) -> Response:
    """Answer a Simple Cone Search: RA, DEC and SR in degrees; VERB and MAXREC if wanted."""
    return asked_of(request, lake, b"", cone_answer)


@router.post("/api/vo/scs", response_class=VoTable, openapi_extra=described.as_form(described.CONE))
@router.post("/api/vo/scs/", include_in_schema=False)
def cone_post(request: Request, lake: TheLake, body: TheBody) -> Response:
    """Answer a Simple Cone Search whose parameters are a form."""
    return asked_of(request, lake, body, cone_answer)


@router.get("/api/vo/scs/capabilities", response_class=Xml)
def cone_capabilities(request: Request, lake: TheLake) -> Response:
    """Tell what the cone search can do."""
    return answered(request, lake, b"", lambda asked: Xml(documents.cone_capabilities(_base(asked.lake))))


@router.get("/api/vo/tap/sync", response_class=VoTable, openapi_extra=described.SYNC)
def sync_get(request: Request, lake: TheLake) -> Response:
    """Answer one ADQL query: LANG=ADQL, QUERY, and MAXREC and RESPONSEFORMAT if wanted."""
    return asked_of(request, lake, b"", tap_answer)


@router.post("/api/vo/tap/sync", response_class=VoTable, openapi_extra=described.as_form(described.SYNC))
def sync_post(request: Request, lake: TheLake, body: TheBody) -> Response:
    """Answer one ADQL query that comes as a form."""
    return asked_of(request, lake, body, tap_answer)


@router.get("/api/vo/tap/capabilities", response_class=Xml)
def capabilities(request: Request, lake: TheLake) -> Response:
    """Tell what TAP can do here."""
    return answered(request, lake, b"", lambda asked: Xml(documents.tap_capabilities(_base(asked.lake))))


@router.get("/api/vo/tap/availability", response_class=Xml)
@router.get("/api/vo/scs/availability", response_class=Xml)
def availability(request: Request, lake: TheLake) -> Response:
    """Tell whether queries are answered."""
    return answered(request, lake, b"", _availability)


@router.get("/api/vo/tap/tables", response_class=Xml)
def tables(request: Request, lake: TheLake) -> Response:
    """Tell which tables there are; ``detail=min`` leaves their columns out."""
    return answered(request, lake, b"", _tables)


@router.get("/api/vo/tap/tables/{name}", response_class=Xml)
def one_table(request: Request, lake: TheLake, name: str) -> Response:
    """Tell the columns of one table."""
    return answered(request, lake, b"", lambda asked: _one_table(asked, name))


@router.get("/api/vo/tap/examples", response_class=Page)
def examples(request: Request, lake: TheLake) -> Response:
    """Give queries to begin with."""
    page = Page(documents.examples_page())
    return answered(request, lake, b"", lambda _asked: page)


@router.api_route("/api/vo/tap/async", methods=["GET", "POST"], include_in_schema=False)
@router.api_route("/api/vo/tap/async/{rest:path}", methods=["GET", "POST"], include_in_schema=False)
def no_async(request: Request, lake: TheLake) -> Response:
    """Say that queries are answered at once only."""
    return answered(request, lake, b"", _no_async)


@router.api_route("/api/vo/{rest:path}", methods=["GET", "POST"], include_in_schema=False)
def unknown(request: Request, lake: TheLake) -> Response:
    """Say that there is nothing at a path, or that it is asked in another way."""
    if allowed_at(request, _GIVEN):
        raise HTTPException(405)
    return answered(request, lake, b"", _unknown)


def _availability(asked: Asked) -> Response:
    try:
        desk_of(asked.lake.settings).published.manifest()
    except Rejected as error:
        return Xml(documents.availability(error.reason))
    return Xml(documents.availability(""))


def _tables(asked: Asked) -> Response:
    with_columns = asked.parameters.get("DETAIL", "max").lower() != "min"
    return Xml(documents.tableset(_told(asked), with_columns=with_columns))


def _one_table(asked: Asked, name: str) -> Response:
    for table in _told(asked):
        if name.lower() in {table.full_name.lower(), table.name.lower()}:
            return Xml(documents.one_table(table))
    raise Rejected("There is no such table; see /api/vo/tap/tables.", code="unknown-path")


def _told(asked: Asked) -> tuple[AdqlTable, ...]:
    return adql_tables(desk_of(asked.lake.settings).published.manifest())


def _no_async(_asked: Asked) -> Response:
    raise Rejected(
        "Queries are answered at once here; send yours to /api/vo/tap/sync (in TOPCAT: mode Synchronous).",
        code="no-async",
    )


def _unknown(_asked: Asked) -> Response:
    raise Rejected(
        "There is nothing here; TAP is at /api/vo/tap, the cone search at /api/vo/scs.", code="unknown-path"
    )


_GIVEN = own_routes(router)


def _base(lake: Lake) -> str:
    return f"{lake.settings.public_url}/api/vo"
