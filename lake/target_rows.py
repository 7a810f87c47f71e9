"""Targets as rows: keys of names, positions as unit vectors, and cones as conditions of SQL."""

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, select

from engine.errors import Rejected
from engine.target import Target, Visibility
from lake.operations import target_names, targets

_VECTOR_DECIMALS = 18
_MARGIN_DEG = 1e-6  # the index only narrows; the exact test decides


@dataclass(frozen=True, slots=True, kw_only=True)
class Cone:
    """A circle on the sky, ICRS."""

    ra_deg: float
    dec_deg: float
    radius_deg: float

    def __post_init__(self) -> None:
        """Refuse what is no circle.

        Raises
        ------
        Rejected
            ``bad-cone``: a position beyond its range, or a radius outside 0..180 degrees.
        """
        if not (0 <= self.ra_deg <= 360 and -90 <= self.dec_deg <= 90 and 0 <= self.radius_deg <= 180):
            raise Rejected(
                "A cone needs RA 0 to 360, Dec -90 to 90 and a radius of 0 to 180, all in degrees.",
                code="bad-cone",
            )


def name_key(name: str) -> str:
    """Return what two spellings of one name share: case and blanks do not tell names apart."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFC", name)).casefold()


def unit_vector(ra_deg: float, dec_deg: float) -> tuple[float, float, float]:
    """Return a position as a vector of length one.

    Parts below 1e-18 are zero: PostgreSQL refuses to square what is smaller than a double holds.
    """
    ra, dec = math.radians(ra_deg), math.radians(dec_deg)
    x, y, z = math.cos(dec) * math.cos(ra), math.cos(dec) * math.sin(ra), math.sin(dec)
    return round(x, _VECTOR_DECIMALS), round(y, _VECTOR_DECIMALS), round(z, _VECTOR_DECIMALS)


def separation_deg(first: tuple[float, float, float], second: tuple[float, float, float]) -> float:
    """Return the angle between two unit vectors, exact to rounding at every angle."""
    chord = math.dist(first, second)
    anti_chord = math.dist(first, (-second[0], -second[1], -second[2]))
    return math.degrees(2 * math.atan2(chord, anti_chord))


def within(cone: Cone) -> ColumnElement[bool]:
    """Return the condition that a row of ``targets`` lies in a cone, edges included.

    The chord between unit vectors decides, which knows neither poles nor RA 0; the range of declinations
    lets the index narrow the search first.
    """
    x, y, z = unit_vector(cone.ra_deg, cone.dec_deg)
    chord = 2 * math.sin(math.radians(cone.radius_deg) / 2)
    dx, dy, dz = targets.c.x - x, targets.c.y - y, targets.c.z - z
    reach_deg = cone.radius_deg + _MARGIN_DEG
    return and_(
        targets.c.dec_deg.between(cone.dec_deg - reach_deg, cone.dec_deg + reach_deg),
        dx * dx + dy * dy + dz * dz <= chord * chord * (1 + 1e-12) + 1e-30,
    )


def row_of(target: Target) -> dict[str, object]:
    """Return a target as values of a row, without id, time of creation and aliases."""
    x, y, z = unit_vector(target.ra_deg, target.dec_deg)
    return {
        "name": target.name,
        "name_key": name_key(target.name),
        "ra_deg": target.ra_deg,
        "dec_deg": target.dec_deg,
        "epoch": target.epoch,
        "x": x,
        "y": y,
        "z": z,
        "pm_ra_mas_yr": target.pm_ra_mas_yr,
        "pm_dec_mas_yr": target.pm_dec_mas_yr,
        "classification": target.classification,
        "description": target.description,
        "discovery_mjd": target.discovery_mjd,
        "importance": target.importance,
        "cadence_d": target.cadence_d,
        "visibility": target.visibility.value,
        "embargo_until_mjd": target.embargo_until_mjd,
        "group_id": target.group_id,
        "simulated": target.simulated,
        "designation": target.designation,
    }


def target_of(row: Mapping[Any, Any], aliases: tuple[tuple[str, str], ...]) -> Target:
    """Return a row of ``targets`` as a target."""
    return Target(
        target_id=row["target_id"],
        name=row["name"],
        ra_deg=row["ra_deg"],
        dec_deg=row["dec_deg"],
        epoch=row["epoch"],
        pm_ra_mas_yr=row["pm_ra_mas_yr"],
        pm_dec_mas_yr=row["pm_dec_mas_yr"],
        classification=row["classification"],
        description=row["description"],
        discovery_mjd=row["discovery_mjd"],
        importance=row["importance"],
        cadence_d=row["cadence_d"],
        visibility=Visibility(row["visibility"]),
        embargo_until_mjd=row["embargo_until_mjd"],
        group_id=row.get("group_id"),  # targets that were merged before there were groups have none
        simulated=row["simulated"],
        designation=row["designation"],
        created_by=row["created_by"],
        created_mjd=row["created_mjd"],
        aliases=aliases,
    )


def aliases_of(connection: Connection, target_ids: Iterable[int]) -> dict[int, tuple[tuple[str, str], ...]]:
    """Return the aliases of targets as (source, name), sorted; a target without aliases is not in it."""
    query = (
        select(target_names.c.target_id, target_names.c.source, target_names.c.name)
        .where(target_names.c.target_id.in_(list(target_ids)))
        .order_by(target_names.c.source, target_names.c.name)
    )
    found: dict[int, tuple[tuple[str, str], ...]] = {}
    for target_id, source, name in connection.execute(query):
        found[target_id] = (*found.get(target_id, ()), (source, name))
    return found
