"""What a token may be used for; those that are there may be used for everything, as before."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    everything = '["read", "upload", "write", "admin"]'
    op.add_column("tokens", sa.Column("scopes", sa.JSON(), nullable=False, server_default=everything))
