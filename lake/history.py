"""What happened to a target: who changed it and its uploads, and what wrote its points."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from sqlalchemy import Engine, and_, or_, select

from engine.errors import Rejected
from engine.target import Target
from lake.opening import Lake
from lake.operations import reading, targets, uploads
from lake.people.audit import Kind
from lake.people.person import User
from lake.people.tables import audit
from lake.readable import Readable
from lake.rights import can_change, upload_visible_to
from lake.seen import UPLOAD

# The rest of a line says what is nobody else's business: a removed comment's text, a file's sha256.
TOLD_FIELDS = frozenset({
    "name", "ra_deg", "dec_deg", "epoch", "pm_ra_mas_yr", "pm_dec_mas_yr", "classification", "description",
    "discovery_mjd", "importance", "cadence_d", "visibility", "embargo_until_mjd", "designation", "aliases",
    "points", "reason",
})  # fmt: skip
_BATCHES = """
    SELECT batch_id, task, source, code_version, made_mjd FROM lake.batches
    WHERE task NOT IN ('hide', 'show')
      AND (batch_id IN (SELECT unnest($batch_ids::VARCHAR[]))
           OR (target_id = $target_id AND source <> $upload))
    ORDER BY made_mjd DESC, batch_id LIMIT $most"""
_VERSIONS = "SELECT snapshot_id FROM ducklake_snapshot_changes WHERE commit_extra_info LIKE :batch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Somebody's change of a target or of a file that was sent for it."""

    at_mjd: float
    who: str
    deed: str
    upload_name: str  # empty: the target itself
    before: Mapping[str, object]
    after: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """One act that wrote points of a target."""

    at_mjd: float
    task: str
    source: str
    code_version: str
    version: int | None  # of the lake; None: it has expired
    points: int  # that it gave and that are still there


def deeds_on(operations: Engine, target: Target, user: User | None, *, limit: int = 100) -> list[Deed]:
    """Return who changed a target and those of its uploads that a person sees, the newest first.

    Raises
    ------
    Rejected
        ``no-right``: only who may change the target reads this.
    """
    if not can_change(target, user):
        raise Rejected("Only those who may change this target read who changed it.", code="no-right")
    sent = (
        select(uploads.c.upload_id)
        .outerjoin(targets, targets.c.target_id == uploads.c.target_id)
        .where(uploads.c.target_id == target.target_id, upload_visible_to(user))
    )
    of_target = and_(audit.c.object_kind == "target", audit.c.object_id == target.target_id)
    of_uploads = and_(audit.c.object_kind == "upload", audit.c.object_id.in_(sent))
    query = select(audit).where(audit.c.kind == Kind.CHANGE.value, or_(of_target, of_uploads))
    with reading(operations) as connection:
        rows = connection.execute(query.order_by(audit.c.audit_id.desc()).limit(limit)).mappings().all()
    return [
        Deed(
            at_mjd=row["at_mjd"],
            who=row["who"],
            deed=row["deed"],
            upload_name=row["object_name"] if row["object_kind"] == "upload" else "",
            before=_told(row["before"]),
            after=_told(row["after"]),
        )
        for row in rows
    ]


def touches_of(
    lake: Lake, reader: Readable, points: pl.DataFrame, target_id: int, *, limit: int = 40
) -> list[Touch]:
    """Return what wrote points of a target, the newest first.

    Of uploads only those whose points are given: they come from ``lake.seen``, so that closed ones are not
    told. Of archives also what gave no point that is still there.
    """
    counts = dict(points.group_by("batch_id").len().drop_nulls().iter_rows())
    asked = {"batch_ids": sorted(counts), "target_id": target_id, "upload": UPLOAD, "most": limit}
    rows = list(reader.read(_BATCHES, asked).iter_rows(named=True))
    versions = _versions(lake, [row["batch_id"] for row in rows])
    return [
        Touch(
            at_mjd=row["made_mjd"],
            task=row["task"],
            source=row["source"],
            code_version=row["code_version"],
            version=versions.get(row["batch_id"]),
            points=counts.get(row["batch_id"], 0),
        )
        for row in rows
    ]


def _versions(lake: Lake, batch_ids: Sequence[str]) -> dict[str, int]:
    """Return the first version of the lake that each batch made, where it is still kept."""
    found: dict[str, int] = {}
    for batch_id in batch_ids:
        rows = lake.store.backend.catalog.rows(_VERSIONS, {"batch": f'%"batch_id": "{batch_id}"%'})
        if rows:
            found[batch_id] = min(int(version) for (version,) in rows)
    return found


def _told(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in (values or {}).items() if name in TOLD_FIELDS}
