"""Targets: made once, found by any of their names, changed and deleted by those who may."""

from collections.abc import Callable, Iterable
from dataclasses import fields, replace

from sqlalchemy import Connection, Engine, RowMapping, and_, delete, insert, or_, select, update

from engine.errors import Rejected
from engine.target import Target
from engine.times import mjd_now
from lake.merging.ids import leads_to
from lake.operations import reading, serialised, target_names, targets, writing
from lake.people.accounts import User
from lake.people.audit import About, note_change
from lake.rights import SYSTEM, visible_to
from lake.sharing import check_new_sharing, check_sharing, refuse_stranger, refuse_who_cannot_share
from lake.target_checks import (
    changed_by_both,
    checked_aliases,
    checked_target,
    refuse_neighbour,
    refuse_taken_names,
)
from lake.target_list import (
    Order,
    TargetFilter,
    TargetRow,
    cone_search,
    find_targets,
    line_of,
    target_row,
    update_summary,
)
from lake.target_rows import Cone, aliases_of, name_key, row_of, target_of

__all__ = [
    "Cone",
    "Order",
    "TargetFilter",
    "TargetRow",
    "add_alias",
    "cone_search",
    "create_target",
    "create_target_within",
    "delete_target",
    "fill_proper_motion",
    "find_targets",
    "get_target",
    "refuse_stranger",
    "refuse_taken_names",
    "seen_row",
    "target_row",
    "update_summary",
    "update_target",
]

Made = Callable[[Connection, Target], object]
_FIXED = {"target_id", "created_by", "created_mjd", "aliases", "simulated"}


def create_target(operations: Engine, target: Target, *, by: str, then: Made | None = None) -> Target:
    """Return the target with its id, after checking it against all others in the same transaction.

    Parameters
    ----------
    then
        What else happens in that transaction, so that neither is without the other.

    Raises
    ------
    Rejected
        ``name-taken``: a target has this name or alias; ``duplicate-position``: one lies within 3 arcsec;
        or the code of whatever value is out of its range.
    """
    with writing(operations) as connection:
        made = create_target_within(connection, target, by=by)
        if then is not None:
            then(connection, made)
    return made


def create_target_within(connection: Connection, target: Target, *, by: str) -> Target:
    """Return what ``create_target`` returns, made in a transaction that is under way."""
    target = checked_target(replace(target, created_by=by, created_mjd=mjd_now()))
    serialised(connection, "targets")
    check_new_sharing(connection, target, by=by)
    refuse_taken_names(connection, target)
    refuse_neighbour(connection, target)
    values = {**row_of(target), "created_by": by, "created_mjd": target.created_mjd}
    created = insert(targets).values(values).returning(targets.c.target_id)
    target_id = int(connection.execute(created).scalar_one())
    _note(connection, "made", by, None, replace(target, target_id=target_id))
    _store_aliases(connection, target_id, target.aliases)
    return replace(target, target_id=target_id)


def get_target(operations: Engine, name_or_id: str | int, user: User | None) -> Target:
    """Return the target with this name, alias or id, as far as the user (None: anybody) may see it.

    Raises
    ------
    Rejected
        ``unknown-target``: there is none that this user may see.
    """
    with reading(operations) as connection:
        return target_within(connection, name_or_id, user)


def target_within(connection: Connection, name_or_id: str | int, user: User | None) -> Target:
    """Return what ``get_target`` returns, read in a transaction that is under way."""
    return target_of(*_found(connection, name_or_id, user))


def seen_row(operations: Engine, name_or_id: str | int, user: User | None) -> TargetRow:
    """Return the line of the target that ``get_target`` returns or refuses, with what is measured of it."""
    with reading(operations) as connection:
        return line_of(*_found(connection, name_or_id, user), mjd_now())


def _found(
    connection: Connection, name_or_id: str | int, user: User | None
) -> tuple[RowMapping, tuple[tuple[str, str], ...]]:
    row = _find(connection, name_or_id, user)
    if row is None:
        raise Rejected(f"Target '{name_or_id!s:.120}' does not exist.", code="unknown-target")
    return row, aliases_of(connection, [row["target_id"]]).get(row["target_id"], ())


def update_target(operations: Engine, target: Target, *, user: User, seen: Target | None = None) -> Target:
    """Return the target after storing its new values; id, maker, aliases and simulated never change.

    Parameters
    ----------
    seen
        What the person saw when they changed it: what others changed since then stays.

    Raises
    ------
    Rejected
        ``unknown-target``, ``no-right``, ``changed-meanwhile``, and the codes of ``create_target``.
    """
    with writing(operations) as connection:
        serialised(connection, "targets")
        present = target_within(connection, target.target_id or 0, user)
        refuse_stranger(present, user)
        kept = {field.name: getattr(present, field.name) for field in fields(Target) if field.name in _FIXED}
        wanted = target if seen is None else changed_by_both(present, seen=seen, wanted=target)
        changed = checked_target(replace(wanted, **kept))
        check_sharing(present, changed, user)
        refuse_taken_names(connection, changed)
        if _place(changed) != _place(present):
            refuse_neighbour(connection, changed)
        connection.execute(
            update(targets).where(targets.c.target_id == present.target_id).values(row_of(changed))
        )
        _note(connection, "changed", user.username, present, changed)
    return changed


def add_alias(operations: Engine, target_id: int, source: str, name: str) -> Target:
    """Return the target after giving it one more name; a name it already has from this source is no error.

    Raises
    ------
    Rejected
        ``unknown-target``; ``name-taken``: another target has this name.
    """
    with writing(operations) as connection:
        serialised(connection, "targets")
        row = _find_by_id(connection, target_id, SYSTEM)
        if row is None:
            raise Rejected(f"Target {target_id} does not exist.", code="unknown-target")
        present = aliases_of(connection, [target_id]).get(target_id, ())
        target = target_of(row, (*present, *checked_aliases([(source, name)])))
        refuse_taken_names(connection, target)
        if (source, name_key(name)) not in {(old, name_key(alias)) for old, alias in present}:
            _store_aliases(connection, target_id, target.aliases[-1:])
        return target_of(row, aliases_of(connection, [target_id])[target_id])


def fill_proper_motion(
    operations: Engine, target_id: int, *, pm_ra_mas_yr: float, pm_dec_mas_yr: float
) -> bool:
    """Return whether a target had no proper motion and has this one now; what a person wrote stays."""
    has_none = and_(targets.c.pm_ra_mas_yr.is_(None), targets.c.pm_dec_mas_yr.is_(None))
    values = {"pm_ra_mas_yr": pm_ra_mas_yr, "pm_dec_mas_yr": pm_dec_mas_yr}
    with writing(operations) as connection:
        done = connection.execute(
            update(targets).where(targets.c.target_id == target_id, has_none).values(values)
        )
        return done.rowcount > 0


def delete_target(operations: Engine, target_id: int, *, user: User) -> None:
    """Delete a target and its names; its uploads stay, its points are the lake's to delete.

    Raises
    ------
    Rejected
        ``unknown-target``; ``no-right``: only its maker, staff and who leads its group may.
    """
    with writing(operations) as connection:
        present = target_within(connection, target_id, user)
        refuse_who_cannot_share(present, user)
        _note(connection, "deleted", user.username, present, None)
        connection.execute(delete(targets).where(targets.c.target_id == target_id))


def _find(connection: Connection, name_or_id: str | int, user: User | None) -> RowMapping | None:
    if isinstance(name_or_id, int):
        return _find_by_id(connection, name_or_id, user)
    key = name_key(name_or_id)
    aliased = select(target_names.c.target_id).where(target_names.c.name_key == key)
    named = select(targets).where(
        or_(targets.c.name_key == key, targets.c.target_id.in_(aliased)), visible_to(user)
    )
    row = connection.execute(named).mappings().one_or_none()
    if row is None and key.isascii() and key.isdigit() and len(key) < 10:
        return _find_by_id(connection, leads_to(connection, int(key)), user)
    return row


def _find_by_id(connection: Connection, target_id: int, user: User | None) -> RowMapping | None:
    query = select(targets).where(targets.c.target_id == target_id)
    return connection.execute(query.where(visible_to(user))).mappings().one_or_none()


def _place(target: Target) -> tuple[float, float, str]:
    return target.ra_deg, target.dec_deg, target.designation


def _note(connection: Connection, deed: str, who: str, before: Target | None, after: Target | None) -> None:
    target = after or before
    about = About(
        kind="target", number=(target and target.target_id) or 0, name=target.name if target else ""
    )
    then, now = ({} if each is None else row_of(each) for each in (before, after))
    note_change(connection, deed, about, who=who, before=then, after=now)


def _store_aliases(connection: Connection, target_id: int, aliases: Iterable[tuple[str, str]]) -> None:
    rows = [
        {"target_id": target_id, "source": source, "name": name, "name_key": name_key(name)}
        for source, name in aliases
    ]
    if rows:
        connection.execute(insert(target_names), rows)
