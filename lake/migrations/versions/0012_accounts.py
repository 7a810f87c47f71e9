"""Profiles, second factors, terms, requests for accounts, and where a session is from."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("address", "browser"):
        op.add_column("sessions", sa.Column(name, sa.String(), nullable=False, server_default=""))
    op.add_column("sessions", sa.Column("last_used_mjd", sa.Double(), nullable=True))
    _about_users()
    _about_strangers()


def _about_users() -> None:
    op.create_table(
        "profiles",
        _of_user("profiles"),
        *_words("affiliation", "orcid", "latex_name", "email"),
        sa.PrimaryKeyConstraint("user_id", name="pk_profiles"),
    )
    op.create_table(
        "second_factors",
        _of_user("second_factors"),
        *_words("secret"),
        sa.Column("made_mjd", sa.Double(), nullable=False),
        sa.Column("confirmed_mjd", sa.Double(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_second_factors"),
    )
    op.create_table(
        "recovery_codes",
        *_words("code_sha256"),
        _of_user("recovery_codes"),
        sa.Column("used_mjd", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("code_sha256", name="pk_recovery_codes"),
    )
    op.create_index("ix_recovery_codes_user_id", "recovery_codes", ["user_id"])
    op.create_table(
        "accepted_terms",
        _of_user("accepted_terms"),
        *_words("version", "text_sha256"),
        sa.Column("accepted_mjd", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "version", "text_sha256", name="pk_accepted_terms"),
    )
    op.create_index("ix_accepted_terms_user_id", "accepted_terms", ["user_id"])


def _about_strangers() -> None:
    op.create_table(
        "sign_ups",
        sa.Column("sign_up_id", sa.Integer(), autoincrement=True, nullable=False),
        *_words("username", "full_name", "affiliation", "email", "note"),
        *_words("password_hash", "terms", "terms_sha256"),
        sa.Column("is_ready", sa.Boolean(), nullable=False),
        sa.Column("asked_mjd", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("sign_up_id", name="pk_sign_ups"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sign_ups_asked_mjd", "sign_ups", ["asked_mjd"])
    op.create_table(
        "links",
        *_words("key_sha256", "purpose"),
        sa.Column("about", sa.BigInteger(), nullable=False),
        sa.Column("expires_mjd", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key_sha256", name="pk_links"),
    )


def _of_user(table: str) -> sa.Column[int]:
    owner = sa.ForeignKey("users.user_id", name=f"fk_{table}_user_id", ondelete="CASCADE")
    return sa.Column("user_id", sa.Integer(), owner, autoincrement=False, nullable=False)


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]
