"""One notice for a batch of files: who sent them is told when all are done, not of each."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection, Engine, RowMapping, delete, select

from engine.times import mjd_now
from lake.inbox.uploads import DELETED, UploadStatus
from lake.job_rows import ENDED, JobState
from lake.notices.kinds import Kind
from lake.notices.tables import awaited_uploads
from lake.notices.telling import tell
from lake.operations import jobs, reading, uploads, users, writing

LONGEST_WAIT_D = 1 / 24  # a batch that goes on and on is told of in parts
COUNTED = (UploadStatus.MEASURED, UploadStatus.LIMIT, UploadStatus.REJECTED, UploadStatus.FAILED)
_ENDED = frozenset(state.value for state in ENDED)

_AWAITED = (
    select(
        uploads.c.upload_id, uploads.c.uploaded_by, uploads.c.result, users.c.user_id,
        jobs.c.state, jobs.c.finished_mjd,
    )
    .select_from(awaited_uploads)
    .join(uploads, uploads.c.upload_id == awaited_uploads.c.upload_id)
    .outerjoin(users, users.c.username == uploads.c.uploaded_by)
    .outerjoin(jobs, jobs.c.job_id == uploads.c.job_id)
)  # fmt: skip


def has_batch_to_tell(operations: Engine) -> bool:
    """Return whether somebody's files are done and nobody has told them."""
    with reading(operations) as connection:
        return bool(_batches(connection))


def tell_of_batches(operations: Engine) -> int:
    """Return how many people were told how their files ended; killed in between, nobody is told twice."""
    with writing(operations) as connection:
        batches = _batches(connection)
        for batch in batches:
            upload_ids = [row["upload_id"] for row in batch]
            taken = delete(awaited_uploads).where(awaited_uploads.c.upload_id.in_(upload_ids))
            left = set(connection.execute(taken.returning(awaited_uploads.c.upload_id)).scalars())
            _tell(connection, [row for row in batch if row["upload_id"] in left])
    return len(batches)


def _batches(connection: Connection) -> list[list[RowMapping]]:
    """Return the files that have ended of everybody who waits for no other, or has waited long enough."""
    senders: dict[str, list[RowMapping]] = {}
    for row in connection.execute(_AWAITED).mappings():
        senders.setdefault(row["uploaded_by"], []).append(row)
    found = []
    for rows in senders.values():
        done = [row for row in rows if row["state"] is None or row["state"] in _ENDED]
        first_mjd = min((row["finished_mjd"] or 0.0 for row in done), default=mjd_now())
        if done and (len(done) == len(rows) or first_mjd < mjd_now() - LONGEST_WAIT_D):
            found.append(done)
    return found


def _tell(connection: Connection, batch: Sequence[RowMapping]) -> None:
    numbers = Counter(_status(row) for row in batch if row["result"] != DELETED)
    facts: dict[str, object] = {status.value: numbers[status] for status in COUNTED}
    readers = {row["user_id"] for row in batch if row["user_id"] is not None}
    if numbers:
        tell(connection, Kind.FRAMES, readers, facts=facts)


def _status(row: RowMapping) -> UploadStatus:
    """Return how a file ended, as ``lake.inbox.uploads.shown_to`` tells it of jobs that have ended."""
    if row["result"]:
        return UploadStatus(row["result"])
    return UploadStatus.REJECTED if row["state"] == JobState.REJECTED.value else UploadStatus.FAILED
