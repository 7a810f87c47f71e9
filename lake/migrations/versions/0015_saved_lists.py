"""Lists of targets that people save: filters, or targets one by one."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "saved_lists",
        sa.Column("list_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("is_set", sa.Boolean(), nullable=False),
        sa.Column("filters", sa.JSON(), nullable=False),
        sa.Column("created_mjd", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name="fk_saved_lists_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("list_id", name="pk_saved_lists"),
        sa.UniqueConstraint("user_id", "name_key", name="uq_saved_lists_user_id_name_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_saved_lists_user_id", "saved_lists", ["user_id"])
    op.create_table(
        "saved_list_targets",
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["list_id"],
            ["saved_lists.list_id"],
            name="fk_saved_list_targets_list_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["target_id"],
            ["targets.target_id"],
            name="fk_saved_list_targets_target_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("list_id", "target_id", name="pk_saved_list_targets"),
    )
    op.create_index("ix_saved_list_targets_target_id", "saved_list_targets", ["target_id"])
