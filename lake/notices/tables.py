"""Tables of notices, of what people wish to hear of, and of the targets that they follow."""

from sqlalchemy import JSON, Column, Double, ForeignKey, PrimaryKeyConstraint, Table

from lake.columns import belongs_to, key, number, words, yes_no
from lake.metadata import metadata


def _about(parent: str, name: str) -> Column[int]:
    """Return a column that names what a notice is about, if anything; the notice goes with it."""
    return Column(name, ForeignKey(f"{parent}.{name}", ondelete="CASCADE"), index=True)


notices = Table(
    "notices", metadata,
    key("notice_id"), belongs_to("users", "user_id"), words("kind"),
    _about("targets", "target_id"), _about("comments", "comment_id"),
    _about("uploads", "upload_id"), _about("sign_ups", "sign_up_id"),
    Column("facts", JSON, nullable=False, default=dict),
    Column("made_mjd", Double, nullable=False, index=True), number("read_mjd"),
    number("mailed_mjd"),  # claimed: its mail is on its way, or it was none for its reader's eyes
    sqlite_autoincrement=True,
)  # fmt: skip

# What somebody never said of a kind stands in no row: ``lake.notices.kinds`` has it.
notice_wishes = Table(
    "notice_wishes", metadata,
    belongs_to("users", "user_id"), words("kind"), yes_no("in_portal", default=True), words("mail"),
    PrimaryKeyConstraint("user_id", "kind"),
)  # fmt: skip

follows = Table(
    "follows", metadata,
    belongs_to("users", "user_id"), belongs_to("targets", "target_id"),
    number("since_mjd", required=True), number("change_mag", required=True),
    number("summary_mjd"),  # that of the target when it was last looked at
    Column("known", JSON, nullable=False, default=dict),  # what was there then
    PrimaryKeyConstraint("user_id", "target_id"),
)  # fmt: skip

# Files whose sender was not told yet how they ended.
awaited_uploads = Table(
    "awaited_uploads", metadata,
    Column("upload_id", ForeignKey("uploads.upload_id", ondelete="CASCADE"),
           primary_key=True, autoincrement=False),
)  # fmt: skip
