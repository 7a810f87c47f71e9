"""Simple Cone Search: the targets round a place on the sky that the asker may see.

References
----------
Plante et al. 2008, IVOA Recommendation "Simple Cone Search" 1.03.
"""

import math
from collections.abc import Mapping

from starlette.responses import Response

from engine.errors import Rejected
from engine.target import Target
from lake.target_list import cone_search
from lake.target_rows import Cone
from portal.api.vo.asking import Asked
from portal.api.vo.votable import MEDIA_TYPE, Field, Heading, table_end, table_rows, table_start

MOST_ROWS = 100_000
# the three that version 1.03 demands have UCDs of the first kind; all others are UCD1+
_MAIN = (
    Field(name="name", datatype="char", arraysize="*", ucd="ID_MAIN", description="name of the target"),
    Field(name="ra_deg", datatype="double", unit="deg", ucd="POS_EQ_RA_MAIN", description="ICRS"),
    Field(name="dec_deg", datatype="double", unit="deg", ucd="POS_EQ_DEC_MAIN", description="ICRS"),
)
_MORE = (
    Field(
        name="separation_deg",
        datatype="double",
        unit="deg",
        ucd="pos.angDistance",
        description="from the centre",
    ),
    Field(name="target_id", datatype="long", ucd="meta.id", description="number of the target"),
    Field(name="classification", datatype="char", arraysize="*", ucd="src.class", description="what it is"),
    Field(
        name="simulated", datatype="boolean", ucd="meta.code", description="made up: no such object exists"
    ),
)
_MOST = (
    Field(name="epoch", datatype="double", unit="yr", ucd="time.epoch", description="of the position"),
    Field(
        name="pm_ra_mas_yr",
        datatype="double",
        unit="mas.yr-1",
        ucd="pos.pm;pos.eq.ra",
        description="includes cos(dec)",
    ),
    Field(
        name="pm_dec_mas_yr",
        datatype="double",
        unit="mas.yr-1",
        ucd="pos.pm;pos.eq.dec",
        description="proper motion",
    ),
    Field(name="discovery_mjd", datatype="double", unit="d", ucd="time.epoch", description="when found, UTC"),
    Field(name="importance", datatype="double", ucd="meta.code", description="0 to 10"),
    Field(
        name="description",
        datatype="unicodeChar",
        arraysize="*",
        ucd="meta.note",
        description="why it is watched",
    ),
)
_FIELDS = {1: _MAIN, 2: _MAIN + _MORE, 3: _MAIN + _MORE + _MOST}


def cone_answer(asked: Asked) -> Response:
    """Answer RA, DEC and SR with the targets in the cone, nearest first.

    Raises
    ------
    Rejected
        ``bad-cone``, ``bad-verb``, ``bad-maxrec``.
    """
    cone = Cone(
        ra_deg=_degrees(asked.parameters, "RA"),
        dec_deg=_degrees(asked.parameters, "DEC"),
        radius_deg=_degrees(asked.parameters, "SR"),
    )
    fields = _fields(asked.parameters.get("VERB", "2"))
    most = most_rows(asked.parameters, default=MOST_ROWS, most=MOST_ROWS)
    user = asked.user()
    found: list[tuple[Target, float]] = []
    if cone.radius_deg > 0:  # a radius of 0 asks for the columns only
        every = cone_search(asked.lake.operations, cone.ra_deg, cone.dec_deg, cone.radius_deg, user)
        # what moves has no place of its own: where it stands tonight is on its page
        found = [
            (target, arcsec) for target, arcsec in every if target.track is None and not target.designation
        ]
    heading = Heading(
        fields=fields, name="targets", description="Targets of this portal, as the asker may see them."
    )
    rows = ([_value(target, arcsec, field.name) for field in fields] for target, arcsec in found[:most])
    text = table_start(heading) + "".join(table_rows(rows)) + table_end(is_cut=len(found) > most)
    return Response(text, media_type=MEDIA_TYPE)


def most_rows(parameters: Mapping[str, str], *, default: int, most: int) -> int:
    """Return how many rows MAXREC lets through.

    Raises
    ------
    Rejected
        ``bad-maxrec``: it is no whole number from 0.
    """
    text = parameters.get("MAXREC", "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Rejected("MAXREC is a whole number from 0.", code="bad-maxrec")
    return min(int(text), most)


def _fields(verb: str) -> tuple[Field, ...]:
    try:
        return _FIELDS[int(verb)]
    except (ValueError, KeyError) as error:
        raise Rejected("VERB is 1, 2 or 3.", code="bad-verb") from error


def _degrees(parameters: Mapping[str, str], name: str) -> float:
    text = parameters.get(name, "").strip()
    try:
        value = math.nan if "_" in text else float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise Rejected(f"{name} is missing or no number; give decimal degrees, ICRS.", code="bad-cone")
    return value


def _value(target: Target, arcsec: float, name: str) -> object:
    return arcsec / 3600.0 if name == "separation_deg" else getattr(target, name)
