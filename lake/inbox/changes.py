"""What people change of an upload that is there: its observers, its reduction, or a point that is wrong."""

from dataclasses import replace

import polars as pl
from sqlalchemy import Connection, update

from engine.errors import Rejected
from lake.changes import Change
from lake.frame_rows import UPLOAD
from lake.frames import frames_of_upload
from lake.inbox.accepting import COMMENT_MAX_CHARS, UPLOAD_PRIORITY
from lake.inbox.data_products import refuse_other_than_sender
from lake.inbox.uploads import Upload, upload, upload_seen_within
from lake.notices.telling import tell_when_done
from lake.opening import Lake
from lake.operations import uploads, writing
from lake.people.accounts import User, full_names, user_within
from lake.people.audit import About, note_change
from lake.provenance import new_batch
from lake.queue import enqueue_within
from lake.rights import SYSTEM, Shared, shared_upload
from lake.sharing import check_shared
from lake.tables import FRAMES, PHOTOMETRY
from lake.target_checks import changed_meanwhile
from lake.target_list import update_summary


def change_observers(lake: Lake, upload_id: int, usernames: list[str], *, user: User) -> Upload:
    """Return the upload after it, its frames and its points were credited to other people.

    Raises
    ------
    Rejected
        ``unknown-upload``; ``no-right``: only who sent it and staff may; ``unknown-user``: names them all.
    """
    sent = upload(lake.operations, upload_id, user)
    refuse_other_than_sender(sent, user)
    with writing(lake.operations) as connection:
        found = [(name, user_within(connection, name)) for name in usernames]
        strangers = [name for name, person in found if person is None]
        if strangers or not found:
            raise Rejected(
                f"The following usernames do not exist: {', '.join(strangers)}", code="unknown-user"
            )
        names = list(dict.fromkeys(person.username for _, person in found if person is not None))
        this = update(uploads).where(uploads.c.upload_id == upload_id)
        connection.execute(this.values(observers=names))
    _credit(lake, sent, ", ".join(full_names(lake.operations, names)), user)
    return upload(lake.operations, upload_id, user)


def share_upload(
    lake: Lake, upload_id: int, wanted: Shared, *, user: User, seen: Shared | None = None
) -> Upload:
    """Return the upload after it was shared with others; its points come and go from lists at once.

    Parameters
    ----------
    seen
        How it was shared when the person looked; refused where that has changed.

    Raises
    ------
    Rejected
        ``unknown-upload``; ``no-right``: only who sent it and staff may; ``no-group``, ``unknown-group``;
        ``changed-meanwhile``.
    """
    with writing(lake.operations) as connection:
        sent = upload_seen_within(connection, upload_id, user)
        refuse_other_than_sender(sent, user)
        if seen not in (None, shared_upload(sent)):
            raise changed_meanwhile(sent.filename)
        # who left a group may leave a file there
        check_shared(wanted, SYSTEM if wanted.group_id == sent.group_id else _now(connection, user))
        before, after = _sharing(sent), _sharing(wanted)
        connection.execute(update(uploads).where(uploads.c.upload_id == upload_id).values(after))
        about = About(kind="upload", number=upload_id, name=sent.filename)
        note_change(connection, "shared", about, who=user.username, before=before, after=after)
    if sent.target_id is not None:  # lists tell what is open to all
        update_summary(lake.operations, sent.target_id, lake.store.light_curve(sent.target_id))
    return upload(lake.operations, upload_id, user)


def _now(connection: Connection, user: User) -> User | None:
    """Return a person with the groups of this moment, and as much of staff as they act with."""
    if user.is_staff:
        return user
    now = user_within(connection, user.username)
    return None if now is None else replace(now, is_staff=False)


def _sharing(thing: Upload | Shared) -> dict[str, object]:
    return {
        "visibility": thing.visibility.value,
        "group_id": thing.group_id,
        "embargo_until_mjd": thing.embargo_until_mjd,
    }


def restart(
    lake: Lake,
    sent: Upload,
    *,
    requested_filter: str = "",
    match_dist_arcsec: float | None = None,
    comment: str = "",
    user: User,
) -> int:
    """Return the job that reduces an upload anew, with other wishes where they are given.

    Raises
    ------
    Rejected
        ``no-right``: only staff may.
    """
    if not user.is_staff:
        raise Rejected("Only staff may start reductions anew.", code="no-right")
    values = {
        name: value
        for name, value in (
            ("requested_filter", requested_filter[:50]),
            ("match_dist_arcsec", match_dist_arcsec),
            ("comment", comment[:COMMENT_MAX_CHARS]),
        )
        if value
    }
    key = f"reduce:{sent.upload_id}"
    with writing(lake.operations) as connection:
        job_id = enqueue_within(
            connection,
            "reduce",
            {"upload_id": str(sent.upload_id)},
            dedupe=key,
            lock=key,
            priority=UPLOAD_PRIORITY + 1,  # those who wait for a first result come before
        )
        this = update(uploads).where(uploads.c.upload_id == sent.upload_id)
        connection.execute(this.values({**values, "job_id": job_id}))
        tell_when_done(connection, sent.upload_id)
    return job_id


def withdraw_points(lake: Lake, target_id: int, point_ids: list[int], *, user: User) -> None:
    """Take points out of a light curve; earlier versions of the lake keep them.

    Raises
    ------
    Rejected
        ``no-right``: only staff may.
    """
    if not user.is_staff:
        raise Rejected("Only staff may take points out of a light curve.", code="no-right")
    keys = pl.DataFrame({"target_id": [target_id] * len(point_ids), "point_id": point_ids})
    batch = new_batch("withdraw", UPLOAD, target_id=target_id, by=user.username)
    lake.store.commit([Change(table=PHOTOMETRY, rows=PHOTOMETRY.empty(), keys=keys)], batch=batch)
    update_summary(lake.operations, target_id, lake.store.light_curve(target_id))


def _credit(lake: Lake, sent: Upload, observer: str, user: User) -> None:
    """Write another observer into what an upload gave; the rows keep the papers of their reduction."""
    frames = frames_of_upload(lake.store, sent.upload_id).with_columns(observer=pl.lit(observer))
    changes = [Change(table=FRAMES, rows=frames, keys=frames.select("upload_id").unique(), keeps_papers=True)]
    of_file = pl.col("source_ref").str.starts_with(f"{sent.sha256}:") & (pl.col("source") == UPLOAD)
    points = PHOTOMETRY.empty()
    if sent.target_id is not None and not sent.dry_run:
        points = lake.store.light_curve(sent.target_id).filter(of_file)
    if len(points):
        rows = points.with_columns(observer=pl.lit(observer))
        keys = points.select("target_id", "point_id")
        changes.append(Change(table=PHOTOMETRY, rows=rows, keys=keys, keeps_papers=True))
    if frames.is_empty() and points.is_empty():
        return
    batch = new_batch("credit", UPLOAD, target_id=sent.target_id, raw_sha256=sent.sha256, by=user.username)
    lake.store.commit(changes, batch=batch)
