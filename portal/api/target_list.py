"""The list of targets as BHTOM answers it: its filters, its pages, and every field of its model."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count

import numpy as np
from astropy.coordinates import SkyCoord, get_constellation
from numpy.typing import NDArray
from sqlalchemy import Engine

from engine.errors import Rejected
from engine.times import datetime_of, mjd_now
from engine.visibility.sun import sun_separation_deg
from lake.people.accounts import User
from lake.target_groups import get_group, groups_of_targets, targets_of_group
from lake.targets import Cone, Order, TargetFilter, TargetRow, find_targets, get_target
from portal.api.bhtom.pages import PAGE_SIZE, page_number
from portal.api.fields import Fields, number_of, text_of
from portal.api.target_fields import HAS_FIELDS, class_of, iso_utc

MANY = 10_000  # rows asked for at once where the database cannot decide
SIDEREAL = "SIDEREAL"
_NEVER_MJD, _NEVER_MAG = 0.0, 100.0  # BHTOM's values of a target without data
_MS = timedelta(milliseconds=1)

_COMPUTED = ("priority", "galacticLat", "galacticLon", "sunSeparation")
# tomlake has no such property of a target to choose by
_UNKNOWN_FLAGS = ("hasOptical", "hasInfrared", "hasRadio", "hasXray", "hasGamma", "hasPolarimetry")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sky:
    """What is computed from the positions of rows; arrays of shape (n,)."""

    galactic_lon_deg: NDArray[np.float64]
    galactic_lat_deg: NDArray[np.float64]
    sun_deg: NDArray[np.float64]
    constellations: tuple[str, ...]


def target_page(operations: Engine, fields: Fields, user: User | None) -> dict[str, object]:
    """Return BHTOM's envelope with one page of the targets that the user may see.

    Raises
    ------
    ValueError, Rejected
        A filter cannot be understood; the message says which.
    """
    wanted = _filter(operations, fields, user)
    if _is_left_to_us(fields):
        kept = _kept(_all_rows(operations, wanted, user), fields)
        kept = _of_group(operations, kept, text_of(fields, "targetGroup"), user)
        total = len(kept)
        number = page_number(fields, total)
        rows = kept[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    else:
        _, total = find_targets(operations, replace(wanted, page_size=1), user)
        number = page_number(fields, total)
        rows, _ = find_targets(operations, replace(wanted, page=number, page_size=PAGE_SIZE), user)
    return {
        "count": total,
        "num_pages": max(1, -(-total // PAGE_SIZE)),
        "current_page": number,
        "data": target_items(operations, rows, user),
    }


def target_items(operations: Engine, rows: Sequence[TargetRow], user: User | None) -> list[object]:
    """Return rows with every field of BHTOM's model except the id; what tomlake does not know is null."""
    sky = _sky(rows, with_constellations=True)
    groups = groups_of_targets(operations, [row.target.target_id or 0 for row in rows], user)
    return [
        _item(row, sky, place)
        | {"groups": [[group.name, group.group_id] for group in groups.get(row.target.target_id or 0, [])]}
        for place, row in enumerate(rows)
    ]


def _filter(operations: Engine, fields: Fields, user: User | None) -> TargetFilter:
    for flag in _UNKNOWN_FLAGS:
        if text_of(fields, flag) is not None:
            raise ValueError(f"tomlake cannot choose targets by {flag}; leave it out")
    return TargetFilter(
        exact_name=text_of(fields, "name") or "",
        description=text_of(fields, "description") or "",
        classification=class_of(fields) or "",
        cone=_cone(operations, fields, user),
        ra_min_deg=number_of(fields, "raMin"),
        ra_max_deg=number_of(fields, "raMax"),
        dec_min_deg=number_of(fields, "decMin"),
        dec_max_deg=number_of(fields, "decMax"),
        importance_min=number_of(fields, "importanceMin"),
        importance_max=number_of(fields, "importanceMax"),
        fainter_than_mag=number_of(fields, "lastMagMin"),
        brighter_than_mag=number_of(fields, "lastMagMax"),
        order=Order.CREATED,
    )


def _cone(operations: Engine, fields: Fields, user: User | None) -> Cone | None:
    around_position = text_of(fields, "coneSearchRaDecRadius")
    around_target = text_of(fields, "coneSearchTarget")
    if around_position is not None:
        ra_deg, dec_deg, radius_deg = _numbers(around_position, form="ra,dec,radius in degrees")
        return Cone(ra_deg=ra_deg, dec_deg=dec_deg, radius_deg=radius_deg)
    if around_target is not None:
        name, _, radius = around_target.rpartition(",")
        centre = get_target(operations, name.strip(), user)
        (radius_deg,) = _numbers(radius, form="name,radius in degrees")[:1]
        return Cone(ra_deg=centre.ra_deg, dec_deg=centre.dec_deg, radius_deg=radius_deg)
    return None


def _numbers(text: str, *, form: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise ValueError(f"a cone is written {form}") from error
    if len(numbers) != form.count(",") + 1 - form.startswith("name"):
        raise ValueError(f"a cone is written {form}")
    return numbers


def _is_left_to_us(fields: Fields) -> bool:
    """Return whether a filter needs what no column of the database holds."""
    names = [name + bound for name in _COMPUTED for bound in ("", "Min", "Max")]
    asked = [name for name in (*names, "description", "targetGroup") if text_of(fields, name) is not None]
    return bool(asked) or (text_of(fields, "type") or SIDEREAL).upper() != SIDEREAL


def _all_rows(operations: Engine, wanted: TargetFilter, user: User | None) -> list[TargetRow]:
    rows: list[TargetRow] = []
    for page in count(1):
        more, total = find_targets(operations, replace(wanted, page=page, page_size=MANY), user)
        rows += more
        if not more or len(rows) >= total:
            return rows
    return rows


def _kept(rows: list[TargetRow], fields: Fields) -> list[TargetRow]:
    """Return the rows that pass the filters which are computed here."""
    if (text_of(fields, "type") or SIDEREAL).upper() != SIDEREAL:
        return []
    sky = _sky(rows, with_constellations=False)
    values = {
        "priority": np.array([row.priority for row in rows], dtype=np.float64),
        "galacticLat": sky.galactic_lat_deg,
        "galacticLon": sky.galactic_lon_deg,
        "sunSeparation": sky.sun_deg,
    }
    keep = np.ones(len(rows), dtype=np.bool_)
    for name, array in values.items():
        exact, least, most = (number_of(fields, name + bound) for bound in ("", "Min", "Max"))
        if exact is not None:
            keep &= array == exact
        if least is not None:
            keep &= array >= least
        if most is not None:
            keep &= array <= most
    description = text_of(fields, "description")
    return [
        row
        for row, passes in zip(rows, keep, strict=True)
        if passes and description in (None, row.target.description)
    ]


def _of_group(
    operations: Engine, rows: list[TargetRow], name: str | None, user: User | None
) -> list[TargetRow]:
    if name is None:
        return rows
    try:
        group = get_group(operations, user, group_id=None, name=name)
    except Rejected:
        return []
    members = set(targets_of_group(operations, group.group_id, user))
    return [row for row in rows if row.target.target_id in members]


def _sky(rows: Sequence[TargetRow], *, with_constellations: bool) -> Sky:
    ra_deg = np.array([row.target.ra_deg for row in rows], dtype=np.float64)
    dec_deg = np.array([row.target.dec_deg for row in rows], dtype=np.float64)
    position = SkyCoord(ra_deg, dec_deg, unit="deg")
    galactic = position.galactic
    named = with_constellations and len(rows) > 0
    return Sky(
        galactic_lon_deg=np.asarray(galactic.l.deg, dtype=np.float64),
        galactic_lat_deg=np.asarray(galactic.b.deg, dtype=np.float64),
        sun_deg=sun_separation_deg(ra_deg, dec_deg, mjd_now()),
        constellations=tuple(str(name) for name in get_constellation(position)) if named else (),
    )


def _item(row: TargetRow, sky: Sky, place: int) -> dict[str, object]:
    target = row.target
    return {
        "name": target.name,
        "type": SIDEREAL,
        **dict.fromkeys(HAS_FIELDS),
        "has_optical": bool(row.last_band),
        "created": _moment(target.created_mjd),
        "modified": None,
        "ra": target.ra_deg,
        "dec": target.dec_deg,
        "epoch": target.epoch,
        "parallax": None,
        "pm_ra": target.pm_ra_mas_yr,
        "pm_dec": target.pm_dec_mas_yr,
        "galactic_lng": round(float(sky.galactic_lon_deg[place]), 6),
        "galactic_lat": round(float(sky.galactic_lat_deg[place]), 6),
        "distance": None,
        "distance_err": None,
        "scheme": "",
        **dict.fromkeys(_ORBIT),
        "classification": target.classification,
        "discovery_date": _moment(target.discovery_mjd),
        "mjd_last": _NEVER_MJD if row.last_mjd is None else row.last_mjd,
        "mag_last": _NEVER_MAG if row.last_mag is None else row.last_mag,
        "importance": target.importance,
        "cadence": target.cadence_d,
        "priority": row.priority,
        "sun_separation": round(float(sky.sun_deg[place]), 6),
        "creation_date": _moment(target.created_mjd),
        "constellation": sky.constellations[place],
        "dont_update_me": None,
        "phot_class": None,
        **dict.fromkeys(_PLOTS, ""),
        "data_plot": None,
        "filter_last": row.last_band,
        "cadence_priority": row.priority,
        "description": target.description or None,
        "aliases": [[source, name] for source, name in target.aliases],
    }


_ORBIT = (
    "epoch_of_elements", "mean_anomaly", "arg_of_perihelion", "eccentricity", "lng_asc_node", "inclination",
    "mean_daily_motion", "semimajor_axis", "epoch_of_perihelion", "ephemeris_period", "ephemeris_period_err",
    "ephemeris_epoch", "ephemeris_epoch_err", "perihdist",
)  # fmt: skip
_PLOTS = (
    "photometry_plot", "photometry_plot_obs", "photometry_plot_highenergy", "photometry_icon_plot",
    "spectroscopy_plot",
)  # fmt: skip


def _moment(mjd: float | None) -> str | None:
    if mjd is None:
        return None
    moment = datetime_of(mjd)
    whole = round(moment.microsecond / 1000)  # BHTOM writes milliseconds
    moment = moment.replace(microsecond=0) + whole * _MS
    text = iso_utc(moment)
    return text.replace("000Z", "Z") if whole % 1000 else text
