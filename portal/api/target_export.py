"""``GET /download/targets/{format}``: the list of targets as its page shows it, as a file."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import count, islice
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from engine.errors import Rejected
from lake.opening import Lake
from lake.people.accounts import User
from lake.target_list import PAGE_SIZE_MAX
from lake.targets import TargetFilter, TargetRow, find_targets
from portal.api.bulk import bulk_response
from portal.api.identity import TheLake, Visitor
from portal.api.v1.target_models import target_answer, target_facts
from portal.api.vo.votable import MEDIA_TYPE, Field, Heading, table_end, table_rows, table_start
from portal.spreadsheet import BYTE_ORDER_MARK, harmless
from portal.target_list.choices import of_address
from portal.target_list.target_search import search_of

MOST_IDS = 10_000
_NUMBER = re.compile(r"[0-9]{1,9}")
_PIECE_BYTES = 1 << 16
_LINES_AT_ONCE = 500
router = APIRouter()


class Format(StrEnum):
    """What the file is."""

    CSV = "csv"
    JSON = "json"
    VOTABLE = "votable"


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    media_type: str
    ending: str


_FILES = {
    Format.CSV: _File(media_type="text/csv; charset=utf-8", ending="csv"),
    Format.JSON: _File(media_type="application/json", ending="json"),
    Format.VOTABLE: _File(media_type=MEDIA_TYPE, ending="vot"),
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "all targets that fit and that you may see",
        "content": {each.media_type.partition(";")[0]: {} for each in _FILES.values()},
    }
}


@router.get("/download/targets/{format}", response_class=Response, responses=_ANSWERS)
def download_targets(
    request: Request,
    user: Visitor,
    lake: TheLake,
    format: Format,  # noqa: A002 - the word in the address
    ids: Annotated[str, Query(description="numbers of targets, with commas: only these")] = "",
) -> Response:
    """Give the targets that fit the filters of the page's address."""
    search = search_of(lake, of_address(request.query_params), user)
    if search.refusals:
        raise Rejected(search.refusals[0], code="bad-filter")
    wanted = search.wanted if not ids else _only(search.wanted, ids)
    file = _FILES[format]
    headers = {
        "Content-Type": file.media_type,
        "Content-Disposition": f'attachment; filename="targets.{file.ending}"',
        "Cache-Control": "private, no-store",
    }
    return bulk_response(_thick(_PIECES[format](_every_row(lake, wanted, user))), headers)


def _only(wanted: TargetFilter, ids: str) -> TargetFilter:
    numbers = ids.split(",")
    if len(numbers) > MOST_IDS or not all(
        each.isascii() and each.isdigit() and len(each) < 10 for each in numbers
    ):
        raise Rejected(f"Name at most {MOST_IDS} targets by their numbers, with commas.", code="bad-filter")
    chosen = frozenset(int(each) for each in numbers)
    return replace(wanted, target_ids=chosen if wanted.target_ids is None else chosen & wanted.target_ids)


def _thick(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Give the same bytes in fewer pieces: each costs a way through a thread."""
    gathered = bytearray()
    for piece in pieces:
        gathered += piece
        if len(gathered) >= _PIECE_BYTES:
            yield bytes(gathered)
            gathered.clear()
    yield bytes(gathered)


def _every_row(lake: Lake, wanted: TargetFilter, user: User | None) -> Iterator[TargetRow]:
    for page in count(1):
        rows, total = find_targets(lake.operations, replace(wanted, page=page, page_size=PAGE_SIZE_MAX), user)
        yield from rows
        if page * PAGE_SIZE_MAX >= total:
            return


_FIELDS = (
    Field(name="name", datatype="unicodeChar", arraysize="*", ucd="meta.id;meta.main"),
    Field(name="ra_deg", datatype="double", unit="deg", ucd="pos.eq.ra;meta.main", description="ICRS"),
    Field(name="dec_deg", datatype="double", unit="deg", ucd="pos.eq.dec;meta.main", description="ICRS"),
    Field(name="epoch", datatype="double", unit="yr", ucd="time.epoch", description="of the position"),
    Field(name="classification", datatype="unicodeChar", arraysize="*", ucd="src.class"),
    Field(name="importance", datatype="double", description="0 to 10"),
    Field(name="cadence_d", datatype="double", unit="d", description="wanted between two points"),
    Field(name="priority", datatype="double", description="missed cadences times importance"),
    Field(name="points", datatype="long", ucd="meta.number", description="of the light curve"),
    Field(name="last_mag", datatype="double", unit="mag", ucd="phot.mag", description="newest optical one"),
    Field(name="last_band", datatype="unicodeChar", arraysize="*", ucd="instr.bandpass"),
    Field(name="last_mjd", datatype="double", unit="d", ucd="time.epoch", description="of it, MJD in UTC"),
    Field(name="discovery_mjd", datatype="double", unit="d", ucd="time.epoch", description="MJD in UTC"),
    Field(name="simulated", datatype="boolean", description="made up: no such object exists"),
    Field(name="aliases", datatype="unicodeChar", arraysize="*", description="source:name, with | between"),
    Field(name="description", datatype="unicodeChar", arraysize="*", ucd="meta.note"),
)


_NAMES = tuple(field.name for field in _FIELDS)


def _values(row: TargetRow) -> list[Any]:
    facts = target_facts(row)
    facts["aliases"] = "|".join(f"{source}:{name}" for source, name in facts["aliases"])
    return [facts[name] for name in _NAMES]


def _csv(rows: Iterator[TargetRow]) -> Iterator[bytes]:
    """Give CSV for spreadsheets; an import takes the apostrophes away again."""
    yield BYTE_ORDER_MARK + _lines([_NAMES])
    while some := list(islice(rows, _LINES_AT_ONCE)):
        yield _lines(map(_values, some))


def _lines(rows: Iterable[Sequence[object]]) -> bytes:
    out = io.StringIO(newline="")
    cells = ([harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    csv.writer(out).writerows(cells)
    return out.getvalue().encode("utf-8", "replace")


def _json(rows: Iterator[TargetRow]) -> Iterator[bytes]:
    yield b'{"targets": ['
    for number, row in enumerate(rows):
        yield (b",\n" if number else b"\n") + json.dumps(target_answer(row).model_dump(mode="json")).encode()
    yield b"\n]}\n"


def _votable(rows: Iterator[TargetRow]) -> Iterator[bytes]:
    told = "Targets of this portal that fit the filters, as the asker may see them."
    yield table_start(Heading(fields=_FIELDS, name="targets", description=told)).encode()
    for text in table_rows(_values(row) for row in rows):
        yield text.encode()
    yield table_end(is_cut=False).encode()


_PIECES = {Format.CSV: _csv, Format.JSON: _json, Format.VOTABLE: _votable}
