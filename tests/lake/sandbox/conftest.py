"""A small publication beside a secret, and a sandbox over it."""

import socket
from collections.abc import Iterator

import polars as pl
import pytest
from sandbox_ground import ROWS, SECRET, Ground

from lake.sandbox.publication import Publication
from lake.sandbox.run import Sandbox


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("ground")
    data = folder / "public"
    (data / "photometry").mkdir(parents=True)
    (folder / "secret.txt").write_text(SECRET)
    (folder / "operations.sqlite").write_bytes(b"SQLite format 3\x00")
    number = pl.int_range(ROWS, eager=True)
    points = pl.DataFrame(
        {
            "target_id": number // 1000,
            "mjd": 60000.0 + number % 1000,
            "mag": 15.0 + (number % 17) / 10,
            "band": ["g", "r"] * (ROWS // 2),
        }
    )
    files = [data / "photometry" / f"{part}.parquet" for part in range(3)]
    for part, file in enumerate(files):
        points.slice(part * ROWS // 3, ROWS // 3).write_parquet(file, row_group_size=20_000)
    targets = data / "targets.parquet"
    pl.DataFrame({"target_id": range(120), "name": [f"Star{i}" for i in range(120)]}).write_parquet(targets)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        yield Ground(
            publication=Publication(
                name="paper-2026a", snapshot=41, tables={"photometry": files, "targets": [targets]}
            ),
            folder=folder,
            data=data,
            listener=listener,
        )


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    opened = Sandbox(at_once=2, spares=2)
    yield opened
    opened.close()
