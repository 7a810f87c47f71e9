"""Targets that the archives' hand-made answers are about; neighbours do not matter here."""

from dataclasses import replace

from sqlalchemy import Connection, insert

from benchmarks.archive_server import question_of
from engine.brokers.protocol import Asks
from engine.brokers.registry import broker
from engine.target import Target
from engine.times import mjd_now
from lake.operations import target_names, targets
from lake.target_rows import name_key, row_of


def add_target_for(connection: Connection, key: str, *, name: str) -> Target:
    """Return a new target that an archive knows by its hand-made answers."""
    query = question_of(key)
    moves = broker(key).info.asks == Asks.MOVING
    target = Target(
        name=name,
        ra_deg=query.ra_deg,
        dec_deg=query.dec_deg,
        epoch=query.epoch,
        pm_ra_mas_yr=query.pm_ra_mas_yr,
        pm_dec_mas_yr=query.pm_dec_mas_yr,
        designation=query.name if moves else "",
    )
    values = row_of(target) | {"created_by": "nobody", "created_mjd": mjd_now()}
    added = insert(targets).values(values).returning(targets.c.target_id)
    target_id = int(connection.execute(added).scalar_one())
    for alias in () if moves else dict.fromkeys((query.name, *query.names)):
        row = {"target_id": target_id, "source": "-", "name": alias, "name_key": name_key(alias)}
        connection.execute(insert(target_names).values(row))
    return replace(target, target_id=target_id)
