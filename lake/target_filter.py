"""What lists of targets are narrowed and sorted by, as values and as conditions of SQL."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, case, func, not_, or_, select

from engine.target import Visibility
from lake.operations import target_names, targets
from lake.said_tables import target_group_members
from lake.target_rows import Cone, name_key, within

_NEVER_OBSERVED_D = 10.0  # as engine.target.observing_priority


class Order(StrEnum):
    """What a list of targets is sorted by; unknown values come last both ways."""

    NAME = "name"
    NUMBER = "number"
    CREATED = "created"
    PRIORITY = "priority"
    IMPORTANCE = "importance"
    LAST_MAG = "last_mag"
    LAST_MJD = "last_mjd"
    POINTS = "points"
    RA = "ra"
    CLASSIFICATION = "classification"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetFilter:
    """Which targets a list shows; what is None does not narrow it. Bounds are included."""

    name: str = ""  # part of the name or of an alias
    exact_name: str = ""  # of the main name
    description: str = ""  # part of it
    classification: str = ""
    cone: Cone | None = None
    ra_min_deg: float | None = None
    ra_max_deg: float | None = None
    dec_min_deg: float | None = None
    dec_max_deg: float | None = None
    brighter_than_mag: float | None = None
    fainter_than_mag: float | None = None
    importance_min: float | None = None
    importance_max: float | None = None
    points_min: int | None = None
    points_max: int | None = None
    seen_since_mjd: float | None = None  # the newest optical magnitude is that young
    seen_before_mjd: float | None = None
    group_id: int | None = None  # a group of targets that the asking person sees
    target_ids: frozenset[int] | None = None  # only these; none of them where it is empty
    made_by: str = ""
    simulated: bool | None = None
    is_seen: bool | None = None  # has a magnitude
    is_overdue: bool = False  # unseen for longer than its cadence
    moves: bool | None = None  # is a body of the Solar System
    is_closed: bool = False  # not yet, or never, open to all
    after_id: int | None = None  # only targets with a higher number: the next page of a list by number
    order: Order = Order.NAME
    descending: bool = False
    page: int = 1
    page_size: int = 200


def conditions_of(wanted: TargetFilter, now_mjd: float) -> list[ColumnElement[bool]]:
    """Return a filter as conditions on the table ``targets``; rights are another one."""
    bounds = (
        (targets.c.dec_deg, wanted.dec_min_deg, wanted.dec_max_deg),
        (targets.c.last_mag, wanted.fainter_than_mag, wanted.brighter_than_mag),
        (targets.c.importance, wanted.importance_min, wanted.importance_max),
        (targets.c.points, wanted.points_min, wanted.points_max),
        (targets.c.last_mjd, wanted.seen_since_mjd, wanted.seen_before_mjd),
    )
    conditions = [column >= least for column, least, _ in bounds if least is not None]
    conditions += [column <= most for column, _, most in bounds if most is not None]
    if wanted.exact_name:
        conditions.append(targets.c.name_key == name_key(wanted.exact_name))
    if wanted.description:
        conditions.append(targets.c.description.icontains(wanted.description, autoescape=True))
    if wanted.classification:
        conditions.append(targets.c.classification == wanted.classification)
    if wanted.after_id is not None:
        conditions.append(targets.c.target_id > wanted.after_id)
    if wanted.cone is not None:
        conditions.append(within(wanted.cone))
    return [
        *conditions,
        *_ra_conditions(wanted),
        *_name_conditions(wanted.name),
        *_set_conditions(wanted),
        *_flag_conditions(wanted, now_mjd),
    ]


def _set_conditions(wanted: TargetFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.group_id is not None:
        members = select(target_group_members.c.target_id)
        of_group = members.where(target_group_members.c.group_id == wanted.group_id)
        conditions.append(targets.c.target_id.in_(of_group))
    if wanted.target_ids is not None:
        conditions.append(targets.c.target_id.in_(sorted(wanted.target_ids)))
    if wanted.made_by:
        conditions.append(targets.c.created_by == wanted.made_by)
    return conditions


def _flag_conditions(wanted: TargetFilter, now_mjd: float) -> list[ColumnElement[bool]]:
    asked = (
        (targets.c.simulated.is_(True), wanted.simulated),
        (targets.c.last_mjd.is_not(None), wanted.is_seen),
        (targets.c.designation != "", wanted.moves),
        (_is_overdue(now_mjd), wanted.is_overdue or None),
        (_is_closed(now_mjd), wanted.is_closed or None),
    )
    return [condition if is_so else not_(condition) for condition, is_so in asked if is_so is not None]


def _is_overdue(now_mjd: float) -> ColumnElement[bool]:
    waits = or_(targets.c.last_mjd.is_(None), now_mjd - targets.c.last_mjd > targets.c.cadence_d)
    return and_(targets.c.cadence_d > 0, waits)


def _is_closed(now_mjd: float) -> ColumnElement[bool]:
    embargoed = func.coalesce(targets.c.embargo_until_mjd, 0.0) > now_mjd
    return or_(targets.c.visibility != Visibility.PUBLIC.value, embargoed)


def _name_conditions(part: str) -> list[ColumnElement[bool]]:
    key = name_key(part)
    if not key:
        return []
    aliased = select(target_names.c.target_id).where(target_names.c.name_key.contains(key, autoescape=True))
    named = targets.c.name_key.contains(key, autoescape=True)
    return [or_(named, targets.c.target_id.in_(aliased))]


def _ra_conditions(wanted: TargetFilter) -> list[ColumnElement[bool]]:
    least, most = wanted.ra_min_deg, wanted.ra_max_deg
    after = [] if least is None else [targets.c.ra_deg >= least]
    before = [] if most is None else [targets.c.ra_deg <= most]
    if least is not None and most is not None and least > most:  # the range crosses RA 0
        return [or_(*after, *before)]
    return [*after, *before]


def order_columns(now_mjd: float) -> dict[Order, ColumnElement[object]]:
    """Return what each order sorts by."""
    waited_d = case(
        (targets.c.last_mjd.is_(None), _NEVER_OBSERVED_D),
        (targets.c.last_mjd > now_mjd, 0.0),
        else_=now_mjd - targets.c.last_mjd,
    )
    priority = case(
        (targets.c.cadence_d > 0, waited_d * targets.c.importance / targets.c.cadence_d), else_=0.0
    )
    return {
        Order.NAME: targets.c.name_key,
        Order.NUMBER: targets.c.target_id,
        Order.CREATED: targets.c.created_mjd,
        Order.PRIORITY: priority,
        Order.IMPORTANCE: targets.c.importance,
        Order.LAST_MAG: targets.c.last_mag,
        Order.LAST_MJD: targets.c.last_mjd,
        Order.POINTS: targets.c.points,
        Order.RA: targets.c.ra_deg,
        Order.CLASSIFICATION: targets.c.classification,
    }
