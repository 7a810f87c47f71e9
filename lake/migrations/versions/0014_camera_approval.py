"""A camera that somebody registers waits for staff; those that are there were in use, and are approved."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cameras", sa.Column("approved_by", sa.String(), nullable=False, server_default=""))
    op.add_column("cameras", sa.Column("approved_mjd", sa.Double(), nullable=True))
    op.execute("UPDATE cameras SET approved_by = 'tomlake', approved_mjd = created_mjd")
