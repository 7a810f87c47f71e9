"""Taking one upload away: its points, frames and stars leave today's lake, and nobody lists it any more.

Earlier versions of the lake keep what it gave, so its row stays as well: it says who may see that.
"""

import polars as pl
from sqlalchemy import update

from engine.errors import Rejected
from lake.changes import Change
from lake.frame_rows import UPLOAD
from lake.inbox.data_products import refuse_other_than_sender
from lake.inbox.uploads import DELETED, Upload, upload
from lake.job_rows import JobState
from lake.opening import Lake
from lake.operations import uploads, writing
from lake.people.accounts import User
from lake.people.audit import About, note_change
from lake.provenance import new_batch
from lake.queue import cancel
from lake.tables import CALIBRATIONS, FRAME_STARS, FRAMES, PHOTOMETRY, SHELVES
from lake.target_list import update_summary


def remove_upload(lake: Lake, upload_id: int, *, user: User) -> None:
    """Take an upload away with all that it gave.

    Raises
    ------
    Rejected
        ``unknown-upload``; ``no-right``: only who sent it and staff may; ``upload-in-work``.
    """
    sent = upload(lake.operations, upload_id, user)
    refuse_other_than_sender(sent, user)
    if sent.job_id is not None and cancel(lake.operations, sent.job_id) == JobState.RUNNING:
        raise Rejected(
            f"Upload {upload_id} is being reduced, which stops now: delete it again in a minute.",
            code="upload-in-work",
        )
    _remove_rows(lake, sent, user)
    with writing(lake.operations) as connection:
        values = {"result": DELETED, "code": DELETED, "reason": "It was deleted.", "frame_ids": []}
        connection.execute(update(uploads).where(uploads.c.upload_id == upload_id).values(values))
        about = About(kind="upload", number=upload_id, name=sent.filename)
        before = {"target": sent.target_name, "sha256": sent.sha256, "status": sent.status.value}
        note_change(connection, "deleted", about, who=user.username, before=before, after={})


def _remove_rows(lake: Lake, sent: Upload, user: User) -> None:
    of_upload = pl.DataFrame({"upload_id": [sent.upload_id]})
    tables = (FRAMES, CALIBRATIONS, FRAME_STARS)
    changes = [Change(table=table, rows=table.empty(), keys=of_upload) for table in tables]
    changes += [Change(table=shelf, rows=shelf.empty(), keys=of_upload) for shelf in SHELVES.values()]
    if sent.target_id is not None and not sent.dry_run:
        of_file = pl.col("source_ref").str.starts_with(f"{sent.sha256}:") & (pl.col("source") == UPLOAD)
        points = lake.store.light_curve(sent.target_id).filter(of_file)
        keys = points.select("target_id", "point_id")
        changes.append(Change(table=PHOTOMETRY, rows=PHOTOMETRY.empty(), keys=keys))
    batch = new_batch("delete", UPLOAD, target_id=sent.target_id, raw_sha256=sent.sha256, by=user.username)
    lake.store.commit(changes, batch=batch)
    if sent.target_id is not None:
        update_summary(lake.operations, sent.target_id, lake.store.light_curve(sent.target_id))
