"""The first tables: accounts, targets, observatories, uploads, jobs, archives."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _archive_health()
    _jobs()
    _observatories()
    _targets()
    _users()
    _cameras()
    _harvests()
    _sessions()
    _target_names()
    _tokens()
    _uploads()


def _archive_health() -> None:
    op.create_table(
        "archive_health",
        sa.Column("archive", sa.String(), nullable=False),
        sa.Column("last_success_mjd", sa.Double(), nullable=True),
        sa.Column("last_failure_mjd", sa.Double(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("latency_s", sa.Double(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("archive", name="pk_archive_health"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("job_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("args", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("dedupe", sa.String(), nullable=True),
        sa.Column("lock", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("delays", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until_mjd", sa.Double(), nullable=True),
        sa.Column("not_before_mjd", sa.Double(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("progress", sa.Double(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("ticket", sa.String(), nullable=False),
        sa.Column("created_mjd", sa.Double(), nullable=False),
        sa.Column("started_mjd", sa.Double(), nullable=True),
        sa.Column("finished_mjd", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("job_id", name="pk_jobs"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_jobs_state_priority_job_id", "jobs", ["state", "priority", "job_id"], unique=False)
    op.create_index(
        "uq_jobs_dedupe_waiting",
        "jobs",
        ["dedupe"],
        unique=True,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "uq_jobs_lock_running",
        "jobs",
        ["lock"],
        unique=True,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )


def _observatories() -> None:
    op.create_table(
        "observatories",
        sa.Column("observatory_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("longitude_deg", sa.Double(), nullable=False),
        sa.Column("latitude_deg", sa.Double(), nullable=False),
        sa.Column("altitude_m", sa.Double(), nullable=False),
        sa.Column("telescope", sa.String(), nullable=False),
        sa.Column("aperture_m", sa.Double(), nullable=True),
        sa.Column("filters", sa.String(), nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("acknowledgement", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("created_mjd", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("observatory_id", name="pk_observatories"),
        sa.UniqueConstraint("name_key", name="uq_observatories_name_key"),
        sqlite_autoincrement=True,
    )


def _targets() -> None:
    op.create_table(
        "targets",
        sa.Column("target_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("ra_deg", sa.Double(), nullable=False),
        sa.Column("dec_deg", sa.Double(), nullable=False),
        sa.Column("epoch", sa.Double(), nullable=False),
        sa.Column("x", sa.Double(), nullable=False),
        sa.Column("y", sa.Double(), nullable=False),
        sa.Column("z", sa.Double(), nullable=False),
        sa.Column("pm_ra_mas_yr", sa.Double(), nullable=True),
        sa.Column("pm_dec_mas_yr", sa.Double(), nullable=True),
        sa.Column("classification", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("discovery_mjd", sa.Double(), nullable=True),
        sa.Column("importance", sa.Double(), nullable=False),
        sa.Column("cadence_d", sa.Double(), nullable=False),
        sa.Column("visibility", sa.String(), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_mjd", sa.Double(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("last_mag", sa.Double(), nullable=True),
        sa.Column("last_band", sa.String(), nullable=False),
        sa.Column("last_mjd", sa.Double(), nullable=True),
        sa.Column("sparkline", sa.JSON(), nullable=False),
        sa.Column("summary_mjd", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("target_id", name="pk_targets"),
        sa.UniqueConstraint("name_key", name="uq_targets_name_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_targets_dec_deg_ra_deg", "targets", ["dec_deg", "ra_deg"], unique=False)


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("user_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("username_key", sa.String(), nullable=False),
        sa.Column("full_name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("is_staff", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_mjd", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_users"),
        sa.UniqueConstraint("username_key", name="uq_users_username_key"),
        sqlite_autoincrement=True,
    )


def _cameras() -> None:
    op.create_table(
        "cameras",
        sa.Column("camera_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("observatory_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("oname", sa.String(), nullable=False),
        sa.Column("oname_key", sa.String(), nullable=False),
        sa.Column("gain_e_adu", sa.Double(), nullable=True),
        sa.Column("read_noise_e", sa.Double(), nullable=True),
        sa.Column("saturation_adu", sa.Double(), nullable=True),
        sa.Column("pixel_scale_arcsec", sa.Double(), nullable=True),
        sa.Column("date_keyword", sa.String(), nullable=True),
        sa.Column("time_keyword", sa.String(), nullable=True),
        sa.Column("exptime_keyword", sa.String(), nullable=True),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_mjd", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["observatory_id"],
            ["observatories.observatory_id"],
            name="fk_cameras_observatory_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("camera_id", name="pk_cameras"),
        sa.UniqueConstraint("oname_key", name="uq_cameras_oname_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_cameras_observatory_id", "cameras", ["observatory_id"], unique=False)


def _harvests() -> None:
    op.create_table(
        "harvests",
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("archive", sa.String(), nullable=False),
        sa.Column("asked_mjd", sa.Double(), nullable=True),
        sa.Column("answered_mjd", sa.Double(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["target_id"], ["targets.target_id"], name="fk_harvests_target_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("target_id", "archive", name="pk_harvests"),
    )


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("session_sha256", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_mjd", sa.Double(), nullable=False),
        sa.Column("expires_mjd", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name="fk_sessions_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("session_sha256", name="pk_sessions"),
    )
    op.create_index("ix_sessions_expires_mjd", "sessions", ["expires_mjd"], unique=False)
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"], unique=False)


def _target_names() -> None:
    op.create_table(
        "target_names",
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["target_id"], ["targets.target_id"], name="fk_target_names_target_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("target_id", "source", "name_key", name="pk_target_names"),
    )
    op.create_index("ix_target_names_name_key", "target_names", ["name_key"], unique=False)


def _tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("token_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("secret_sha256", sa.String(), nullable=False),
        sa.Column("created_mjd", sa.Double(), nullable=False),
        sa.Column("last_used_mjd", sa.Double(), nullable=True),
        sa.Column("expires_mjd", sa.Double(), nullable=True),
        sa.Column("revoked_mjd", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name="fk_tokens_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_id", name="pk_tokens"),
        sa.UniqueConstraint("secret_sha256", name="uq_tokens_secret_sha256"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tokens_user_id", "tokens", ["user_id"], unique=False)


def _uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("upload_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=True),
        sa.Column("target_name", sa.String(), nullable=False),
        sa.Column("oname", sa.String(), nullable=False),
        sa.Column("requested_filter", sa.String(), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("observers", sa.JSON(), nullable=False),
        sa.Column("mjd", sa.Double(), nullable=True),
        sa.Column("match_dist_arcsec", sa.Double(), nullable=True),
        sa.Column("uploaded_by", sa.String(), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("received_mjd", sa.Double(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=True),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("frame_ids", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.job_id"], name="fk_uploads_job_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["target_id"], ["targets.target_id"], name="fk_uploads_target_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("upload_id", name="pk_uploads"),
        sa.UniqueConstraint("sha256", "target_id", "dry_run", name="uq_uploads_sha256_target_id_dry_run"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_uploads_job_id", "uploads", ["job_id"], unique=False)
    op.create_index("ix_uploads_target_id", "uploads", ["target_id"], unique=False)
    op.create_index("ix_uploads_uploaded_by", "uploads", ["uploaded_by"], unique=False)
