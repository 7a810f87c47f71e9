"""Reparse: rows are made anew from the kept raw answers, without network; only what differs is written."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields

import polars as pl
import pyarrow as pa

from engine.brokers.protocol import Query
from engine.brokers.reading.increments import parsed
from engine.brokers.registry import broker
from engine.errors import Rejected
from lake.frame_rows import UPLOAD
from lake.inbox.accepting import Upload
from lake.opening import Lake
from lake.provenance import Batch, new_batch
from lake.rights import SYSTEM
from lake.target_list import update_summary
from lake.targets import get_target
from lake.trace.sources import REPARSE, kept_uploads, newest_answers, reduce_again

_ROW = pl.exclude("batch_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reparsed:
    """What reading one answer, or one upload, again gave; with a reason nothing was read."""

    target: str
    source: str
    unchanged: int = 0
    changed: int = 0
    added: int = 0
    removed: int = 0
    reason: str = ""  # why it could not be read
    is_queued: bool = False  # an upload: a worker reduces it again


def reparse_all(
    lake: Lake,
    *,
    source: str = "",
    target_id: int | None = None,
    dry_run: bool = False,
    told: Callable[[str, float], None],
) -> list[Reparsed]:
    """Return what reading the newest answer of every archive about every target again gave.

    Parameters
    ----------
    source
        Key of one archive, or ``upload``; by default all of them.

    Raises
    ------
    Rejected
        ``unknown-archive``
    """
    if source not in {"", UPLOAD}:
        broker(source)
    done = []
    batches = [] if source == UPLOAD else newest_answers(lake.store, source=source, target_id=target_id)
    for number, batch in enumerate(batches):
        told(f"Reading {batch.source} of target {batch.target_id}", number / len(batches))
        name = _name(lake, batch.target_id or 0)
        if name is not None:  # else the target was deleted, and its rows stay away
            done.append(_answer_again(lake, batch, name, dry_run=dry_run))
    sent = kept_uploads(lake.operations, target_id=target_id) if source in {"", UPLOAD} else []
    return done + [_upload_again(lake, each, dry_run=dry_run) for each in sent]


def _answer_again(lake: Lake, batch: Batch, name: str, *, dry_run: bool) -> Reparsed:
    target_id = batch.target_id or 0
    try:
        body = _body(lake, batch)
        points = parsed(broker(batch.source), body, query_of_batch(batch))
    except Rejected as refusal:
        return Reparsed(target=name, source=batch.source, reason=refusal.reason)
    present = lake.store.light_curve(target_id).filter(pl.col("source") == batch.source)
    told = compared(present, points.unique("point_id", keep="last"), target=name, source=batch.source)
    if not dry_run and (told.changed or told.added or told.removed):
        anew = new_batch(
            REPARSE,
            batch.source,
            target_id=target_id,
            parameters=json.loads(batch.parameters),
            raw_sha256=batch.raw_sha256,
            by=f"batch {batch.batch_id}",
        )
        lake.store.replace_points(target_id, batch.source, points, batch=anew)
        update_summary(lake.operations, target_id, lake.store.light_curve(target_id))
    return told


def query_of_batch(batch: Batch) -> Query:
    """Return the question that a batch's answer belongs to.

    Raises
    ------
    Rejected
        ``no-query``: an old batch that does not tell what was asked.
    """
    told = json.loads(batch.parameters) | {"target_id": batch.target_id}
    missing = [each.name for each in fields(Query) if each.name not in told and each.default is MISSING]
    if missing:
        raise Rejected(
            f"Its batch does not tell {', '.join(missing)}: harvest the target again.", code="no-query"
        )
    asked = {each.name: told[each.name] for each in fields(Query) if each.name in told}
    return Query(**asked | {"names": tuple(asked.get("names", ()))})


def compared(present: pl.DataFrame, anew: pl.DataFrame, *, target: str, source: str) -> Reparsed:
    """Return how many rows two readings share; a row is known by its point_id."""
    old, new = (
        dict(zip(rows["point_id"], rows.select(_ROW).iter_rows(), strict=True)) for rows in (present, anew)
    )
    both = old.keys() & new.keys()
    unchanged = sum(old[point_id] == new[point_id] for point_id in both)
    return Reparsed(
        target=target,
        source=source,
        unchanged=unchanged,
        changed=len(both) - unchanged,
        added=len(new.keys() - old.keys()),
        removed=len(old.keys() - new.keys()),
    )


def _body(lake: Lake, batch: Batch) -> bytes:
    if not batch.raw_sha256:
        return b""  # the archive had nothing
    try:
        with lake.raw.open(batch.raw_sha256) as stream:
            body = stream.read()
    except (OSError, pa.ArrowException):
        body = b""
    if hashlib.sha256(body).hexdigest() != batch.raw_sha256:
        raise Rejected(
            f"The raw file {batch.raw_sha256} is damaged: put it back from a backup.", code="raw-damaged"
        )
    return body


def _upload_again(lake: Lake, sent: Upload, *, dry_run: bool) -> Reparsed:
    if not lake.raw.has(sent.sha256):
        reason = f"The raw file {sent.sha256} of {sent.filename} is not kept here."
        return Reparsed(target=sent.target_name, source=UPLOAD, reason=reason)
    if not dry_run:
        reduce_again(lake.operations, sent.upload_id)
    return Reparsed(target=sent.target_name, source=UPLOAD, is_queued=True)


def _name(lake: Lake, target_id: int) -> str | None:
    try:
        return get_target(lake.operations, target_id, SYSTEM).name
    except Rejected:
        return None
