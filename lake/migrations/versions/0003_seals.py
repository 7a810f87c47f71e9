"""The ledger of seals: a chain of checksums of everything that the lake wrote."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "seals",
        sa.Column("seal_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("object_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("row_sha256", sa.String(), nullable=False),
        sa.Column("made_mjd", sa.Double(), nullable=False),
        sa.Column("line_sha256", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seal_id", name="pk_seals"),
    )
    op.create_index("ix_seals_kind_object_id", "seals", ["kind", "object_id"], unique=False)
