"""Watches of streams of alerts, and the targets that they propose."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _watches()
    _proposals()


def _watches() -> None:
    op.create_table(
        "watches",
        sa.Column("watch_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("criteria", sa.JSON(), nullable=False),
        sa.Column("makes_targets", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("every_h", sa.Double(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_mjd", sa.Double(), nullable=False),
        sa.Column("asked_mjd", sa.Double(), nullable=True),
        sa.Column("answered_mjd", sa.Double(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("watch_id", name="pk_watches"),
        sa.UniqueConstraint("created_by", "name_key", name="uq_watches_created_by_name_key"),
        sqlite_autoincrement=True,
    )


def _proposals() -> None:
    op.create_table(
        "proposals",
        sa.Column("proposal_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("watch_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("ra_deg", sa.Double(), nullable=False),
        sa.Column("dec_deg", sa.Double(), nullable=False),
        sa.Column("seen_mjd", sa.Double(), nullable=True),
        sa.Column("first_mjd", sa.Double(), nullable=True),
        sa.Column("mag", sa.Double(), nullable=True),
        sa.Column("band", sa.String(), nullable=False),
        sa.Column("classification", sa.String(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=True),
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("found_mjd", sa.Double(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_mjd", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["watch_id"], ["watches.watch_id"], name="fk_proposals_watch_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["targets.target_id"], name="fk_proposals_target_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("proposal_id", name="pk_proposals"),
        sa.UniqueConstraint("watch_id", "name_key", name="uq_proposals_watch_id_name_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_proposals_watch_id", "proposals", ["watch_id"])
    op.create_index("ix_proposals_target_id", "proposals", ["target_id"])
    op.create_index("ix_proposals_state_proposal_id", "proposals", ["state", "proposal_id"])
