"""PostgreSQL that restarts in the middle of writes, and an S3 that answers 500 and slowly."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from actor import points_of, source_of
from installations import BUCKET
from servers import Postgres, postgres, program, s3
from sqlalchemy import create_engine, text
from test_kills import damages

from engine.errors import Transient
from lake.opening import Lake, open_lake
from lake.provenance import new_batch
from lake.settings import Settings, read_settings

pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(not program("initdb"), reason="no PostgreSQL is installed"),
]

WRITERS, SECONDS = 3, 8.0
FAILURES, PATIENCE_S = 5, 120.0  # of requests to S3, and how long a busy machine may take


@contextmanager
def rough_s3(endpoint: str, *, failing: float, slow_s: float) -> Iterator[tuple[str, list[int]]]:
    """Give the address of a door to an S3 server that refuses some requests and delays others."""
    server, failed = urlsplit(endpoint), [0]
    rng = random.Random(1)

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            time.sleep(rng.uniform(0.0, slow_s))
            if rng.random() < failing:
                failed[0] += 1
                self.answer(500, [], b"<Error><Code>InternalError</Code></Error>")
                return
            connection = HTTPConnection(server.hostname or "", server.port, timeout=30)
            connection.request(self.command, self.path, body, dict(self.headers))
            reply = connection.getresponse()
            self.answer(reply.status, reply.getheaders(), reply.read())
            connection.close()

        def answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers:
                if name.lower() not in {"transfer-encoding", "connection", "date", "server"}:
                    self.send_header(name, value)
            if "content-length" not in {name.lower() for name, _ in headers}:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = forward  # noqa: N815 - the names of the base class

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    door = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=door.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{door.server_address[1]}", failed
    finally:
        door.shutdown()
        door.server_close()
        thread.join()


def settings_of(folder: Path, database: Postgres, endpoint: str) -> Settings:
    """Return an installation on these two servers."""
    engine = create_engine(f"{database.url}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE faults"))
    engine.dispose()
    return read_settings(
        {
            "TOMLAKE_DATA": str(folder),
            "TOMLAKE_OPERATIONS_URL": f"{database.url}/faults",
            "TOMLAKE_CATALOG_URL": f"{database.url}/faults",
            "TOMLAKE_STORE_URL": f"s3://{BUCKET}/faults/store",
            "TOMLAKE_RAW_URL": f"s3://{BUCKET}/faults/raw",
            "TOMLAKE_S3_ENDPOINT": endpoint,
            "TOMLAKE_S3_KEY_ID": "tests",
            "TOMLAKE_S3_SECRET": "tests-only",
        }
    )


def write_for_a_while(lake: Lake, number: int, stop: threading.Event, acknowledged: dict[int, int]) -> None:
    """Replace light curves until told to stop; a passing trouble is tried again with the same points."""
    write = 1
    while not stop.is_set():
        target_id = 10 * number + write % 5
        points = points_of(target_id, number, write)
        try:
            lake.store.replace_points(target_id, source_of(number), points, batch=new_batch("faults", "w"))
        except Transient:
            time.sleep(0.1)
            continue
        acknowledged[target_id] = write
        write += 1


def writes_held(lake: Lake) -> dict[int, int]:
    """Return which write each light curve comes from, after checking that it is whole."""
    held = lake.store.read(
        "SELECT target_id, count(*) AS n, count(DISTINCT source_ref) AS refs, min(mag) AS low,"
        " max(mag) AS high FROM lake.photometry GROUP BY 1"
    )
    assert all(row["n"] == row["refs"] == 40 and row["low"] == row["high"] for row in held.to_dicts())
    return {row["target_id"]: round((row["low"] - 5.0) / 0.0005) for row in held.to_dicts()}


def campaign(lake: Lake, trouble: Callable[[], None]) -> dict[int, int]:
    """Return what was acknowledged while the trouble went on."""
    stop, acknowledged = threading.Event(), {}
    threads = [
        threading.Thread(target=write_for_a_while, args=(lake, number, stop, acknowledged))
        for number in range(1, WRITERS + 1)
    ]
    for thread in threads:
        thread.start()
    trouble()
    stop.set()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
    return acknowledged


def test_a_database_that_restarts_costs_no_acknowledged_write(
    tmp_path: Path, figure: Callable[[str, str], None]
) -> None:
    with postgres() as database, s3(BUCKET) as endpoint:
        lake = open_lake(settings_of(tmp_path, database, endpoint))

        def restarts() -> None:
            for _ in range(3):
                time.sleep(SECONDS / 4)
                database.stop(mode="immediate")
                database.start()
            time.sleep(SECONDS / 4)

        acknowledged = campaign(lake, restarts)
        held = writes_held(lake)
        assert acknowledged
        assert all(held[target_id] >= write for target_id, write in acknowledged.items())
        assert damages(lake) == []
        lake.close()
    figure(
        "PostgreSQL stopped 3 times in mid-transaction",
        f"{len(acknowledged)} light curves, none lost or torn",
    )


def wait_for_failures(failed: list[int]) -> None:
    """Wait some seconds, and on a busy machine until enough of the writers' requests have failed."""
    time.sleep(SECONDS)
    deadline_s = time.monotonic() + PATIENCE_S
    while failed[0] <= FAILURES and time.monotonic() < deadline_s:
        time.sleep(0.1)


def test_an_s3_that_fails_and_dawdles_costs_no_acknowledged_write(
    tmp_path: Path, figure: Callable[[str, str], None]
) -> None:
    with (
        postgres() as database,
        s3(BUCKET) as endpoint,
        rough_s3(endpoint, failing=0.15, slow_s=0.1) as (rough, failed),
    ):
        lake = open_lake(settings_of(tmp_path, database, rough))
        acknowledged = campaign(lake, lambda: wait_for_failures(failed))
        held = writes_held(lake)
        assert acknowledged
        assert failed[0] > FAILURES
        assert all(held[target_id] >= write for target_id, write in acknowledged.items())
        assert lake.raw.is_sound(lake.raw.put(b"kept all the same"))
        assert damages(lake) == []
        lake.close()
    figure(
        f"S3 answered 500 {failed[0]} times, and slowly",
        f"{len(acknowledged)} light curves, none lost or torn",
    )
