"""What others brought to a target: the points that a person sees and did not send."""

import polars as pl
from sqlalchemy import Connection, select

from lake.opening import Lake
from lake.operations import reading, uploads
from lake.people.person import User
from lake.seen import UPLOAD, Closed, seen_light_curve


def light_curve_for(lake: Lake, target_id: int, user: User) -> pl.DataFrame:
    """Return the points of a target that a person may see and that others brought."""
    seen = seen_light_curve(lake.operations, lake.store, target_id, user)
    query = select(uploads.c.sha256).where(
        uploads.c.target_id == target_id, uploads.c.uploaded_by == user.username
    )
    with reading(lake.operations) as connection:
        own = connection.execute(query).scalars().all()
    return Closed(files=frozenset((target_id, sha256) for sha256 in own)).open_points(seen)


def upload_of_point(connection: Connection, target_id: int, source: str, source_ref: str) -> int | None:
    """Return the upload that gave a point, None where an archive did."""
    if source != UPLOAD:
        return None
    sha256 = source_ref.partition(":")[0]
    query = select(uploads.c.upload_id).where(
        uploads.c.target_id == target_id, uploads.c.sha256 == sha256, uploads.c.dry_run.is_(False)
    )
    upload_id: int | None = connection.execute(query).scalar_one_or_none()
    return upload_id
