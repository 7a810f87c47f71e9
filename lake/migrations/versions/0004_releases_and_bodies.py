"""What release of an archive last answered for a target, and bodies of the Solar System as targets."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("harvests", sa.Column("release", sa.String(), nullable=False, server_default=""))
    op.add_column("targets", sa.Column("designation", sa.String(), nullable=False, server_default=""))
