"""Uploads that nothing could be read of: their bytes are kept aside for staff to see, and given to nobody.

They stay under their sha256 among the raw files, so that a later tomlake may read them after all.
"""

from dataclasses import dataclass

from sqlalchemy import Engine, delete, func, insert, select

from engine.errors import Rejected
from engine.times import mjd_now
from lake.inbox.quarantine_table import quarantine
from lake.inbox.uploads import Upload, UploadStatus
from lake.operations import reading, uploads, writing
from lake.people.accounts import User

_READ = frozenset({UploadStatus.MEASURED, UploadStatus.LIMIT, UploadStatus.REJECTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A file that was kept aside, and why."""

    upload_id: int
    filename: str
    size_bytes: int
    sha256: str
    uploaded_by: str
    code: str
    reason: str
    since_mjd: float


def put_aside(operations: Engine, upload_id: int, refusal: Rejected) -> None:
    """Note that the file of an upload could not be read; the later note counts."""
    row = {"code": refusal.code, "reason": refusal.reason, "since_mjd": mjd_now()}
    with writing(operations) as connection:
        connection.execute(delete(quarantine).where(quarantine.c.upload_id == upload_id))
        connection.execute(insert(quarantine).values(row | {"upload_id": upload_id}))


def take_back(operations: Engine, upload_id: int) -> None:
    """Note that the file of an upload was read; nearly always nothing is to be done."""
    this = quarantine.c.upload_id == upload_id
    with reading(operations) as connection:
        is_aside = connection.execute(select(quarantine.c.upload_id).where(this)).first() is not None
    if is_aside:
        with writing(operations) as connection:
            connection.execute(delete(quarantine).where(this))


def may_be_given(operations: Engine, sent: Upload) -> bool:
    """Return whether the bytes of an upload were read and may be given as they came."""
    if sent.status not in _READ:
        return False
    with reading(operations) as connection:
        query = select(quarantine.c.upload_id).where(quarantine.c.upload_id == sent.upload_id)
        return connection.execute(query).first() is None


def quarantined(operations: Engine, user: User, *, limit: int = 100) -> list[Quarantined]:
    """Return what was kept aside, the newest first, for staff.

    Raises
    ------
    Rejected
        ``no-right``: the person is not staff.
    """
    if not user.is_staff:
        raise Rejected("Only staff may see what was kept aside.", code="no-right")
    told = [uploads.c[name] for name in ("filename", "size_bytes", "sha256", "uploaded_by")]
    query = select(quarantine, *told).join_from(quarantine, uploads).order_by(quarantine.c.since_mjd.desc())
    with reading(operations) as connection:
        return [Quarantined(**row) for row in connection.execute(query.limit(limit)).mappings()]


def quarantined_count(operations: Engine) -> int:
    """Return how many files are kept aside."""
    with reading(operations) as connection:
        return int(connection.execute(select(func.count()).select_from(quarantine)).scalar_one())
