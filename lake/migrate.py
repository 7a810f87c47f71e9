"""Bring the operational database to the newest tables, whoever starts first."""

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from importlib import import_module
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from lake.lock import locked
from lake.paths import writing_to

MIGRATIONS_DIR = Path(__file__).resolve().parent / "migrations"
_WAIT_S = 60.0


def upgrade(engine: Engine) -> None:
    """Run the migrations that the database lacks, in one transaction; other processes wait for it.

    Raises
    ------
    Rejected
        ``newer-database``: a later version of tomlake made the database.
    """
    file = engine.url.database
    turn: AbstractContextManager[None] = nullcontext()
    if engine.dialect.name == "sqlite" and file and file != ":memory:":
        with writing_to(Path(file).parent):
            Path(file).parent.mkdir(parents=True, exist_ok=True)
        turn = locked(Path(f"{file}.lock"), timeout_s=_WAIT_S)  # also guards the change to WAL
    with turn, engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('tomlake-migrations'))"))
        _upgrade_within(connection)


def _upgrade_within(connection: Connection) -> None:
    present = _present_revision(connection)
    if present == _newest_revision():
        return
    # Alembic starts slowly, and is needed once in a lake's life
    import_module("lake.migrating").migrate(connection, present)


@cache
def _newest_revision() -> str:
    """Return the number of the last migration; their files begin with their numbers."""
    return max(file.name for file in MIGRATIONS_DIR.glob("versions/*.py")).split("_")[0]


def _present_revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return None if revision is None else str(revision)
