"""The lists of targets that a person saves, filters or chosen targets under a name; nobody else sees them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, RowMapping, Select, and_, delete, func, insert, select

from engine.errors import Rejected
from engine.times import mjd_now
from lake.operations import reading, serialised, targets, writing
from lake.people.accounts import User
from lake.people.list_tables import saved_list_targets, saved_lists
from lake.rights import visible_to
from lake.target_rows import name_key

NAME_MAX_CHARS = 60
FILTERS_MAX_CHARS = 4000
MOST_LISTS = 100
MOST_TARGETS = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedList:
    """A list that somebody saved."""

    list_id: int
    name: str
    is_set: bool  # of chosen targets; else filters
    filters: Mapping[str, str]  # as the address of the list of targets has them
    targets: int  # of a set, that its owner may see now
    created_mjd: float


def save_filters(operations: Engine, name: str, filters: Mapping[str, str], *, by: User) -> int:
    """Return the id of a new list that is found anew by its filters whenever it is opened.

    Raises
    ------
    Rejected
        ``bad-list``, ``list-taken``, ``too-many-lists``.
    """
    if sum(len(word) + len(value) for word, value in filters.items()) > FILTERS_MAX_CHARS:
        raise Rejected(
            f"These filters have more than {FILTERS_MAX_CHARS} characters: shorten one.", code="bad-list"
        )
    with writing(operations) as connection:
        if _named(connection, name, by) is not None:
            raise _taken(name)
        return _made(connection, name, by, is_set=False, filters=dict(filters))


def save_targets(operations: Engine, name: str, target_ids: Iterable[int], *, by: User) -> int:
    """Return the id of a list of chosen targets, which is made or, where there is one already, added to.

    Targets that the person does not see are left out.

    Raises
    ------
    Rejected
        ``bad-list``, ``list-taken``: the name is one of filters; ``too-many-lists``, ``list-full``.
    """
    wanted = sorted(set(target_ids))
    if not 1 <= len(wanted) <= MOST_TARGETS:
        raise Rejected(f"A list holds 1 to {MOST_TARGETS} targets: choose fewer.", code="list-full")
    with writing(operations) as connection:
        row = _named(connection, name, by)
        if row is not None and not row["is_set"]:
            raise _taken(name)
        list_id = _made(connection, name, by, is_set=True, filters={}) if row is None else row["list_id"]
        present = set(connection.execute(_members(list_id)).scalars())
        visible = select(targets.c.target_id).where(targets.c.target_id.in_(wanted), visible_to(by))
        joining = sorted(set(connection.execute(visible).scalars()) - present)
        if len(present) + len(joining) > MOST_TARGETS:
            raise Rejected(
                f"The list would hold more than {MOST_TARGETS} targets: begin another.", code="list-full"
            )
        if joining:
            rows = [{"list_id": list_id, "target_id": target_id} for target_id in joining]
            connection.execute(insert(saved_list_targets), rows)
        return int(list_id)


def lists_of(operations: Engine, user: User) -> list[SavedList]:
    """Return what a person saved, by name."""
    seen = (
        select(saved_list_targets.c.list_id, func.count().label("targets"))
        .join(targets, and_(targets.c.target_id == saved_list_targets.c.target_id, visible_to(user)))
        .group_by(saved_list_targets.c.list_id)
        .subquery()
    )
    query = (
        select(saved_lists, func.coalesce(seen.c.targets, 0).label("targets"))
        .outerjoin(seen, seen.c.list_id == saved_lists.c.list_id)
        .where(saved_lists.c.user_id == user.user_id)
        .order_by(saved_lists.c.name_key)
    )
    names = ("list_id", "name", "is_set", "filters", "targets", "created_mjd")
    with reading(operations) as connection:
        rows = connection.execute(query).mappings().all()
    return [SavedList(**{name: row[name] for name in names}) for row in rows]


def targets_of_list(operations: Engine, list_id: int, user: User | None) -> frozenset[int]:
    """Return the ids in a set of the person's own; of anybody else's, or of none, nothing.

    Rights are not looked at here: lists of targets are, when they are read.
    """
    if user is None:
        return frozenset()
    query = _members(list_id).join(saved_lists, saved_lists.c.list_id == saved_list_targets.c.list_id)
    with reading(operations) as connection:
        found = connection.execute(query.where(saved_lists.c.user_id == user.user_id))
        return frozenset(found.scalars())


def forget_list(operations: Engine, list_id: int, *, by: User) -> bool:
    """Return whether a person had this list, and has it no more."""
    own = and_(saved_lists.c.list_id == list_id, saved_lists.c.user_id == by.user_id)
    with writing(operations) as connection:
        return connection.execute(delete(saved_lists).where(own)).rowcount > 0


def _members(list_id: int) -> Select[int]:
    return select(saved_list_targets.c.target_id).where(saved_list_targets.c.list_id == list_id)


def _named(connection: Connection, name: str, by: User) -> RowMapping | None:
    query = select(saved_lists).where(
        saved_lists.c.user_id == by.user_id, saved_lists.c.name_key == name_key(name)
    )
    serialised(connection, f"lists of {by.user_id}")
    return connection.execute(query).mappings().one_or_none()


def _made(connection: Connection, name: str, by: User, *, is_set: bool, filters: dict[str, str]) -> int:
    clean = " ".join(name.split())
    if not 1 <= len(clean) <= NAME_MAX_CHARS or not clean.isprintable():
        raise Rejected(f"Name the list with 1 to {NAME_MAX_CHARS} printable characters.", code="bad-list")
    counted = select(func.count()).select_from(saved_lists).where(saved_lists.c.user_id == by.user_id)
    if connection.execute(counted).scalar_one() >= MOST_LISTS:
        raise Rejected(f"You have {MOST_LISTS} lists: delete one first.", code="too-many-lists")
    row = {
        "user_id": by.user_id,
        "name": clean,
        "name_key": name_key(clean),
        "is_set": is_set,
        "filters": filters,
        "created_mjd": mjd_now(),
    }
    return int(
        connection.execute(insert(saved_lists).values(row).returning(saved_lists.c.list_id)).scalar_one()
    )


def _taken(name: str) -> Rejected:
    return Rejected(
        f"You have a list named '{name.strip():.60}' already: choose another name, or delete it first.",
        code="list-taken",
    )
