"""A table of targets as CSV: read row by row into targets to be made, whatever program wrote it."""

import csv
import io
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from engine.errors import Rejected
from engine.target import Target, parse_position
from engine.times import mjd_of
from lake.sent_csv import bad_csv, csv_text, delimiter_of

MOST_ROWS = 500
_SPELLINGS = {
    "ra_deg": "ra", "dec_deg": "dec", "class": "classification", "cadence_d": "cadence",
    "discovery_date": "discovery", "discovery_mjd": "discovery", "alias": "aliases",
}  # fmt: skip
COLUMNS = (
    "name", "ra", "dec", "classification", "importance", "cadence", "description", "discovery", "epoch",
    "aliases",
)  # fmt: skip
# what our own files of targets tell beside; it is measured or computed, so nobody can bring it
_IGNORED = {
    "points", "last_mag", "last_band", "last_mjd", "priority", "visibility", "created_by", "created_mjd",
    "target_id",
}  # fmt: skip
_NEEDED = ("name", "ra", "dec")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One row of a file: the target that it describes, or why it describes none."""

    line: int  # of the file; the header is line 1
    name: str
    target: Target | None
    refusal: Rejected | None = None


def read_targets(body: bytes) -> list[TableRow]:
    """Return each row that says anything.

    Raises
    ------
    Rejected
        ``bad-csv``: the file as a whole cannot be read; ``too-many-rows``.
    """
    text = csv_text(body)
    table = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text), strict=True)
    rows = []
    try:
        names = _names(next(table, []))
        for cells in table:
            told = {
                name: _cell(cell) for name, cell in zip(names, cells, strict=False) if name and cell.strip()
            }
            if told:
                rows.append(_row(table.line_num, told, is_too_long=any(cells[len(names) :])))
    except csv.Error as error:
        raise bad_csv(f"Line {table.line_num} cannot be read as CSV: {error}.") from error
    if len(rows) > MOST_ROWS:
        raise Rejected(
            f"The file has {len(rows):,} rows, {MOST_ROWS} are taken at once: send it in parts.",
            code="too-many-rows",
        )
    if not rows:
        raise bad_csv("The file has no row below its header.")
    return rows


def _names(headers: list[str]) -> list[str]:
    keys = [re.sub(r"[\s\-]+", "_", header.strip().lower()) for header in headers]
    names = [_SPELLINGS.get(key, key) for key in keys]
    for header, name in zip(headers, names, strict=True):
        if name not in {*COLUMNS, *_IGNORED, "simulated", ""}:
            raise bad_csv(f"The column {header.strip()!r:.60} is not known; known are: {', '.join(COLUMNS)}.")
    twice = [name for name in names if name and names.count(name) > 1]
    if twice:
        raise bad_csv(f"The column {twice[0]} stands there twice.")
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        raise bad_csv(f"The file needs a header with the column {missing[0]}, beside {', '.join(_NEEDED)}.")
    return ["" if name in _IGNORED else name for name in names]


def _cell(cell: str) -> str:
    """Return a cell without the apostrophe that keeps a spreadsheet from computing it."""
    text = cell.strip()
    return text[1:] if re.match(r"'[=+\-@\t\r]", text) else text


def _row(line: int, told: Mapping[str, str], *, is_too_long: bool) -> TableRow:
    name = told.get("name", "")
    try:
        if is_too_long:
            raise bad_csv("The row has more cells than the header: quote those with commas.")
        return TableRow(line=line, name=name, target=_target(told))
    except Rejected as refusal:
        return TableRow(line=line, name=name, target=None, refusal=refusal)


def _target(told: Mapping[str, str]) -> Target:
    if told.get("simulated", "").lower() in {"true", "1", "yes"}:
        raise Rejected(
            "The row is of a simulated target: only what is on the sky can be imported.", code="simulated"
        )
    for name in _NEEDED:
        if name not in told:
            raise Rejected(f"The row has no {name}.", code="row-incomplete")
    ra_deg, dec_deg = parse_position(told["ra"][:100], told["dec"][:100])
    made = Target(name=told["name"], ra_deg=ra_deg, dec_deg=dec_deg)
    for name, apply in _FIELDS.items():
        if name in told:
            made = apply(made, told[name])
    return made


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not math.isfinite(number):
        raise Rejected(f"The {name} {text!r:.40} is no number.", code="bad-number")
    return number


def _discovery(text: str) -> float:
    if re.fullmatch(r"\d{1,5}(\.\d*)?", text):
        return float(text)
    try:
        return mjd_of(datetime.fromisoformat(text))
    except (ValueError, OverflowError) as error:
        raise Rejected(
            f"The discovery {text!r:.40} is neither a date such as 2022-03-14 nor an MJD.", code="bad-date"
        ) from error


def _aliases(text: str) -> tuple[tuple[str, str], ...]:
    pairs = []
    for part in text.split("|"):
        source, colon, name = part.strip().partition(":")
        pairs.append((source.strip(), name.strip()) if colon else ("import", source))
    return tuple(pairs)


def _epoch(text: str) -> float:
    year = _number("epoch", text)
    if not 1800 <= year <= 2200:
        raise Rejected("The epoch is a year from 1800 to 2200.", code="bad-epoch")
    return year


_FIELDS: dict[str, Callable[[Target, str], Target]] = {
    "classification": lambda made, text: replace(made, classification=text),
    "importance": lambda made, text: replace(made, importance=_number("importance", text)),
    "cadence": lambda made, text: replace(made, cadence_d=_number("cadence", text)),
    "description": lambda made, text: replace(made, description=text),
    "discovery": lambda made, text: replace(made, discovery_mjd=_discovery(text)),
    "epoch": lambda made, text: replace(made, epoch=_epoch(text)),
    "aliases": lambda made, text: replace(made, aliases=_aliases(text)),
}
