"""Notices, wishes for them, followed targets, and files whose sender waits for word."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_notices()
    _create_wishes()
    _create_follows()
    op.create_table(
        "awaited_uploads",
        sa.Column("upload_id", sa.Integer(), autoincrement=False, nullable=False),
        _goes_with("awaited_uploads", "uploads", "upload_id"),
        sa.PrimaryKeyConstraint("upload_id", name="pk_awaited_uploads"),
    )


def _create_notices() -> None:
    op.create_table(
        "notices",
        sa.Column("notice_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=True),
        sa.Column("comment_id", sa.Integer(), nullable=True),
        sa.Column("upload_id", sa.Integer(), nullable=True),
        sa.Column("sign_up_id", sa.Integer(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("made_mjd", sa.Double(), nullable=False),
        sa.Column("read_mjd", sa.Double(), nullable=True),
        sa.Column("mailed_mjd", sa.Double(), nullable=True),
        *(
            _goes_with("notices", parent, column)
            for parent, column in (
                ("users", "user_id"),
                ("targets", "target_id"),
                ("comments", "comment_id"),
                ("uploads", "upload_id"),
                ("sign_ups", "sign_up_id"),
            )
        ),
        sa.PrimaryKeyConstraint("notice_id", name="pk_notices"),
        sqlite_autoincrement=True,
    )
    for column in ("user_id", "target_id", "comment_id", "upload_id", "sign_up_id", "made_mjd"):
        op.create_index(f"ix_notices_{column}", "notices", [column])


def _create_wishes() -> None:
    op.create_table(
        "notice_wishes",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("in_portal", sa.Boolean(), nullable=False),
        sa.Column("mail", sa.String(), nullable=False),
        _goes_with("notice_wishes", "users", "user_id"),
        sa.PrimaryKeyConstraint("user_id", "kind", name="pk_notice_wishes"),
    )
    op.create_index("ix_notice_wishes_user_id", "notice_wishes", ["user_id"])


def _create_follows() -> None:
    op.create_table(
        "follows",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("since_mjd", sa.Double(), nullable=False),
        sa.Column("change_mag", sa.Double(), nullable=False),
        sa.Column("summary_mjd", sa.Double(), nullable=True),
        sa.Column("known", sa.JSON(), nullable=False),
        _goes_with("follows", "users", "user_id"),
        _goes_with("follows", "targets", "target_id"),
        sa.PrimaryKeyConstraint("user_id", "target_id", name="pk_follows"),
    )
    for column in ("user_id", "target_id"):
        op.create_index(f"ix_follows_{column}", "follows", [column])


def _goes_with(table: str, parent: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{parent}.{column}"], name=f"fk_{table}_{column}", ondelete="CASCADE"
    )
