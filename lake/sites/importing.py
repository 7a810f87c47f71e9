"""A CSV of observatories and cameras becomes all of them or none; each row is judged first.

A row is one camera with its observatory, under BHTOM's names of fields.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, Engine

from engine.errors import Rejected
from engine.frame import Camera
from lake.operations import serialised, writing
from lake.people.accounts import User
from lake.people.audit import About, note_change
from lake.sent_csv import bad_csv, csv_text, delimiter_of
from lake.sites.facts import keep_facts_within
from lake.sites.fields import BY_HEADER, FIELDS, IGNORED, Field, Kept, header_key, value_of
from lake.sites.observatories import (
    Observatory,
    add_camera_within,
    add_observatory_within,
    observatory_within,
    registered_within,
)

MOST_ROWS = 5000
_NEEDED = ("name", "camera_name")


class Fate(StrEnum):
    """What becomes of a row."""

    NEW = "new"
    KNOWN = "known"  # registered already: left as it is
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowVerdict:
    """What becomes of one row, and why."""

    line: int  # of the file; the header is line 1
    oname: str
    fate: Fate
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of a file."""

    rows: tuple[RowVerdict, ...]
    is_stored: bool

    @property
    def refused(self) -> int:
        """Return how many rows cannot be taken."""
        return sum(row.fate == Fate.REFUSED for row in self.rows)


def import_observatories(operations: Engine, body: bytes, *, by: User, dry_run: bool = True) -> Imported:
    """Return the verdict on every row; all are stored, or none where one is refused or this is a dry run.

    Raises
    ------
    Rejected
        ``bad-csv``: it cannot be read as a table of observatories.
    """
    rows = read_rows(body)
    try:
        with writing(operations) as connection:
            serialised(connection, "observatories")
            verdicts = tuple(_judged(connection, line, row, by) for line, row in rows)
            made = Imported(rows=verdicts, is_stored=not dry_run)
            if dry_run or made.refused:
                raise _Undone  # with it goes whatever the rows before it made
            return made
    except _Undone:
        return Imported(rows=verdicts, is_stored=False)


class _Undone(Exception):  # noqa: N818 - it ends a transaction, nobody sees it
    pass


def read_rows(body: bytes) -> list[tuple[int, dict[str, str]]]:
    """Return each row with its line, by BHTOM's names of fields; empty cells are left out.

    Raises
    ------
    Rejected
        ``bad-csv``.
    """
    text = csv_text(body)
    table = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text), strict=True)
    try:
        names = _names(next(table, []))
        rows = _cells(((table.line_num, cells) for cells in table), names)
    except csv.Error as error:
        raise bad_csv(f"Line {table.line_num} cannot be read as CSV: {error}.") from error
    return [(line, row) for line, row in rows if row]


def _cells(lines: Iterable[tuple[int, list[str]]], names: list[str]) -> list[tuple[int, dict[str, str]]]:
    found = []
    for line, cells in lines:
        if any(cell.strip() for cell in cells[len(names) :]):
            raise bad_csv(f"Line {line} has more cells than the header: quote those with commas.")
        pairs = zip(names, cells, strict=False)
        found.append((line, {name: cell.strip() for name, cell in pairs if name and cell.strip()}))
        if len(found) > MOST_ROWS:
            raise bad_csv(f"The file has more than {MOST_ROWS} rows: send it in parts.")
    return found


def _names(headers: list[str]) -> list[str]:
    keys = [header_key(header) for header in headers]
    unknown = [header for header, key in zip(headers, keys, strict=True) if key not in {*BY_HEADER, *IGNORED}]
    if unknown and any(header.strip() for header in unknown):
        known = ", ".join(field.name for field in FIELDS)
        raise bad_csv(f"The column {unknown[0]!r:.60} is not known; known are: {known}.")
    names = [BY_HEADER[key].name if key in BY_HEADER else "" for key in keys]
    for name in _NEEDED:
        if name not in names:
            raise bad_csv(f"The file needs a column {name}.")
    twice = [name for name in names if name and names.count(name) > 1]
    if twice:
        raise bad_csv(f"Two columns mean {twice[0]}: keep one.")
    return names


def _judged(connection: Connection, line: int, row: Mapping[str, str], by: User) -> RowVerdict:
    oname = row.get("prefix", "")
    try:
        oname, fate, sentence = _taken(connection, row, by)
    except Rejected as refusal:
        fate, sentence = Fate.REFUSED, refusal.reason
    return RowVerdict(line=line, oname=oname, fate=fate, sentence=sentence)


def _taken(connection: Connection, row: Mapping[str, str], by: User) -> tuple[str, Fate, str]:
    values = {kept: _values(row, kept) for kept in Kept}
    for name in _NEEDED:
        if name not in row:
            raise Rejected(f"The row has no {name}.", code="bad-observatory")
    oname = str(values[Kept.CAMERA].pop("oname", ""))
    site = observatory_within(connection, row["name"])
    is_new_site = site is None
    if site is None:
        site = _new_site(connection, values[Kept.SITE], by)
    elif (known := _known(connection, oname, site, row["camera_name"])) is not None:
        return known, Fate.KNOWN, f"{known} is registered already: nothing changes."
    camera = add_camera_within(
        connection,
        site.observatory_id or 0,
        Camera(**values[Kept.CAMERA]),  # type: ignore[arg-type]
        by=by.username,
        oname=oname,
        is_approved=by.is_staff,
    )
    facts = values[Kept.SITE_FACT] if is_new_site else {}
    keep_facts_within(connection, camera.oname, observatory=facts, camera=values[Kept.CAMERA_FACT])
    about = About(kind="camera", name=camera.oname)
    note_change(connection, "imported", about, who=by.username, before={}, after=dict(row))
    waits = "" if by.is_staff else "; staff approve it"
    what = "Observatory and camera" if is_new_site else f"A camera of {site.name}"
    return camera.oname, Fate.NEW, f"{what}, named {camera.oname} by uploads{waits}."


def _new_site(connection: Connection, values: dict[str, object], by: User) -> Observatory:
    for name, key in (("lon", "longitude_deg"), ("lat", "latitude_deg")):
        if key not in values:
            raise Rejected(f"A new observatory needs {name}.", code="bad-observatory")
    site = Observatory(**values)  # type: ignore[arg-type]
    return add_observatory_within(connection, site, by=by.username)


def _known(connection: Connection, oname: str, site: Observatory, camera_name: str) -> str | None:
    """Return the ONAME under which this very camera is registered already, or None."""
    asked = oname or "_".join(f"{site.name}_{camera_name.strip()}".split())
    try:
        found = registered_within(connection, asked)
    except Rejected:
        return None
    is_same = found.observatory.observatory_id == site.observatory_id
    return found.oname if is_same and found.camera.name.casefold() == camera_name.casefold() else None


def _values(row: Mapping[str, str], kept: Kept) -> dict[str, object]:
    wanted: list[Field] = [field for field in FIELDS if field.kept == kept and field.name in row]
    return {field.key: value_of(field, row[field.name]) for field in wanted}
