"""The lines that docs/public-lake.md gives to DuckDB and polars work, in few requests and few bytes."""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import polars as pl
import pytest
from api_server import running
from installations import settings_in
from public_lakes import add_points, add_target, published

from lake.extensions import load_extension
from lake.opening import open_lake
from lake.public.shelf import Item, Shelf

PAGE = (Path(__file__).parents[3] / "docs" / "public-lake.md").read_text()
STAR = "Gaia22dkv"
POINTS = 900
MOST_BYTES = 2_000_000


@dataclass(slots=True)
class Traffic:
    """What was sent since it was last forgotten."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    bodies: int = 0
    sent_bytes: int = 0

    def forget(self) -> None:
        self.bodies = self.sent_bytes = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """A served public lake."""

    url: str
    mags: list[float]
    traffic: Traffic

    def lines(self, language: str, heading: str) -> str:
        """Return the code block of the page below a heading, for this server."""
        block = re.search(rf"{heading}:\n```{language}\n(.*?)```", PAGE, re.DOTALL)
        assert block is not None
        return block[1].replace("https://HOST", self.url)


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    lake = open_lake(settings_in(tmp_path_factory.mktemp("readers") / "data"))
    star = add_target(lake, STAR)
    for number in range(14):
        near = add_target(
            lake, f"Near{number}", ra_deg=star.ra_deg, dec_deg=star.dec_deg + 0.01 * (number + 1)
        )
        add_points(lake, near, 5000)
    add_points(lake, star, POINTS)
    published(lake)
    curve = lake.store.light_curve(star.target_id or 0)
    traffic, chunks = Traffic(), Shelf.chunks

    def counted(shelf: Shelf, item: Item, start: int, end: int) -> Iterator[bytes]:
        with traffic.lock:
            traffic.bodies += 1
            traffic.sent_bytes += end - start
        return chunks(shelf, item, start, end)

    with pytest.MonkeyPatch.context() as patch, running(lake) as port:
        patch.setattr(Shelf, "chunks", counted)
        yield Web(url=f"http://127.0.0.1:{port}", mags=list(curve["mag"]), traffic=traffic)
    lake.close()


def test_duckdb_reads_a_light_curve_by_the_three_lines(web: Web) -> None:
    with duckdb.connect() as connection:
        load_extension(connection, "httpfs")
        *before, last = web.lines("sql", "DuckDB").strip().splitlines()
        for line in before:
            connection.execute(line)
        web.traffic.forget()
        rows = connection.execute(last).fetchall()
    assert [row[2] for row in rows] == web.mags
    assert web.traffic.bodies <= 4  # and one HEAD: five times 50 ms
    assert web.traffic.sent_bytes <= MOST_BYTES


def test_polars_reads_a_light_curve_by_the_three_lines(web: Web) -> None:
    web.traffic.forget()
    names = {"pl": pl}
    exec(web.lines("python", "polars"), names)
    curve = names["curve"]
    assert isinstance(curve, pl.DataFrame)
    assert list(curve["mag"]) == web.mags
    assert web.traffic.bodies <= 4  # two for the targets, two for the points
    assert web.traffic.sent_bytes <= MOST_BYTES


def test_duckdb_reads_all_points_by_the_list_of_files(web: Web) -> None:
    with duckdb.connect() as connection:
        load_extension(connection, "httpfs")
        *before, last = web.lines("sql", "All points at once, in DuckDB").strip().splitlines()
        for line in before:
            connection.execute(line)
        assert sum(row[1] for row in connection.execute(last).fetchall()) == POINTS + 14 * 5000
