"""Tables of people beside those of ``lake.operations``: groups, who belongs to them, and who did what."""

from sqlalchemy import JSON, Column, Index, Integer, PrimaryKeyConstraint, String, Table

from lake.columns import belongs_to, key, large, number, unique, words
from lake.metadata import metadata

groups = Table(
    "groups", metadata,
    key("group_id"), words("name"), unique("name_key"), words("description"),
    words("created_by"), number("created_mjd", required=True),
    sqlite_autoincrement=True,
)  # fmt: skip

group_members = Table(
    "group_members", metadata,
    belongs_to("groups", "group_id"), belongs_to("users", "user_id"), words("role"),
    number("since_mjd", required=True),
    PrimaryKeyConstraint("group_id", "user_id"),
)  # fmt: skip


# Only ever added to: no code changes or removes a line, and a test holds that.
audit = Table(
    "audit", metadata,
    key("audit_id"), number("at_mjd", required=True), words("kind"), words("deed"),
    Column("who", String, nullable=False, index=True), words("address"),
    words("object_kind"), large("object_id"), words("object_name"),
    Column("before", JSON, nullable=False, default=dict), Column("after", JSON, nullable=False, default=dict),
    Index("ix_audit_kind_audit_id", "kind", "audit_id"),
    Index("ix_audit_object_kind_object_id", "object_kind", "object_id"),
    sqlite_autoincrement=True,
)  # fmt: skip


def group_column() -> Column[int]:
    """Return the column that names the group of a row; no foreign key: an id is never used again."""
    return Column("group_id", Integer, index=True)
