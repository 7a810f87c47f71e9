"""Targets that may be one and the same: pairs that lie close together on the sphere."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree
from sqlalchemy import Engine, select

from engine.errors import Rejected
from engine.target import DUPLICATE_RADIUS_ARCSEC
from lake.operations import reading, targets
from lake.people.accounts import User
from lake.rights import SYSTEM, visible_to
from lake.target_rows import separation_deg

RADIUS_MAX_ARCSEC = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """Two targets near each other, the older one first."""

    first_id: int
    first_name: str
    second_id: int
    second_name: str
    separation_arcsec: float


def duplicates(
    operations: Engine, *, radius_arcsec: float = DUPLICATE_RADIUS_ARCSEC, user: User | None = SYSTEM
) -> list[Duplicate]:
    """Return the pairs of targets that a user may see within a radius, the closest first.

    Right at the poles and across RA 0/360. Positions are taken at their own epochs. Bodies of the Solar
    System have no position, and what is simulated is no duplicate of what is real.

    Raises
    ------
    Rejected
        ``bad-cone``: the radius is not from 0 to 60 arcsec.
    """
    if not 0 <= radius_arcsec <= RADIUS_MAX_ARCSEC:
        raise Rejected(f"Give a radius of 0 to {RADIUS_MAX_ARCSEC:g} arcsec.", code="bad-cone")
    named = (targets.c.target_id, targets.c.name, targets.c.simulated)
    query = (
        select(*named, targets.c.x, targets.c.y, targets.c.z)
        .where(targets.c.designation == "", visible_to(user))
        .order_by(targets.c.target_id)
    )
    with reading(operations) as connection:
        rows = connection.execute(query).all()
    vectors = np.array([(row.x, row.y, row.z) for row in rows], dtype=np.float64).reshape(-1, 3)
    chord = 2.0 * np.sin(np.radians(radius_arcsec / 3600.0) / 2.0)
    near = cKDTree(vectors).query_pairs(chord * (1 + 1e-9) + 1e-15, output_type="ndarray") if rows else []
    pairs = []
    for one, other in near:
        first, second = rows[min(one, other)], rows[max(one, other)]
        separation = 3600.0 * separation_deg((first.x, first.y, first.z), (second.x, second.y, second.z))
        if first.simulated == second.simulated and separation <= radius_arcsec + 1e-9:
            pairs.append(
                Duplicate(
                    first_id=first.target_id,
                    first_name=first.name,
                    second_id=second.target_id,
                    second_name=second.name,
                    separation_arcsec=separation,
                )
            )
    return sorted(pairs, key=lambda pair: (pair.separation_arcsec, pair.first_id, pair.second_id))
