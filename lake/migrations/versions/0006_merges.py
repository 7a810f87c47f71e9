"""Targets that were merged into others, with what brings them back."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "merges",
        sa.Column("merge_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("gone_id", sa.Integer(), nullable=False),
        sa.Column("kept_id", sa.Integer(), nullable=False),
        sa.Column("gone_name", sa.String(), nullable=False),
        sa.Column("kept_name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_mjd", sa.Double(), nullable=False),
        sa.Column("undone_by", sa.String(), nullable=False),
        sa.Column("undone_mjd", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("merge_id", name="pk_merges"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_merges_gone_id", "merges", ["gone_id"], unique=False)
