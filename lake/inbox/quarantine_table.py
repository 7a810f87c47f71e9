"""The table of uploads that could not be read; see ``lake.inbox.quarantine``."""

from sqlalchemy import Column, ForeignKey, Table

from lake.columns import number, words
from lake.metadata import metadata

quarantine = Table(
    "quarantine", metadata,
    Column("upload_id", ForeignKey("uploads.upload_id", ondelete="CASCADE"), primary_key=True),
    words("code"), words("reason"), number("since_mjd", required=True),
)  # fmt: skip
