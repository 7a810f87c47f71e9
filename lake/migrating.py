"""The migrations of the operational database, run by Alembic."""

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from engine.errors import Rejected
from lake.migrate import MIGRATIONS_DIR


def migrate(connection: Connection, present: str | None) -> None:
    """Bring a database from a revision, None for an empty one, to the newest.

    Raises
    ------
    Rejected
        ``newer-database``: a later version of tomlake made the database.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS_DIR).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if present is not None and present not in known:
        raise Rejected(
            "A newer tomlake made this operational database: install that version again.",
            code="newer-database",
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
