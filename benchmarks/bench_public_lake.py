"""The public lake: publishing it, and one light curve of it by URL where each request takes 50 ms.

``python benchmarks/bench_public_lake.py`` takes a million points, ``--points 10000000`` ten.
"""

import argparse
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import duckdb
import numpy as np
import polars as pl
import uvicorn
from sqlalchemy import insert
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from benchmarks.data import POINTS_PER_TARGET, arrivals, points_of_one
from engine.target import Target
from engine.times import mjd_now
from lake.extensions import load_extension
from lake.opening import Lake, open_lake
from lake.operations import targets, writing
from lake.provenance import new_batch
from lake.public.publish import Terms, publish
from lake.settings import read_settings
from lake.target_rows import row_of
from portal.api.app import build_api

LATENCY_S = 0.05
BAR_S, BAR_MB = 0.35, 2.0
RUNS = 9
COLUMNS = ("mjd", "band", "mag", "mag_err", "limit_mag")


@dataclass(slots=True)
class SlowWeb:
    """ASGI: the app on a link where every request takes 50 ms, with its requests counted."""

    app: ASGIApp
    requests: int = 0
    sent_bytes: int = 0
    url: str = field(default="")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, then answer as the app does."""

        async def counted(message: Message) -> None:
            self.sent_bytes += len(message.get("body", b""))
            await send(message)

        self.requests += 1
        await anyio.sleep(LATENCY_S)
        await self.app(scope, receive, counted)


def fill(lake: Lake, points: int) -> int:
    """Return how many targets were made, spread evenly over the sky, with their points."""
    number, rng = points // POINTS_PER_TARGET, np.random.default_rng(2)
    ra_deg, z = rng.uniform(0.0, 360.0, number), rng.uniform(-1.0, 1.0, number)
    rows = [
        row_of(Target(name=f"Star{i}", ra_deg=float(ra_deg[i]), dec_deg=float(np.degrees(np.arcsin(z[i])))))
        | {"target_id": i, "created_by": "bench", "created_mjd": mjd_now()}
        for i in range(number)
    ]
    with writing(lake.operations) as connection:
        connection.execute(insert(targets), rows)
    for piece in arrivals(points):
        lake.store.ingest(piece, batch=new_batch("bench", "bench"))
    return number


def timed_publish(lake: Lake, what: str) -> None:
    """Publish, and print how long it took and how much was written."""
    began = time.perf_counter()
    done = publish(lake, Terms(), progress=lambda _words, _done: None)
    took_s = time.perf_counter() - began
    megabytes = done.version.size_bytes / 1e6
    print(f"| publish: {what} | {took_s:.1f} s | {done.written} of {done.files} files, {megabytes:.0f} MB |")


@contextmanager
def served(lake: Lake) -> Iterator[SlowWeb]:
    """Serve the lake over the slow link."""
    web = SlowWeb(build_api(lambda: lake))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        web.url = f"http://127.0.0.1:{listening.getsockname()[1]}/lake/latest/"
        server = uvicorn.Server(uvicorn.Config(web, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield web
        server.should_exit = True
        thread.join()


def by_duckdb(url: str, name: str) -> tuple[float, float, int]:
    """Return seconds to find a target, seconds to its light curve, and the number of points."""
    with duckdb.connect() as connection:
        load_extension(connection, "httpfs")
        began = time.perf_counter()
        connection.execute("SET VARIABLE lake = $url", {"url": url})
        connection.execute(
            "SET VARIABLE star = (SELECT star FROM read_parquet(getvariable('lake') || 'targets.parquet')"
            f" star WHERE name = '{name}')"
        )
        found = time.perf_counter()
        rows = connection.execute(
            f"SELECT {', '.join(COLUMNS)} FROM read_parquet("
            "getvariable('lake') || getvariable('star').photometry)"
            " WHERE target_id = getvariable('star').target_id"
        ).fetchall()
        return found - began, time.perf_counter() - found, len(rows)


def by_polars(url: str, name: str) -> tuple[float, float, int]:
    """Return the same by polars."""
    began = time.perf_counter()
    star = (
        pl.scan_parquet(url + "targets.parquet").filter(pl.col("name") == name).collect().row(0, named=True)
    )
    found = time.perf_counter()
    points = pl.scan_parquet(url + star["photometry"]).filter(pl.col("target_id") == star["target_id"])
    rows = points.select(COLUMNS).collect()
    return found - began, time.perf_counter() - found, len(rows)


def measure(
    web: SlowWeb, number: int, label: str, ask: Callable[[str, str], tuple[float, float, int]]
) -> None:
    """Print medians over targets that were not asked for before."""
    names = [f"Star{i}" for i in np.linspace(1, number - 2, RUNS + 1, dtype=int)]
    ask(web.url, names[0])  # the libraries themselves are warm, nothing of the lake is
    web.requests = web.sent_bytes = 0
    times = [ask(web.url, name) for name in names[1:]]
    curve_s, all_s = statistics.median(t[1] for t in times), statistics.median(t[0] + t[1] for t in times)
    megabytes = web.sent_bytes / RUNS / 1e6
    met = "yes" if curve_s <= BAR_S and megabytes <= BAR_MB else "**no**"
    together = f"{web.requests / RUNS:.0f} requests, {megabytes:.2f} MB, both together"
    print(f"| {label}: a light curve | {curve_s:.2f} s; with the name looked up {all_s:.2f} s | {together} |")
    print(f"| bar: {BAR_S} s, {BAR_MB:g} MB | | {met} |")


def main() -> None:
    """Build a lake, publish it three times, and read from it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=10**6)
    points = parser.parse_args().points
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        lake = open_lake(read_settings({"TOMLAKE_DATA": str(Path(folder) / "data")}))
        number = fill(lake, points)
        print(f"| {points:,} points, {number:,} targets | | |\n|---|---|---|")
        timed_publish(lake, "first")
        again = points_of_one(1, "ztf", look=1)
        lake.store.replace_points(1, "ztf", again, batch=new_batch("bench", "ztf", target_id=1))
        timed_publish(lake, "after one light curve changed")
        timed_publish(lake, "nothing changed")
        with served(lake) as web:
            measure(web, number, "DuckDB", by_duckdb)
            measure(web, number, "polars", by_polars)
        lake.close()


if __name__ == "__main__":
    main()
