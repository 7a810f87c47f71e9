"""The formats of a light curve: their keys, media types, file endings, and which one a reader prefers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from engine.errors import Rejected
from engine.formats.aavso import aavso_pieces
from engine.formats.comma_separated import csv_pieces
from engine.formats.curve import AnyCurve
from engine.formats.fits_table import fits_pieces
from engine.formats.json_records import json_pieces
from engine.formats.parquet import parquet_pieces
from engine.formats.skyportal import skyportal_pieces
from engine.formats.tom_toolkit import tom_pieces
from engine.formats.votable import votable_pieces


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One way to write a light curve."""

    key: str
    media_type: str  # as it is sent
    asked_as: tuple[str, ...]  # media types that mean it
    ending: str
    title: str
    pieces: Callable[[AnyCurve], Iterator[bytes]]


_Pieces = Callable[[AnyCurve], Iterator[bytes]]


def _format(key: str, ending: str, title: str, pieces: _Pieces, *types: str) -> Format:
    plain = tuple(each.split(";")[0] for each in types)
    return Format(key=key, ending=ending, title=title, pieces=pieces, media_type=types[0], asked_as=plain)


FORMATS: tuple[Format, ...] = (  # the first is what a reader gets who does not say
    _format("json", "json", "JSON", json_pieces, "application/json"),
    _format("csv", "csv", "CSV", csv_pieces, "text/csv; charset=utf-8"),
    _format(
        "parquet", "parquet", "Parquet", parquet_pieces,
        "application/vnd.apache.parquet", "application/x-parquet",
    ),
    _format(
        "votable", "vot", "VOTable", votable_pieces,
        "application/x-votable+xml", "text/xml", "application/xml",
    ),
    _format("fits", "fits", "FITS", fits_pieces, "application/fits", "image/fits"),
    _format("aavso", "txt", "AAVSO Extended", aavso_pieces, "text/x-aavso-extended; charset=us-ascii"),
    _format("skyportal", "csv", "SkyPortal", skyportal_pieces, "text/x-skyportal-csv; charset=utf-8"),
    _format("tom", "csv", "TOM Toolkit", tom_pieces, "text/x-tom-csv; charset=utf-8"),
)  # fmt: skip


def format_named(key: str, formats: tuple[Format, ...] = FORMATS) -> Format:
    """Return the format of a key.

    Raises
    ------
    Rejected
        ``bad-format``
    """
    for each in formats:
        if each.key == key.strip().lower():
            return each
    raise Rejected(f"The format is one of {', '.join(each.key for each in formats)}.", code="bad-format")


def format_accepted(accept: str, formats: tuple[Format, ...] = FORMATS) -> Format:
    """Return the format that an ``Accept`` header prefers (RFC 9110, section 12.5.1).

    Raises
    ------
    Rejected
        ``not-acceptable``: it names none that there is.
    """
    if not accept.strip():
        return formats[0]
    for media_type in media_types_wanted(accept):
        found = _of_type(media_type, formats)
        if found is not None:
            return found
    raise Rejected(
        f"Accept one of {', '.join(each.asked_as[0] for each in formats)}, or say ?format=.",
        code="not-acceptable",
    )


def _of_type(media_type: str, formats: tuple[Format, ...]) -> Format | None:
    if media_type == "*/*":
        return formats[0]
    if media_type.endswith("/*"):
        kind = media_type[:-1]
        return next((each for each in formats if each.asked_as[0].startswith(kind)), None)
    return next((each for each in formats if media_type in each.asked_as), None)


def media_types_wanted(accept: str) -> list[str]:
    """Return the media types that a header wants, the dearest first; a plain one before a wild card."""
    wanted = []
    for part in accept.split(","):
        media_type, *parameters = (word.strip().lower() for word in part.split(";"))
        weight = _weight(parameters)
        if media_type and weight > 0:
            wanted.append((-weight, media_type.count("*"), media_type))
    return [media_type for _, _, media_type in sorted(wanted, key=lambda each: each[:2])]


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
