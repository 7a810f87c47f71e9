"""How much one person may upload in a day: so many files, and so many megabytes."""

from sqlalchemy import Connection, Engine, func, select

from engine.errors import Rejected
from engine.times import mjd_now
from lake.operations import reading, uploads
from lake.settings import Settings

MB = 1_000_000


def check_allowance(
    operations: Engine, settings: Settings, username: str, *, files: int = 1, size_bytes: int = 0
) -> None:
    """Refuse files beyond what a person may send within 24 hours.

    Parameters
    ----------
    size_bytes
        Of all these files, as far as it is known.

    Raises
    ------
    Rejected
        ``too-many-uploads``
    """
    with reading(operations) as connection:
        check_allowance_within(connection, settings, username, files=files, size_bytes=size_bytes)


def check_allowance_within(
    connection: Connection, settings: Settings, username: str, *, files: int = 1, size_bytes: int = 0
) -> None:
    """Do what ``check_allowance`` does in a transaction that is under way."""
    query = select(func.count(), func.coalesce(func.sum(uploads.c.size_bytes), 0)).where(
        uploads.c.uploaded_by == username, uploads.c.received_mjd > mjd_now() - 1.0
    )
    sent, sent_bytes = connection.execute(query).one()
    if settings.uploads_per_day and sent + files > settings.uploads_per_day:
        raise Rejected(
            f"One person may send {settings.uploads_per_day} files in a day: go on tomorrow, or ask staff "
            "to raise TOMLAKE_UPLOADS_PER_DAY.",
            code="too-many-uploads",
        )
    if settings.upload_mb_per_day and int(sent_bytes) + size_bytes > settings.upload_mb_per_day * MB:
        raise Rejected(
            f"One person may send {settings.upload_mb_per_day} MB in a day: go on tomorrow, or ask staff "
            "to raise TOMLAKE_UPLOAD_MB_PER_DAY.",
            code="too-many-uploads",
        )
