"""Where the bodies of the Solar System stand: the ephemerides of targets."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ephemerides",
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("observer", sa.String(), nullable=False),
        sa.Column("night", sa.Integer(), nullable=False),
        sa.Column("designation", sa.String(), nullable=False),
        sa.Column("asked_mjd", sa.Double(), nullable=False),
        sa.Column("from_mjd", sa.Double(), nullable=True),
        sa.Column("to_mjd", sa.Double(), nullable=True),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("nodes", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["target_id"], ["targets.target_id"], name="fk_ephemerides_target_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("target_id", "observer", "night", name="pk_ephemerides"),
    )
