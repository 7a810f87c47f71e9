"""What BHTOM knows of observatories and cameras beyond what a reduction asks for, and changes of both."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Column, Connection, Engine, Table, delete, insert, select, update

from engine.errors import Rejected
from lake.operations import cameras, observatories, reading, writing
from lake.people.accounts import User
from lake.people.audit import About, note_change
from lake.said_tables import camera_facts, observatory_facts
from lake.sites.observatories import Observatory, check_observatory
from lake.target_rows import name_key

Facts = Mapping[str, object]
_OBSERVATORY_COLUMNS = (
    "longitude_deg", "latitude_deg", "altitude_m", "telescope", "aperture_m", "filters", "comment",
    "acknowledgement",
)  # fmt: skip
_PLACE = ("longitude_deg", "latitude_deg", "altitude_m")


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraRecord:
    """A camera with all that was said of it, whether it is active or not."""

    camera_id: int
    values: Facts  # columns of ``cameras``
    facts: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservatoryRecord:
    """An observatory with all that was said of it, and its cameras."""

    observatory_id: int
    values: Facts  # columns of ``observatories``
    facts: Facts
    cameras: tuple[CameraRecord, ...]


def observatory_records(operations: Engine) -> list[ObservatoryRecord]:
    """Return every observatory in the order in which they were registered, with its cameras."""
    with reading(operations) as connection:
        places = connection.execute(select(observatories).order_by(observatories.c.observatory_id)).mappings()
        known = _facts_of(connection, observatory_facts)
        of_camera = _facts_of(connection, camera_facts)
        standing: dict[int, list[CameraRecord]] = {}
        for row in connection.execute(select(cameras).order_by(cameras.c.camera_id)).mappings():
            facts = of_camera.get(row["camera_id"], {})
            record = CameraRecord(camera_id=row["camera_id"], values=dict(row), facts=facts)
            standing.setdefault(row["observatory_id"], []).append(record)
        return [
            ObservatoryRecord(
                observatory_id=row["observatory_id"],
                values=dict(row),
                facts=known.get(row["observatory_id"], {}),
                cameras=tuple(standing.get(row["observatory_id"], ())),
            )
            for row in places
        ]


def keep_facts(operations: Engine, oname: str, *, observatory: Facts, camera: Facts) -> None:
    """Keep what else was said of a camera and of its observatory, beside what was said before.

    Raises
    ------
    Rejected
        ``unknown-observatory``.
    """
    with writing(operations) as connection:
        keep_facts_within(connection, oname, observatory=observatory, camera=camera)


def keep_facts_within(connection: Connection, oname: str, *, observatory: Facts, camera: Facts) -> None:
    """Do what ``keep_facts`` does as a part of a transaction that is under way."""
    query = select(cameras.c.camera_id, cameras.c.observatory_id)
    row = connection.execute(query.where(cameras.c.oname_key == name_key(oname))).one_or_none()
    if row is None:
        raise Rejected(f"No camera is registered as {oname!r:.100}.", code="unknown-observatory")
    _keep(connection, observatory_facts, observatory_facts.c.observatory_id, row.observatory_id, observatory)
    keep_camera_facts(connection, row.camera_id, camera)


def keep_camera_facts(connection: Connection, camera_id: int, facts: Facts) -> None:
    """Keep what else was said of a camera, beside what was said before."""
    _keep(connection, camera_facts, camera_facts.c.camera_id, camera_id, facts)


def update_observatory(operations: Engine, name: str, values: Facts, facts: Facts, *, user: User) -> None:
    """Change columns of an observatory, and what else is known of it.

    Raises
    ------
    Rejected
        ``unknown-observatory``; ``no-right``: only who registered it and staff may; ``bad-observatory``.
    """
    with writing(operations) as connection:
        query = select(observatories).where(observatories.c.name_key == name_key(name))
        row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise Rejected(f"No observatory is named {name!r:.100}.", code="unknown-observatory")
        if not (user.is_staff or row["created_by"] == user.username):
            raise Rejected(
                f"Only {row['created_by'] or 'its maker'} and staff may change {row['name']}.",
                code="no-right",
            )
        now = {column: row[column] for column in _OBSERVATORY_COLUMNS} | dict(values)
        check_observatory(Observatory(name=row["name"], **now))
        same = observatories.c.observatory_id == row["observatory_id"]
        connection.execute(update(observatories).where(same).values(now))
        if not user.is_staff and any(now[name] != row[name] for name in _PLACE):
            # staff approved its cameras where they stood then
            of_site = cameras.c.observatory_id == row["observatory_id"]
            connection.execute(update(cameras).where(of_site).values(approved_by="", approved_mjd=None))
        about = About(kind="observatory", number=row["observatory_id"], name=row["name"])
        before = {name: row[name] for name in now}
        note_change(connection, "changed", about, who=user.username, before=before, after=now)
        key = observatory_facts.c.observatory_id
        _keep(connection, observatory_facts, key, row["observatory_id"], facts)


def _keep(connection: Connection, table: Table, key: Column[int], number: int, facts: Facts) -> None:
    if not facts:
        return
    before = connection.execute(select(table.c.facts).where(key == number)).scalar_one_or_none()
    connection.execute(delete(table).where(key == number))
    connection.execute(insert(table).values({key.name: number, "facts": {**(before or {}), **facts}}))


def _facts_of(connection: Connection, table: Table) -> dict[int, Facts]:
    return {int(number): facts for number, facts in connection.execute(select(table))}
