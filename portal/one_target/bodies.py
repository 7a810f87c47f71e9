"""Bodies of the Solar System on the pages: where they stand now, and their reduced magnitudes.

The ephemeris is no part of the lake's versions: what is kept of it goes by when it was asked for.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache

import polars as pl

from engine.body_geometry import geometry_at
from engine.errors import Rejected
from engine.reduced_magnitude import distance_modulus_mag
from engine.repeats import is_repeat
from engine.target import Target
from engine.times import mjd_now
from lake.ephemerides import KeptEphemeris, Wanted, asked_when, kept_ephemeris
from lake.opening import Lake
from lake.people.accounts import User
from lake.seen import Closed, closed_to
from portal.light_curve.charts import (
    MAX_DRAWN_POINTS,
    bands_in_order,
    phase_spec,
)
from portal.light_curve.marks import drawn_points, with_magnitude
from portal.light_curve.moment import read_version
from portal.opened import lake
from portal.vega import Spec
from portal.words import _, language


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a target is now.

    Attributes
    ----------
    remark
        Why this is only where a body stood when it was added: no ephemeris tells this moment.
    """

    target: Target
    title: str
    facts: dict[str, str] = field(default_factory=dict)
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseChart:
    """Reduced magnitudes ready to be drawn; of many points every ``one_of``-th is."""

    rows: pl.DataFrame
    spec: Spec
    points: int
    one_of: int


def standing(target: Target) -> Standing:
    """Return a target where it stands now, with what else is known of a body; a star stays as it is."""
    if not target.designation:
        return Standing(target=target, title=_("Position"))
    named = {_("Designation"): target.designation}
    kept = _of(target)
    now_mjd = mjd_now()
    try:
        place = kept.track.position_at(now_mjd) if kept else None
    except Rejected:
        place = None
    if kept is None or place is None:
        why = _why(target, kept)
        return Standing(target=target, title=_("Position when added"), facts=named, remark=why)
    row = geometry_at(kept.nodes, pl.Series([now_mjd])).row(0, named=True)
    moved = replace(target, ra_deg=float(place.ra.deg), dec_deg=float(place.dec.deg))
    facts = {
        _("Sun to body"): _text(row["r_au"], ".3f", " au"),
        _("Earth to body"): _text(row["delta_au"], ".3f", " au"),
        _("Phase angle"): _text(row["phase_deg"], ".1f", "°"),
    }
    return Standing(target=moved, title=_("Position now"), facts=named | facts)


def reduced_chart(target: Target, user: User | None = None) -> PhaseChart | None:
    """Return the magnitudes of a body without its distances, against the phase angle; None where none is."""
    asked_mjd = asked_when(lake().operations, target.target_id or 0) if target.designation else None
    if asked_mjd is None:
        return None
    closed = closed_to(lake().operations, user, target_id=target.target_id)
    asked = (target.designation, asked_mjd)
    return _chart(lake(), read_version(), target.target_id or 0, asked, closed, language())


@lru_cache(maxsize=32)
def _chart(
    opened: Lake,
    version: int,
    target_id: int,
    asked: tuple[str, float],
    closed: Closed,
    language: str,  # noqa: ARG001 - of its words
) -> PhaseChart | None:
    kept = _kept(opened, target_id, asked)
    if kept is None:
        return None
    points = with_magnitude(closed.open_points(opened.store.light_curve(target_id, as_of=version)))
    seen = points.filter(pl.col("mag").is_not_null())
    seen = seen.filter(~is_repeat(seen))
    seen = pl.concat([seen, geometry_at(kept.nodes, seen["mjd"])], how="horizontal")
    seen = seen.filter(pl.col("r_au") > 0, pl.col("delta_au") > 0)
    if seen.is_empty():
        return None
    one_of = -(-len(seen) // MAX_DRAWN_POINTS)
    shown = seen.gather_every(one_of)
    modulus = distance_modulus_mag(shown["r_au"].to_numpy(), shown["delta_au"].to_numpy())
    shown = shown.with_columns(mag=pl.col("mag") - pl.Series(modulus))
    rows = drawn_points(shown).with_columns(phase_deg=shown["phase_deg"])
    return PhaseChart(rows=rows, spec=phase_spec(bands_in_order(rows)), points=len(seen), one_of=one_of)


def _of(target: Target) -> KeptEphemeris | None:
    asked_mjd = asked_when(lake().operations, target.target_id or 0)
    if asked_mjd is None:
        return None
    return _kept(lake(), target.target_id or 0, (target.designation, asked_mjd))


@lru_cache(maxsize=64)
def _kept(opened: Lake, target_id: int, asked: tuple[str, float]) -> KeptEphemeris | None:
    """Return the ephemeris of a body as it was asked for under a designation at a time."""
    kept = kept_ephemeris(opened.operations, Wanted(target_id=target_id))
    return kept if kept is not None and kept.designation == asked[0] else None


def _why(target: Target, kept: KeptEphemeris | None) -> str:
    if target.simulated:
        return _("It is simulated: nobody knows where it stands now.")
    if kept is not None and kept.reason:
        return _("Where it stands now is not known: {reason}", reason=_(kept.reason))
    return _("Where it stands now is being asked.")


def _text(value: float | None, digits: str, unit: str) -> str:
    return "–" if value is None else f"{value:{digits}}{unit}"
