"""Bring the operational database to the newest tables, whoever starts first."""

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from engine.errors import Rejected
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
    scripts = _scripts()
    present = _present_revision(connection)
    if present == scripts.get_current_head():
        return
    if present is not None and present not in {script.revision for script in scripts.walk_revisions()}:
        raise Rejected(
            "A newer tomlake made this operational database: install that version again.",
            code="newer-database",
        )
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@cache  # reading every migration costs most of an opening
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS_DIR).replace("%", "%%"))
    return config


def _present_revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return None if revision is None else str(revision)
