"""What a target must be to be kept: its own values, and against all others."""

from collections.abc import Iterable
from dataclasses import fields, replace

from sqlalchemy import Connection, select

from engine.errors import Rejected
from engine.target import (
    CLASSES,
    DESCRIPTION_MAX_CHARS,
    DUPLICATE_RADIUS_ARCSEC,
    NAME_MAX_CHARS,
    Target,
    checked_name,
)
from engine.times import check_date
from lake.operations import target_names, targets
from lake.rights import visible_to
from lake.target_rows import Cone, name_key, within


def checked_target(target: Target) -> Target:
    """Return a target as it is kept, or refuse the value that is out of its range."""
    name = checked_name(target.name)
    Cone(ra_deg=target.ra_deg, dec_deg=target.dec_deg, radius_deg=0.0)
    if target.classification not in CLASSES:
        raise Rejected(
            f"The class {target.classification!r:.60} is unknown; choose one of: {', '.join(CLASSES)}.",
            code="bad-class",
        )
    if not 0 <= target.importance <= 10:
        raise Rejected("The importance is a number from 0 to 10.", code="bad-importance")
    if not 0 <= target.cadence_d <= 10_000:
        raise Rejected("The cadence is a number of days from 0 to 10000.", code="bad-cadence")
    if target.discovery_mjd is not None:
        check_date("date of discovery", target.discovery_mjd)
    if len(target.description) > DESCRIPTION_MAX_CHARS:
        raise Rejected(
            f"The description has {len(target.description)} characters; {DESCRIPTION_MAX_CHARS} are allowed.",
            code="description-too-long",
        )
    return replace(target, name=name, ra_deg=target.ra_deg % 360.0, aliases=checked_aliases(target.aliases))


def checked_aliases(aliases: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return aliases as they are kept, each once, or refuse with ``bad-alias``."""
    checked = {}
    for source, name in aliases:
        clean = name.strip()
        if not clean or len(clean) > NAME_MAX_CHARS or not source.strip():
            raise Rejected(
                f"An alias needs a source and a name of 1 to {NAME_MAX_CHARS} characters.", code="bad-alias"
            )
        checked[source.strip(), name_key(clean)] = clean
    return tuple((source, name) for (source, _), name in checked.items())


def changed_by_both(present: Target, *, seen: Target, wanted: Target) -> Target:
    """Return what is there with what somebody changed of what they saw; what others changed since stays.

    Raises
    ------
    Rejected
        ``changed-meanwhile``: others changed since, and otherwise, what is changed here.
    """
    ours = {
        field.name: getattr(wanted, field.name)
        for field in fields(Target)
        if getattr(wanted, field.name) != getattr(seen, field.name)
    }
    for name, value in ours.items():
        if getattr(present, name) not in (getattr(seen, name), value):
            raise changed_meanwhile(present.name)
    return replace(present, **ours)


def changed_meanwhile(name: str) -> Rejected:
    """Return the refusal of a change that would undo somebody else's unseen."""
    return Rejected(
        f"Somebody else changed {name} meanwhile: look at it again before you change it.",
        code="changed-meanwhile",
    )


def refuse_taken_names(connection: Connection, target: Target) -> None:
    """Refuse a target of which another one has a name or an alias, with ``name-taken``."""
    asked = {name_key(name): name for name in (target.name, *(alias for _, alias in target.aliases))}
    others = target.target_id or 0
    named = select(targets.c.name_key).where(targets.c.name_key.in_(asked), targets.c.target_id != others)
    aliased = select(target_names.c.name_key).where(
        target_names.c.name_key.in_(asked), target_names.c.target_id != others
    )
    taken = connection.execute(named.union(aliased)).scalars().first()
    if taken is not None:
        raise Rejected(f"A target named '{asked[taken]}' exists already.", code="name-taken")


def refuse_neighbour(connection: Connection, target: Target) -> None:
    """Refuse a target that lies on another one, with ``duplicate-position``."""
    if target.designation:
        return  # a body of the Solar System passes by everything
    cone = Cone(ra_deg=target.ra_deg, dec_deg=target.dec_deg, radius_deg=DUPLICATE_RADIUS_ARCSEC / 3600.0)
    query = select(targets.c.name, targets.c.created_by, visible_to(None).label("is_public")).where(
        within(cone), targets.c.target_id != (target.target_id or 0), targets.c.designation == ""
    )
    neighbour = connection.execute(query.limit(1)).one_or_none()
    if neighbour is None:
        return
    open_to_all = neighbour.is_public or neighbour.created_by == target.created_by
    named = f"the target {neighbour.name}" if open_to_all else "a private target"
    raise Rejected(
        f"Within {DUPLICATE_RADIUS_ARCSEC:g} arcsec of these coordinates lies {named} already.",
        code="duplicate-position",
    )
