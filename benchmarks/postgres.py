"""A private PostgreSQL in a temporary folder: the peer, set up as its manual advises for such a table."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import psycopg

from lake.tables import PHOTOMETRY

Connection = psycopg.Connection[tuple[object, ...]]

SETTINGS = {
    "listen_addresses": "''",
    "shared_buffers": "1GB",
    "effective_cache_size": "4GB",
    "work_mem": "64MB",
    "maintenance_work_mem": "512MB",
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
    "max_connections": "64",
}
COLUMNS = ", ".join(f'"{name}"' for name in PHOTOMETRY.schema)
_TYPES = {"BIGINT": "bigint", "UINTEGER": "bigint", "DOUBLE": "double precision", "VARCHAR": "text"}
_DELETE = "DELETE FROM photometry WHERE target_id = %s AND source = %s"
_COPY = f"COPY photometry ({COLUMNS}) FROM STDIN (FORMAT csv)"


class Server:
    """A running PostgreSQL and one connection to it."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.folder = folder
        self._programs = programs
        self._connection: Connection | None = None
        _as_postgres(
            programs / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8"
        )
        self.start()

    @property
    def sql(self) -> Connection:
        """Return the connection, opened anew after a restart."""
        if self._connection is None or self._connection.closed:
            self._connection = connect(self.folder)
        return self._connection

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
        self._control("-o", f"{options} -k {self.folder}", "start")

    def stop(self) -> None:
        """Stop it, the connections included."""
        if self._connection is not None:
            self._connection.close()
        self._control("-m", "fast", "stop")

    def _control(self, *words: str) -> None:
        folder = self.folder
        _as_postgres(self._programs / "pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log", *words)


def connect(folder: Path) -> Connection:
    """Return a new connection to the server of a folder; each statement is a transaction of its own."""
    return psycopg.connect(host=str(folder), dbname="postgres", user="postgres", autocommit=True)


@contextmanager
def running(parent: Path) -> Iterator[Server]:
    """Give a new server; it and its folder are gone afterwards, whatever happens."""
    programs = _programs()
    if programs is None:
        raise SystemExit("PostgreSQL is not installed; on Debian: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir=parent))
    try:
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(folder, "postgres", "postgres")
        server = Server(programs, folder)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def create(sql: Connection) -> None:
    """Create the table of points with the columns that the lake has."""
    columns = ", ".join(f'"{name}" {_TYPES[kind]}' for name, kind in PHOTOMETRY.sql_columns.items())
    sql.execute(f"CREATE TABLE photometry ({columns})")


def csv_of(points: pl.DataFrame) -> bytes:
    """Return the rows as PostgreSQL's COPY reads them."""
    return points.select(*PHOTOMETRY.schema).write_csv(include_header=False).encode()


def copy_in(sql: Connection, text: bytes) -> float:
    """Return the seconds that it took to load rows written as CSV."""
    began = time.perf_counter()
    with sql.cursor().copy(_COPY) as copying:
        for start in range(0, len(text), 1 << 20):
            copying.write(text[start : start + (1 << 20)])
    return time.perf_counter() - began


def timed(sql: Connection, statements: Sequence[str]) -> float:
    """Return the seconds that statements took."""
    began = time.perf_counter()
    for statement in statements:
        sql.execute(statement)
    return time.perf_counter() - began


def replace_points(sql: Connection, target_id: int, source: str, text: bytes) -> None:
    """Put rows in place of all that a source has of a target, in one transaction."""
    with sql.transaction():
        sql.execute(_DELETE, (target_id, source))
        with sql.cursor().copy(_COPY) as copying:
            copying.write(text)


def _programs() -> Path | None:
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    return Path(found).parent if found else next(reversed(folders), None)


def _as_postgres(*command: object) -> None:
    words = [str(word) for word in command]
    other = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*other, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # the server would keep a pipe open
        cwd="/",
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"PostgreSQL's {Path(words[0]).name} failed: {' '.join(words)}")
