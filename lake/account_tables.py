"""Tables of people beside those of ``lake.operations``: groups and who belongs to them."""

from sqlalchemy import Column, Integer, PrimaryKeyConstraint, Table

from lake.columns import belongs_to, key, number, unique, words
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


def group_column() -> Column[int]:
    """Return the column that names the group of a row; no foreign key: an id is never used again."""
    return Column("group_id", Integer, index=True)
