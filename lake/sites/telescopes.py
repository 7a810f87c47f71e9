"""The telescopes that a person plans a night for, and how faint each one sees."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from sqlalchemy import Engine, select

from engine.errors import Rejected
from engine.lightcurve import Flag
from engine.visibility.depth import Depth, guessed_depth, learned_depth
from engine.visibility.horizon import Site, checked_site
from lake.operations import reading, targets
from lake.people.accounts import User
from lake.people.favourites import list_favourites
from lake.readable import Readable
from lake.rights import visible_to
from lake.seen import closed_to
from lake.sites.observatories import Observatory, list_observatories, observatory_named

_LAST_FRAMES = 2000
_REACHED = """
    SELECT upload_id, target_id, limit_mag, exptime_s
    FROM lake.frames
    WHERE facility = $facility AND limit_mag IS NOT NULL AND exptime_s > 0 AND status <> 'rejected'
          AND ((flags & $simulated_flag) <> 0) = $simulated
    ORDER BY mjd DESC LIMIT $most"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telescope:
    """Where one observes, with what is known of the instrument; of value, so that caches can hold it."""

    site: Site
    aperture_m: float | None = None
    facility: str = ""  # as frames name it; "" of a site that nobody registered
    is_dear: bool = False  # a favourite of who asks, or registered by them
    is_simulated: bool = False


def telescopes_of(operations: Engine, user: User | None) -> list[Telescope]:
    """Return all telescopes, a person's favourites and own first, each part by name."""
    dear = set() if user is None else {each.observatory_name for each in list_favourites(operations, user)}
    found = [_telescope(place, dear, user) for place in list_observatories(operations)]
    return sorted(found, key=lambda each: not each.is_dear)


def telescope_named(operations: Engine, name: str) -> Telescope:
    """Return the telescope of an observatory.

    Raises
    ------
    Rejected
        ``unknown-observatory``
    """
    place = observatory_named(operations, name)
    if place is None:
        raise Rejected(
            f"No observatory is named {name!r:.100}: choose another, or give longitude and latitude.",
            code="unknown-observatory",
        )
    return _telescope(place, set(), None)


def telescope_at(
    longitude_deg: float, latitude_deg: float, *, altitude_m: float = 0.0, aperture_m: float | None = None
) -> Telescope:
    """Return a telescope at a place that nobody registered.

    Raises
    ------
    Rejected
        ``bad-site``
    """
    north, east = "S" if latitude_deg < 0 else "N", "W" if longitude_deg < 0 else "E"
    name = f"{abs(latitude_deg):.2f} {north}, {abs(longitude_deg):.2f} {east}"
    site = Site(name=name, longitude_deg=longitude_deg, latitude_deg=latitude_deg, altitude_m=altitude_m)
    return Telescope(site=checked_site(site), aperture_m=aperture_m)


def depth_of(operations: Engine, store: Readable, telescope: Telescope, user: User | None) -> Depth | None:
    """Return how faint a telescope sees, from those of its frames that a person may see; None: unknown."""
    guess = guessed_depth(telescope.aperture_m)
    if not telescope.facility:
        return guess
    reached = store.read(
        _REACHED,
        {
            "facility": telescope.facility,
            "simulated_flag": int(Flag.SIMULATED),
            "simulated": telescope.is_simulated,
            "most": _LAST_FRAMES,
        },
    )
    with reading(operations) as connection:
        visible = connection.execute(select(targets.c.target_id).where(visible_to(user))).scalars().all()
    frames = closed_to(operations, user).open_frames(reached).filter(pl.col("target_id").is_in(list(visible)))
    learned = learned_depth(
        frames["limit_mag"].to_numpy().astype(np.float64), frames["exptime_s"].to_numpy().astype(np.float64)
    )
    return learned or guess


def _telescope(place: Observatory, dear: set[str], user: User | None) -> Telescope:
    site = Site(
        name=place.name,
        longitude_deg=place.longitude_deg,
        latitude_deg=place.latitude_deg,
        altitude_m=place.altitude_m,
    )
    is_own = user is not None and place.created_by == user.username
    return Telescope(
        site=site,
        aperture_m=place.aperture_m,
        facility=place.name,
        is_dear=is_own or place.name in dear,
        is_simulated=place.simulated,
    )
