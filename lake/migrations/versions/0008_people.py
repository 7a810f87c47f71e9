"""What people say of targets and keep at hand: comments, groups, favourites; and facts of telescopes."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "comments",
        sa.Column("comment_id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("made_mjd", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["target_id"], ["targets.target_id"], name="fk_comments_target_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("comment_id", name="pk_comments"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_comments_target_id", "comments", ["target_id"])
    _groups()
    _favourites()
    _facts("observatory", "observatories")
    _facts("camera", "cameras")


def _groups() -> None:
    op.create_table(
        "target_groups",
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_mjd", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("group_id", name="pk_target_groups"),
        sa.UniqueConstraint("name_key", name="uq_target_groups_name_key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "target_group_members",
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["target_groups.group_id"],
            name="fk_target_group_members_group_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["target_id"],
            ["targets.target_id"],
            name="fk_target_group_members_target_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("group_id", "target_id", name="pk_target_group_members"),
    )
    op.create_index("ix_target_group_members_target_id", "target_group_members", ["target_id"])


def _favourites() -> None:
    op.create_table(
        "favourites",
        sa.Column("favourite_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("camera_id", sa.Integer(), nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("created_mjd", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name="fk_favourites_user_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["camera_id"], ["cameras.camera_id"], name="fk_favourites_camera_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("favourite_id", name="pk_favourites"),
        sa.UniqueConstraint("user_id", "camera_id", name="uq_favourites_user_id_camera_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_favourites_user_id", "favourites", ["user_id"])
    op.create_index("ix_favourites_camera_id", "favourites", ["camera_id"])


def _facts(thing: str, parent: str) -> None:
    op.create_table(
        f"{thing}_facts",
        sa.Column(f"{thing}_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            [f"{thing}_id"], [f"{parent}.{thing}_id"], name=f"fk_{thing}_facts_{thing}_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(f"{thing}_id", name=f"pk_{thing}_facts"),
    )
