"""Operational tables of the lists of targets that people save for themselves."""

from sqlalchemy import JSON, Column, ForeignKey, PrimaryKeyConstraint, Table, UniqueConstraint

from lake.columns import belongs_to, key, number, words, yes_no
from lake.metadata import metadata

saved_lists = Table(
    "saved_lists", metadata,
    key("list_id"), belongs_to("users", "user_id"), words("name"), words("name_key"),
    yes_no("is_set"),  # of chosen targets; else filters, which find other targets tomorrow
    Column("filters", JSON, nullable=False, default=dict), number("created_mjd", required=True),
    UniqueConstraint("user_id", "name_key"),
    sqlite_autoincrement=True,
)  # fmt: skip

saved_list_targets = Table(
    "saved_list_targets", metadata,
    Column("list_id", ForeignKey("saved_lists.list_id", ondelete="CASCADE"), nullable=False),
    belongs_to("targets", "target_id"),
    PrimaryKeyConstraint("list_id", "target_id"),
)  # fmt: skip
