"""Taking simulated data away: every target, point, frame, file and account that only the demo needed."""

from collections.abc import Sequence

import polars as pl
from sqlalchemy import delete, select

from engine.photometry.sky_stars import CATALOGUE as SIMULATED_CATALOGUE
from lake.changes import Change
from lake.opening import Lake
from lake.operations import jobs, observatories, reading, targets, uploads, users, writing
from lake.provenance import new_batch
from lake.store import Store
from lake.tables import FILES_OF_FRAMES, REFERENCE_STARS


def remove_simulated(lake: Lake, *, usernames: Sequence[str] = ()) -> int:
    """Return how many simulated targets were removed, with all that hangs on them and these accounts."""
    simulated_uploads = select(uploads.c.upload_id, uploads.c.job_id, uploads.c.sha256).where(
        uploads.c.simulated.is_(True)
    )
    with writing(lake.operations) as connection:
        target_ids = list(
            connection.execute(select(targets.c.target_id).where(targets.c.simulated.is_(True))).scalars()
        )
        sent = connection.execute(simulated_uploads).all()
        connection.execute(delete(uploads).where(uploads.c.upload_id.in_([row.upload_id for row in sent])))
        connection.execute(delete(jobs).where(jobs.c.job_id.in_([row.job_id for row in sent])))
        connection.execute(delete(targets).where(targets.c.simulated.is_(True)))
        connection.execute(delete(observatories).where(observatories.c.simulated.is_(True)))
        connection.execute(delete(users).where(users.c.username.in_(usernames)))
    files = {row.sha256 for row in sent} | _cutouts(lake.store, target_ids)
    _remove_rows(lake.store, target_ids)
    for sha256 in files - _files_in_use(lake):
        lake.raw.remove(sha256)
    return len(target_ids)


def _remove_rows(store: Store, target_ids: Sequence[int]) -> None:
    batch = new_batch("demo", "removal", by="demo")
    store.delete_target_points(target_ids, batch=batch)
    simulated = pl.DataFrame({"catalogue": [SIMULATED_CATALOGUE]})
    store.commit([Change(table=REFERENCE_STARS, rows=REFERENCE_STARS.empty(), keys=simulated)], batch=batch)


def _cutouts(store: Store, target_ids: Sequence[int]) -> set[str]:
    rows = store.read(
        f"SELECT cutout_sha256 FROM {FILES_OF_FRAMES} AS f WHERE list_contains($target_ids, target_id)",  # noqa: S608 - our own words
        {"target_ids": list(target_ids)},
    )
    return {sha256 for sha256 in rows["cutout_sha256"] if sha256}


def _files_in_use(lake: Lake) -> set[str]:
    with reading(lake.operations) as connection:
        sent = set(connection.execute(select(uploads.c.sha256)).scalars())
    kept = lake.store.read(
        f"SELECT cutout_sha256 AS sha256 FROM {FILES_OF_FRAMES} AS f"  # noqa: S608 - our own words
        f" UNION SELECT raw_sha256 FROM {FILES_OF_FRAMES} AS f"
        " UNION SELECT raw_sha256 FROM lake.batches b WHERE source <> 'upload'"
    )
    return sent | {sha256 for sha256 in kept["sha256"] if sha256}
