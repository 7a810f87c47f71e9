"""What rows can be made from anew: the newest answer of each archive about each target, and uploads."""

import polars as pl
from sqlalchemy import Engine, update

from engine.errors import Rejected
from lake.inbox.accepting import Upload
from lake.inbox.uploads import uploads as list_uploads
from lake.operations import uploads, writing
from lake.provenance import Batch
from lake.queue import enqueue_within
from lake.readable import Readable
from lake.rights import SYSTEM
from lake.tables import BATCHES

AGAIN_PRIORITY = 7  # after everything that somebody waits for
REPARSE = "reparse"  # the task of a batch whose rows were read again from an earlier batch's bytes
_PAGE = 500
_NEWEST = """
    SELECT * FROM lake.batches
    WHERE task IN ('harvest', 'reparse') AND target_id IS NOT NULL
          AND ($source = '' OR source = $source) AND ($target_id < 0 OR target_id = $target_id)
    QUALIFY row_number() OVER (PARTITION BY target_id, source ORDER BY made_mjd DESC, batch_id) = 1
    ORDER BY target_id, source"""


def newest_answers(reader: Readable, *, source: str = "", target_id: int | None = None) -> list[Batch]:
    """Return the newest batch that holds an archive's answer, of each target and archive."""
    parameters = {"source": source, "target_id": -1 if target_id is None else target_id}
    rows: pl.DataFrame = BATCHES.rows(reader.read(_NEWEST, parameters))
    return [Batch(**row) for row in rows.iter_rows(named=True)]


def kept_uploads(operations: Engine, *, target_id: int | None = None) -> list[Upload]:
    """Return the uploads whose target is still there, the oldest first."""
    found: list[Upload] = []
    while page := list_uploads(operations, SYSTEM, target_id=target_id, limit=_PAGE, offset=len(found)):
        found += page
    return [sent for sent in reversed(found) if sent.target_id is not None]


def reduce_again(operations: Engine, upload_id: int) -> int:
    """Return the job that reduces an upload again; what it gave before stays until then.

    Raises
    ------
    Rejected
        ``unknown-upload``
    """
    key = f"reduce:{upload_id}"
    this = uploads.c.upload_id == upload_id
    with writing(operations) as connection:
        job_id = enqueue_within(
            connection, "reduce", {"upload_id": str(upload_id)}, dedupe=key, lock=key, priority=AGAIN_PRIORITY
        )
        if connection.execute(update(uploads).where(this).values(job_id=job_id)).rowcount == 0:
            raise Rejected(f"Upload {upload_id} does not exist.", code="unknown-upload")
    return job_id
