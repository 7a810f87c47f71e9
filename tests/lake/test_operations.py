import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from installations import settings_in
from sqlalchemy import Engine, MetaData, Table, create_engine, insert, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateIndex, CreateTable

from engine.errors import Rejected
from engine.target import Visibility
from lake.catalog import postgres_url
from lake.migrate import MIGRATIONS_DIR
from lake.operations import metadata, open_operations, reading, sessions, users, writing
from lake.targets import get_target

NEWEST_REVISION = max(path.name[:4] for path in MIGRATIONS_DIR.glob("versions/0*.py"))
OPEN_MANY_TIMES = """
import sys
from lake.operations import open_operations
for url in sys.argv[1:]:
    open_operations(url).dispose()
"""


@pytest.fixture
def operations(tmp_path: Path) -> Iterator[Engine]:
    opened = open_operations(settings_in(tmp_path / "new" / "folder", is_migrated=False).operations_url)
    yield opened
    opened.dispose()


def test_a_new_database_has_exactly_the_tables_that_the_code_names(operations: Engine) -> None:
    with reading(operations) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_opening_twice_keeps_what_is_there(tmp_path: Path) -> None:
    url = settings_in(tmp_path / "data", is_migrated=False).operations_url
    first = open_operations(url)
    with writing(first) as connection:
        connection.execute(insert(users).values(username="ada", username_key="ada", created_mjd=60000.0))
    first.dispose()
    again = open_operations(url)
    with reading(again) as connection:
        assert connection.execute(select(users.c.username)).scalars().all() == ["ada"]
    again.dispose()


@pytest.mark.parametrize("revision", ["0001", "0002"])
def test_a_database_of_every_earlier_revision_keeps_its_rows(tmp_path: Path, revision: str) -> None:
    (tmp_path / "data").mkdir()
    url = settings_in(tmp_path / "data", is_migrated=False).operations_url
    old = create_engine(postgres_url(make_url(url)))
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS_DIR))
    with old.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        table = Table("targets", MetaData(), autoload_with=connection)
        values = {column.name: 0 for column in table.columns if not column.nullable}
        words = dict.fromkeys(("name", "name_key", "created_by", "classification", "description"), "ada")
        row = {
            **values,
            **words,
            "visibility": "public",
            "sparkline": "[]",
            "simulated": False,
            "target_id": 7,
        }
        connection.execute(insert(table).values(row))
    old.dispose()

    operations = open_operations(url)

    target = get_target(operations, 7, None)
    operations.dispose()
    assert (target.name, target.visibility, target.embargo_until_mjd) == ("ada", Visibility.PUBLIC, None)


def test_several_processes_may_open_a_new_database_at_once(tmp_path: Path) -> None:
    urls = [settings_in(tmp_path / str(number), is_migrated=False).operations_url for number in range(3)]
    command = [sys.executable, "-c", OPEN_MANY_TIMES, *urls]
    openers = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(4)]
    errors = [opener.communicate(timeout=60)[1] for opener in openers]
    assert [opener.returncode for opener in openers] == [0, 0, 0, 0], errors
    for url in urls:
        engine = create_engine(url)
        with engine.connect() as connection:
            revisions = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
            assert revisions == [NEWEST_REVISION]
        engine.dispose()


def test_a_database_of_a_later_version_is_refused(operations: Engine) -> None:
    with writing(operations) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Rejected) as refusal:
        open_operations(str(operations.url))
    assert refusal.value.code == "newer-database"


def test_a_url_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(Rejected) as refusal:
        open_operations("nonsense")
    assert refusal.value.code == "bad-setting"


def test_a_failed_body_undoes_its_transaction(operations: Engine) -> None:
    row = {"username": "ada", "username_key": "ada", "created_mjd": 60000.0}
    with pytest.raises(IntegrityError), writing(operations) as connection:
        connection.execute(insert(users).values(row))
        connection.execute(insert(users).values(row))
    with reading(operations) as connection:
        assert connection.execute(select(users)).all() == []


def test_a_reader_sees_one_moment_and_is_not_stopped_by_a_writer(operations: Engine) -> None:
    with writing(operations) as writer, reading(operations) as reader:
        writer.execute(insert(users).values(username="ada", username_key="ada", created_mjd=60000.0))
        assert reader.execute(select(users)).all() == []


@pytest.mark.parametrize("many", [False, True])
def test_a_nul_is_refused_in_one_sentence_whatever_the_database(operations: Engine, many: bool) -> None:
    rows = [
        {"session_sha256": each, "user_id": 1, "created_mjd": 1.0, "expires_mjd": 2.0}
        for each in ("a", "b\0")
    ]
    with pytest.raises(Rejected, match="NUL"), writing(operations) as connection:
        connection.execute(insert(sessions), rows if many else rows[1])
    with pytest.raises(Rejected, match="NUL"):
        get_target(operations, "a\0b", None)


def test_rows_of_nobody_are_refused(operations: Engine) -> None:
    row = {"session_sha256": "x", "user_id": 99, "created_mjd": 60000.0, "expires_mjd": 60001.0}
    with pytest.raises(IntegrityError), writing(operations) as connection:
        connection.execute(insert(sessions).values(row))


def test_every_table_can_be_written_for_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            assert "CREATE" in str(CreateIndex(index).compile(dialect=dialect))
