"""Copies of a database as it stands at one instant, made at leisure while others write."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from engine.errors import Transient
from lake.catalog import postgres_url
from lake.safekeeping.freezing import FROZEN, READY

_ROOT = Path(__file__).resolve().parents[2]  # where a child process finds this package


class Copier(Protocol):
    """Copies one database."""

    def freeze(self) -> None:
        """Let the copy be of this moment."""

    def finish(self) -> None:
        """Return when the copy is whole."""


def sqlite_file(url: str) -> Path | None:
    """Return the file that a database URL means, or None for a database server."""
    parsed = make_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


@contextmanager
def file_copier(file: Path, copied: Path) -> Iterator[Copier]:
    """Give what copies a SQLite file into another, in a process of its own that ends with the body."""
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "lake.safekeeping.freezing", str(file), str(copied)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
    ) as process:
        try:
            copier = _FileCopier(process)
            copier.expect(READY)  # so that nobody waits for it while it starts
            yield copier
        finally:
            process.kill()


@contextmanager
def server_copier(url: str, write: Callable[[Connection], None]) -> Iterator[Copier]:
    """Give what copies a database of PostgreSQL: ``write`` is called with a connection to the frozen one."""
    with server(url) as engine, engine.connect() as connection:
        yield _ServerCopier(
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True), write
        )


@contextmanager
def server(url: str) -> Iterator[Engine]:
    """Give an engine for a database of PostgreSQL.

    Raises
    ------
    Transient
        ``database-away``
    """
    engine = create_engine(postgres_url(make_url(url)), poolclass=NullPool)
    try:
        yield engine
    except OperationalError as error:
        raise Transient(
            "A database does not answer; try again when it is up.", code="database-away", retry_after_s=60
        ) from error
    finally:
        engine.dispose()


class _FileCopier:
    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def freeze(self) -> None:
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.write("\n")
                self._process.stdin.flush()
        self.expect(FROZEN)

    def expect(self, word: str) -> None:
        said = "" if self._process.stdout is None else self._process.stdout.readline()
        if said.strip() != word:
            raise self._failed()

    def finish(self) -> None:
        _, said = self._process.communicate()
        if self._process.returncode != 0:
            raise self._failed(said)

    def _failed(self, said: str = "") -> Transient:
        lines = (said or self._process.communicate()[1]).strip().splitlines()
        return Transient(
            f"A database could not be copied ({lines[-1] if lines else 'its copier died'}); try again.",
            code="copy-failed",
            retry_after_s=60,
        )


class _ServerCopier:
    def __init__(self, connection: Connection, write: Callable[[Connection], None]) -> None:
        self._connection = connection
        self._write = write

    def freeze(self) -> None:
        self._connection.execute(text("SELECT 1"))

    def finish(self) -> None:
        self._write(self._connection)
