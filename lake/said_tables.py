"""Operational tables of what people say of targets, and keep at hand; see ``lake.operations``."""

from sqlalchemy import JSON, Column, ForeignKey, PrimaryKeyConstraint, Table, UniqueConstraint

from lake.columns import belongs_to, key, number, unique, words
from lake.metadata import metadata

comments = Table(
    "comments", metadata,
    key("comment_id"), belongs_to("targets", "target_id"),
    words("username"), words("text"), number("made_mjd", required=True),
    sqlite_autoincrement=True,
)  # fmt: skip

target_groups = Table(
    "target_groups", metadata,
    key("group_id"), words("name"), unique("name_key"),
    words("created_by"), number("created_mjd", required=True),
    sqlite_autoincrement=True,
)  # fmt: skip

target_group_members = Table(
    "target_group_members", metadata,
    Column("group_id", ForeignKey("target_groups.group_id", ondelete="CASCADE"), nullable=False),
    belongs_to("targets", "target_id"),
    PrimaryKeyConstraint("group_id", "target_id"),
)  # fmt: skip

favourites = Table(
    "favourites", metadata,
    key("favourite_id"), belongs_to("users", "user_id"), belongs_to("cameras", "camera_id"),
    words("comment"), number("created_mjd", required=True),
    UniqueConstraint("user_id", "camera_id"),
    sqlite_autoincrement=True,
)  # fmt: skip

# What BHTOM knows of telescopes and cameras and no reduction asks for: told again as it was told.
observatory_facts = Table(
    "observatory_facts", metadata,
    Column("observatory_id", ForeignKey("observatories.observatory_id", ondelete="CASCADE"),
           primary_key=True, autoincrement=False),
    Column("facts", JSON, nullable=False, default=dict),
)  # fmt: skip

camera_facts = Table(
    "camera_facts", metadata,
    Column("camera_id", ForeignKey("cameras.camera_id", ondelete="CASCADE"),
           primary_key=True, autoincrement=False),
    Column("facts", JSON, nullable=False, default=dict),
)  # fmt: skip
