"""Lakes in which nothing can be taken for granted: one row in each table, and null in it wherever allowed."""

import hashlib
from typing import Any

import polars as pl
from sqlalchemy import JSON, Boolean, Column, Table, insert

from engine.lightcurve import light_curve
from engine.times import mjd_now
from lake.changes import Change
from lake.opening import Lake
from lake.operations import metadata, writing
from lake.provenance import new_batch
from lake.tables import BATCHES, LAYOUTS, PHOTOMETRY, TABLES
from lake.tables import Table as LakeTable

TARGET, OWNER, FRAME, CAMERA = "Only1", "only", "u1", "Only_Camera"
SESSION = "the only session"
_SHA256 = "0" * 64
# what a column holds of which the type does not tell it; first of its table, then of any
_HOLDS: dict[str, object] = {
    "sessions.session_sha256": hashlib.sha256(SESSION.encode()).hexdigest(),
    "targets.name": TARGET, "targets.name_key": TARGET.lower(), "targets.classification": "SN",
    "targets.designation": "", "targets.importance": 5.0, "targets.sparkline": [17.0],
    "users.username": OWNER, "users.username_key": OWNER,
    "cameras.oname": CAMERA, "cameras.oname_key": CAMERA.lower(),
    "jobs.kind": "reduce", "jobs.state": "dead", "jobs.args": {"upload_id": "1"},
    "jobs.lease_until_mjd": 60000.0, "merges.state": "parted",
    "merges.record": {"target": {}, "children": {}},
    "proposals.state": "new", "proposals.link": "https://example.org", "watches.stream": "fink",
    "watches.criteria": {"newer_than_d": 30.0}, "uploads.kind": "fits_file", "uploads.result": "measured",
    "uploads.frame_ids": [FRAME], "uploads.target_name": TARGET, "uploads.oname": CAMERA,
    "audit.kind": "change", "audit.deed": "changed", "audit.object_kind": "target", "seals.kind": "version",
    "links.purpose": "set-up", "archive_health.archive": "ztf", "harvests.archive": "ztf",
    "group_members.role": "leader", "snapshots.version": 1, "saved_lists.filters": {},
    "saved_lists.is_set": True, "tokens.scopes": ["read"], "tokens.revoked_mjd": None,
    "second_factors.confirmed_mjd": None, "frames.status": "measured", "frames.frame_id": FRAME,
    "sign_in_attempts.provider": "orcid", "identities.provider": "orcid",
    "frames.stages_s": "{}", "calibrations.spatial": None, "frames.wcs_header": "",
    "frames.cutout_sha256": "", "reference_stars.origin": "archive",
    "notices.kind": "comment", "notices.facts": {"by": OWNER}, "notice_wishes.kind": "comment",
    "notice_wishes.mail": "no", "follows.known": {"points": 1, "mags": {}},
    "visibility": "public", "group_id": 1, "created_by": OWNER, "uploaded_by": OWNER, "made_by": OWNER,
    "username": OWNER, "by": OWNER, "who": OWNER, "observers": [OWNER],
    "embargo_until_mjd": None, "expires_mjd": mjd_now() + 99.0,
    "before": {"importance": 4.0}, "after": {"importance": 5.0}, "facts": {}, "nodes": {},
    "band": "r(GaiaSP)", "last_band": "r(GaiaSP)", "filters": "r", "simulated": False, "raw_sha256": _SHA256,
    "sha256": _SHA256, "x": 1.0, "y": 0.0, "z": 0.0, "password_hash": "", "reason": "It was so.", "code": "",
    "dry_run": False, "flags": 0, "frame_id": FRAME,
}  # fmt: skip
# what the product always writes, though no schema says so
_ALWAYS = {
    "frame_id", "upload_id", "target_id", "status", "code", "reason", "sentences", "notes", "dry_run",
    "flags", "raw_sha256", "cutout_sha256", "facility", "camera", "observer", "stages_s", "batch_id",
    "made_mjd", "file", "plane", "mjd", "chosen", "is_good", "band", "processing", "source", "source_ref",
    "cell", "ref_id", "point_id", "number", "origin",
}  # fmt: skip


def fill_sparsely(lake: Lake, *, with_nulls: bool) -> None:
    """Put one row into each table that has none."""
    with writing(lake.operations) as connection:
        for table in metadata.sorted_tables:
            row = {column.name: _value(table, column, with_nulls=with_nulls) for column in table.columns}
            connection.execute(insert(table).values(row))
    changes = [_change(table, with_nulls=with_nulls) for table in TABLES if table not in (BATCHES, LAYOUTS)]
    lake.store.commit(changes, batch=new_batch("test", "ztf", target_id=1))


def rows_of_tables(lake: Lake) -> dict[str, int]:
    """Return how many rows each table has."""
    found = {table.name: lake.store.read(f"SELECT 1 FROM lake.{table.name}").height for table in TABLES}
    with writing(lake.operations) as connection:
        for table in metadata.sorted_tables:
            found[table.name] = len(connection.execute(table.select()).all())
    return found


def _value(table: Table, column: Column[Any], *, with_nulls: bool) -> object:
    if with_nulls and column.nullable:
        return None
    name = f"{table.name}.{column.name}"
    if name in _HOLDS or column.name in _HOLDS:
        return _HOLDS.get(name, _HOLDS.get(column.name))
    if column.foreign_keys or column.primary_key:
        return _one(column)
    if column.name.endswith("_mjd"):
        return 60000.5
    return [] if isinstance(column.type, JSON) else _one(column)


def _one(column: Column[Any]) -> object:
    if isinstance(column.type, Boolean):
        return True
    return {int: 1, float: 1.0}.get(column.type.python_type, f"one {column.name}")


def _change(table: LakeTable, *, with_nulls: bool) -> Change:
    if table.name.endswith(PHOTOMETRY.name):
        own = {name: pl.lit(_of_lake(table.name, name, dtype)) for name, dtype in table.schema.items()}
        rows = _points(with_nulls=with_nulls).with_columns(
            **{name: own[name] for name in ("upload_id", "processing") if name in own}
        )
    else:
        row = {
            name: None if with_nulls and name not in _ALWAYS else _of_lake(table.name, name, dtype)
            for name, dtype in table.schema.items()
        }
        rows = pl.DataFrame([row], schema=table.schema)
    return Change(table=table, rows=rows, keys=pl.DataFrame())


def _of_lake(table: str, name: str, dtype: pl.DataType) -> object:
    table = table.removeprefix("shelf_")
    if f"{table}.{name}" in _HOLDS or name in _HOLDS:
        return _HOLDS.get(f"{table}.{name}", _HOLDS.get(name))
    if name.endswith("mjd"):
        return 60000.5
    values = {pl.Int64: 1, pl.UInt32: 0, pl.Float64: 1.0, pl.String: f"one {name}", pl.Boolean: True}
    return ["One sentence."] if isinstance(dtype, pl.List) else values[type(dtype)]


def _points(*, with_nulls: bool) -> pl.DataFrame:
    """Return one point; the one with nulls is a limit of which nothing more is known."""
    least = {"target_id": 1, "source": "ztf", "source_ref": "1", "mjd": 60000.5, "band": "r(GaiaSP)"}
    more: dict[str, object] = {"limit_mag": 20.0}
    if not with_nulls:
        more = {"mag": 17.0, "mag_err": 0.1, "exptime_s": 60.0, "facility": "Only", "observer": "One"}
    return light_curve(pl.DataFrame([least | more]))
