"""``/search``: one box for a name, a part of one, or a position."""

from typing import Annotated

from fastapi import APIRouter, Query

from engine.errors import Rejected
from engine.target import parse_position
from lake.targets import Cone, TargetFilter, find_targets
from portal.api.identity import TheLake, Visitor
from portal.api.v1.target_models import TargetAnswer, target_answer
from portal.api.v1.targets import neighbours

router = APIRouter(tags=["targets"])
RADIUS_DEG = 0.1  # round a position
MOST = 50


@router.get("/search")
def search(
    user: Visitor,
    lake: TheLake,
    q: Annotated[
        str, Query(min_length=1, max_length=120, description="a name, or a position", examples=["Gaia22"])
    ],
) -> list[TargetAnswer]:
    """Find targets by a part of a name, or within 6 arcmin of `ra dec`; at most 50."""
    place = _position(q)
    if place is not None:
        cone = Cone(ra_deg=place[0], dec_deg=place[1], radius_deg=RADIUS_DEG)
        return [each.target for each in neighbours(lake, cone, user)[:MOST]]
    rows, _ = find_targets(lake.operations, TargetFilter(name=q, page_size=MOST), user)
    return [target_answer(row) for row in rows]


def _position(text: str) -> tuple[float, float] | None:
    words = text.replace(",", " ").split()
    if len(words) != 2:
        return None
    try:
        return parse_position(*words)
    except Rejected:
        return None
