"""The operational database: accounts, targets, uploads and jobs in SQLite (WAL) or PostgreSQL, one code."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Double,
    Engine,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
    create_engine,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

import lake.more_tables  # noqa: F401 - it registers them
from engine.errors import Rejected
from lake.catalog import postgres_url
from lake.columns import belongs_to as _belongs_to
from lake.columns import key as _key
from lake.columns import large as _large
from lake.columns import list_column as _list
from lake.columns import number as _number
from lake.columns import points_to as _points_to
from lake.columns import unique as _unique
from lake.columns import whole as _whole
from lake.columns import words as _words
from lake.columns import yes_no as _yes_no
from lake.connections import READ_ONLY, listen
from lake.metadata import metadata
from lake.migrate import upgrade
from lake.people.tables import group_column as _group
from lake.row_log import hide_rows
from lake.trouble import telling_of_tables

# Ids are never used again (AUTOINCREMENT): the lake keeps rows of what was deleted here.
users = Table(
    "users", metadata,
    _key("user_id"), _words("username"), _unique("username_key"),
    _words("full_name"), _words("password_hash"), _yes_no("is_staff"), _yes_no("is_active", default=True),
    _number("created_mjd", required=True),
    sqlite_autoincrement=True,
)  # fmt: skip

tokens = Table(
    "tokens", metadata,
    _key("token_id"), _belongs_to("users", "user_id"),
    _words("name"), _words("prefix"), _unique("secret_sha256"),
    _number("created_mjd", required=True),
    _number("last_used_mjd"), _number("expires_mjd"), _number("revoked_mjd"), _list("scopes"),
    sqlite_autoincrement=True,
)  # fmt: skip

sessions = Table(
    "sessions", metadata,
    Column("session_sha256", String, primary_key=True),
    _belongs_to("users", "user_id"),
    _number("created_mjd", required=True), Column("expires_mjd", Double, nullable=False, index=True),
    _words("address"), _words("browser"), _number("last_used_mjd"),
)  # fmt: skip

targets = Table(
    "targets", metadata,
    _key("target_id"), _words("name"), _unique("name_key"),
    _number("ra_deg", required=True), _number("dec_deg", required=True), _number("epoch", required=True),
    # the position as a unit vector: a cone is then plain arithmetic, right at the poles and across RA 0
    _number("x", required=True), _number("y", required=True), _number("z", required=True),
    _number("pm_ra_mas_yr"), _number("pm_dec_mas_yr"), _words("classification"), _words("description"),
    _number("discovery_mjd"), _number("importance", required=True), _number("cadence_d", required=True),
    _words("visibility"), _number("embargo_until_mjd"), _group(),
    _yes_no("simulated"), _words("created_by"), _number("created_mjd", required=True),
    _words("designation"),  # of a body of the Solar System
    # summary of the light curve, kept so that lists need not open the lake
    _whole("points"), _number("last_mag"), _words("last_band"), _number("last_mjd"),
    _list("sparkline"), _number("summary_mjd"),
    Index("ix_targets_dec_deg_ra_deg", "dec_deg", "ra_deg"),
    sqlite_autoincrement=True,
)  # fmt: skip

target_names = Table(
    "target_names", metadata,
    Column("target_id", ForeignKey("targets.target_id", ondelete="CASCADE"), nullable=False),
    _words("source"), _words("name"), Column("name_key", String, nullable=False, index=True),
    PrimaryKeyConstraint("target_id", "source", "name_key"),
)  # fmt: skip

# The gone target is no row of ``targets`` while it is merged: ``record`` holds what brings it back.
merges = Table(
    "merges", metadata,
    _key("merge_id"), Column("gone_id", Integer, nullable=False, index=True),
    Column("kept_id", Integer, nullable=False), _words("gone_name"), _words("kept_name"), _words("state"),
    Column("record", JSON, nullable=False, default=dict),
    _words("made_by"), _number("made_mjd", required=True), _words("undone_by"), _number("undone_mjd"),
    sqlite_autoincrement=True,
)  # fmt: skip

observatories = Table(
    "observatories", metadata,
    _key("observatory_id"), _words("name"), _unique("name_key"),
    _number("longitude_deg", required=True),
    _number("latitude_deg", required=True), _number("altitude_m", required=True),
    _words("telescope"), _number("aperture_m"), _words("filters"), _words("comment"),
    _words("acknowledgement"), _words("created_by"), _yes_no("simulated"),
    _number("created_mjd", required=True),
    sqlite_autoincrement=True,
)  # fmt: skip

cameras = Table(
    "cameras", metadata,
    _key("camera_id"),
    _belongs_to("observatories", "observatory_id"),
    _words("name"), _words("oname"), _unique("oname_key"),
    _number("gain_e_adu"), _number("read_noise_e"), _number("saturation_adu"), _number("pixel_scale_arcsec"),
    Column("date_keyword", String), Column("time_keyword", String), Column("exptime_keyword", String),
    _words("created_by"), _yes_no("is_active", default=True), _number("created_mjd", required=True),
    _words("approved_by"), _number("approved_mjd"),  # nobody: it waits for staff, and is measured with
    sqlite_autoincrement=True,
)  # fmt: skip

jobs = Table(
    "jobs", metadata,
    _key("job_id"), _words("kind"), Column("args", JSON, nullable=False, default=dict), _words("state"),
    _whole("priority", default=5), Column("dedupe", String), Column("lock", String),
    _whole("attempts"), _whole("delays"), _words("worker"), _whole("fence"), _number("lease_until_mjd"),
    _number("not_before_mjd", required=True), _yes_no("cancel_requested"),
    Column("progress", Double, nullable=False, default=0.0), _words("step"),
    _words("reason"), _words("code"), _words("ticket"),
    _number("created_mjd", required=True), _number("started_mjd"), _number("finished_mjd"),
    Index("ix_jobs_state_priority_job_id", "state", "priority", "job_id"),
    Index("uq_jobs_dedupe_waiting", "dedupe", unique=True,
          sqlite_where=text("state = 'waiting'"), postgresql_where=text("state = 'waiting'")),
    Index("uq_jobs_lock_running", "lock", unique=True,
          sqlite_where=text("state = 'running'"), postgresql_where=text("state = 'running'")),
    sqlite_autoincrement=True,
)  # fmt: skip

uploads = Table(
    "uploads", metadata,
    _key("upload_id"), _words("sha256"), Column("size_bytes", BigInteger, nullable=False),
    _words("filename"), _words("kind"),
    _points_to("targets", "target_id"), _words("target_name"),
    _words("oname"), _words("requested_filter"), _yes_no("dry_run"), _words("comment"),
    _list("observers"), _number("mjd"), _number("match_dist_arcsec"),
    Column("uploaded_by", String, nullable=False, index=True), _yes_no("simulated"),
    _number("received_mjd", required=True),
    _points_to("jobs", "job_id"),
    _words("result"), _words("code"), _words("reason"), _list("frame_ids"),
    # beside the target's own: who sees the file and what it gave, however open the target is
    Column("visibility", String, nullable=False, default="public"), _group(), _number("embargo_until_mjd"),
    UniqueConstraint("sha256", "target_id", "dry_run"),
    sqlite_autoincrement=True,
)  # fmt: skip

harvests = Table(
    "harvests", metadata,
    Column("target_id", ForeignKey("targets.target_id", ondelete="CASCADE"), nullable=False),
    _words("archive"), _number("asked_mjd"), _number("answered_mjd"), _whole("rows"),
    _words("reason"), _words("code"), _words("release"),
    PrimaryKeyConstraint("target_id", "archive"),
)  # fmt: skip

ephemerides = Table(
    "ephemerides", metadata,
    Column("target_id", ForeignKey("targets.target_id", ondelete="CASCADE"), nullable=False),
    _words("observer"), _whole("night"),  # night 0: the whole light curve
    _words("designation"), _number("asked_mjd", required=True), _number("from_mjd"), _number("to_mjd"),
    _whole("points"), Column("nodes", JSON, nullable=False, default=dict), _words("reason"), _words("code"),
    PrimaryKeyConstraint("target_id", "observer", "night"),
)  # fmt: skip

archive_health = Table(
    "archive_health", metadata,
    Column("archive", String, primary_key=True), _number("last_success_mjd"), _number("last_failure_mjd"),
    _words("reason"), _words("code"), _number("latency_s"), _whole("rows"), _whole("failures"),
)  # fmt: skip

snapshots = Table(
    "snapshots", metadata,
    _key("snapshot_id"), _words("name"), _unique("name_key"),
    Column("version", BigInteger, nullable=False), _words("note"), _words("created_by"),
    _number("created_mjd", required=True),
    sqlite_autoincrement=True,
)  # fmt: skip

# A chain: each line holds the sha256 of itself and of the line before it (``lake.trace.ledger``).
seals = Table(
    "seals", metadata,
    Column("seal_id", BigInteger, primary_key=True, autoincrement=False),
    _words("kind"), _large("object_id"), _words("name"), _large("version"), _large("size_bytes"),
    _words("sha256"), _words("row_sha256"), _number("made_mjd", required=True), _words("line_sha256"),
    Index("ix_seals_kind_object_id", "kind", "object_id"),
)  # fmt: skip

# What somebody wants to hear of from a stream of alerts, and what was found by it.
watches = Table(
    "watches", metadata,
    _key("watch_id"), _words("name"), _words("name_key"), _words("stream"),
    Column("criteria", JSON, nullable=False, default=dict),
    _yes_no("makes_targets"), _yes_no("is_active", default=True), _number("every_h", required=True),
    _words("created_by"), _number("created_mjd", required=True),
    _number("asked_mjd"), _number("answered_mjd"), _words("reason"), _words("code"),
    UniqueConstraint("created_by", "name_key"),
    sqlite_autoincrement=True,
)  # fmt: skip

proposals = Table(
    "proposals", metadata,
    _key("proposal_id"), _belongs_to("watches", "watch_id"), _words("name"), _words("name_key"),
    _number("ra_deg", required=True), _number("dec_deg", required=True),
    _number("seen_mjd"), _number("first_mjd"), _number("mag"), _words("band"),
    _words("classification"), _number("probability"), _words("link"),
    _number("found_mjd", required=True), _words("state"), _points_to("targets", "target_id"),
    _words("decided_by"), _number("decided_mjd"),
    UniqueConstraint("watch_id", "name_key"),
    Index("ix_proposals_state_proposal_id", "state", "proposal_id"),
    sqlite_autoincrement=True,
)  # fmt: skip


def open_operations(url: str) -> Engine:
    """Return the engine of an operational database, created or brought to the newest tables where needed.

    Safe when several processes start at once.

    Raises
    ------
    Rejected
        ``bad-setting``: the URL cannot be read; ``newer-database``: a later tomlake made the database.
    """
    hide_rows()
    try:
        found = postgres_url(make_url(url))
        is_server = found.get_backend_name() == "postgresql"
        # asked before use, because a server that restarted leaves broken connections in the pool
        # values stay out of logs and of what errors say: hashes and addresses are among them
        engine = create_engine(found, pool_pre_ping=is_server, hide_parameters=True)
    except (ArgumentError, ImportError) as error:
        raise Rejected(f"TOMLAKE_OPERATIONS_URL cannot be used: {error}.", code="bad-setting") from error
    listen(engine)
    try:
        upgrade(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def writing(operations: Engine) -> Iterator[Connection]:
    """Give a transaction that writes; it waits for its turn and is undone when the body raises."""
    with telling_of_tables(), operations.begin() as connection:
        yield connection


@contextmanager
def reading(operations: Engine) -> Iterator[Connection]:
    """Give a transaction that only reads: it sees one moment and never waits for a writer."""
    with operations.connect().execution_options(**{READ_ONLY: True}) as connection:
        yield connection


def serialised(connection: Connection, name: str) -> None:
    """Let one transaction at a time past this line; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name})
