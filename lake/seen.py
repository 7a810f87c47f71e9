"""What a person sees of a light curve and of frames: not what uploads gave that are closed to them.

Every exit reads light curves here; the store itself knows no rights.
"""

from dataclasses import dataclass, field, replace

import polars as pl
from sqlalchemy import Connection, Engine, not_, select

from engine.lightcurve import Flag, has_flag
from lake.operations import reading, targets, uploads
from lake.people.accounts import User
from lake.rights import upload_open_to, upload_visible_to, visible_to
from lake.store import Store

UPLOAD = "upload"  # the source of points that people's frames gave
FILE_OF_POINT = pl.col("source_ref").str.slice(0, 64)  # it begins with the sha256 of the file


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Uploads that a person may not see into; of value, so that caches can hold it."""

    is_whole: bool = False  # the target itself is closed: nothing of it is seen
    upload_ids: frozenset[int] = frozenset()
    files: frozenset[tuple[int, str]] = frozenset()  # (target_id, sha256) of those that made points

    def open_points(self, points: pl.DataFrame) -> pl.DataFrame:
        """Return the points that do not come from closed uploads and that nobody hid."""
        return self.open_and_hidden(without_hidden(points))

    def open_and_hidden(self, points: pl.DataFrame) -> pl.DataFrame:
        """Return the points that do not come from closed uploads, hidden ones among them."""
        if self.is_whole:
            return points.clear()
        if not self.files or points.is_empty():
            return points
        closed = pl.DataFrame(
            sorted(self.files),
            schema={"target_id": points.schema["target_id"], "sha256": pl.String()},
            orient="row",
        ).with_columns(source=pl.lit(UPLOAD))
        marked = points.with_columns(sha256=FILE_OF_POINT)
        return marked.join(
            closed, on=["target_id", "source", "sha256"], how="anti", maintain_order="left"
        ).drop("sha256")

    def open_frames(self, frames: pl.DataFrame) -> pl.DataFrame:
        """Return the frames that do not come from closed uploads."""
        if self.is_whole:
            return frames.clear()
        if not self.upload_ids:
            return frames
        return frames.filter(~pl.col("upload_id").is_in(sorted(self.upload_ids)).fill_null(False))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """What a person may not see of a whole lake; of value, so that caches can hold it."""

    target_ids: frozenset[int] = frozenset()
    closed: Closed = field(default_factory=Closed)


def without_hidden(points: pl.DataFrame) -> pl.DataFrame:
    """Return the points without those that somebody hid, which stay in the lake."""
    is_hidden = points.select(has_flag(Flag.HIDDEN)).to_series()
    return points.filter(~is_hidden) if is_hidden.any() else points


def unseen_by(operations: Engine, user: User | None) -> Unseen:
    """Return the targets and uploads that a person, or None for anybody, may not see."""
    with reading(operations) as connection:
        hidden = connection.execute(select(targets.c.target_id).where(not_(visible_to(user)))).scalars()
        return Unseen(target_ids=frozenset(hidden), closed=closed_within(connection, user))


def closed_to(operations: Engine, user: User | None, *, target_id: int | None = None) -> Closed:
    """Return the uploads that a person, or None for anybody, may not see into; of one target or of all.

    A target that the person may not see is closed as a whole, so that who forgets to ask shows nothing.
    """
    with reading(operations) as connection:
        closed = closed_within(connection, user, target_id=target_id)
        if target_id is None:
            return closed
        seen = select(targets.c.target_id).where(targets.c.target_id == target_id, visible_to(user))
        return closed if connection.execute(seen).first() else replace(closed, is_whole=True)


def closed_within(connection: Connection, user: User | None, *, target_id: int | None = None) -> Closed:
    """Return the uploads of ``closed_to``, read in a transaction; whether the target is seen is not asked."""
    columns = (uploads.c.upload_id, uploads.c.target_id, uploads.c.sha256, uploads.c.dry_run)
    query = select(*columns).where(not_(upload_open_to(user)))
    if target_id is not None:
        query = query.where(uploads.c.target_id == target_id)
    rows = connection.execute(query).all()
    made_points = {(row.target_id, row.sha256) for row in rows if row.target_id and not row.dry_run}
    return Closed(upload_ids=frozenset(row.upload_id for row in rows), files=frozenset(made_points))


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenUploads:
    """The uploads that a person may see, and when each arrived; of value, so that caches can hold it."""

    received: frozenset[tuple[int, float]] = frozenset()

    def table(self) -> pl.DataFrame:
        """Return ``upload_id`` and ``received_mjd``."""
        schema = {"upload_id": pl.Int64(), "received_mjd": pl.Float64()}
        return pl.DataFrame(sorted(self.received), schema=schema, orient="row")


def seen_uploads(operations: Engine, user: User | None) -> SeenUploads:
    """Return the uploads that a person, or None for anybody, may see: the target's rights count as well."""
    query = (
        select(uploads.c.upload_id, uploads.c.received_mjd)
        .outerjoin(targets, targets.c.target_id == uploads.c.target_id)
        .where(upload_visible_to(user))
    )
    with reading(operations) as connection:
        rows = connection.execute(query).all()
    return SeenUploads(received=frozenset((row.upload_id, row.received_mjd) for row in rows))


def seen_light_curve(
    operations: Engine, store: Store, target_id: int, user: User | None, *, as_of: int | None = None
) -> pl.DataFrame:
    """Return the light curve of a target that a person may see, without what is closed to them."""
    closed = closed_to(operations, user, target_id=target_id)
    return closed.open_points(store.light_curve(target_id, as_of=as_of))
