"""The tables of the API's benchmark: answers a second, uploads, small reads beside people, CSV, memory."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import duckdb
import numpy as np

from benchmarks.api_lake import Bench
from benchmarks.api_load import Ask, Load, loaded, sent_once
from benchmarks.api_servers import Server
from benchmarks.api_sessions import loaded_beside
from benchmarks.figures import Row, Sample, seconds
from benchmarks.tom_toolkit import TOKEN
from lake.targets import get_target

CONNECTIONS = (1, 16, 64)
MB = 1_000_000
LARGE_BYTES = 100 * MB  # such an answer takes seconds
TIMES = 3  # what is timed alone is repeated, and the least counts: others use the machine too
SESSIONS, SMALL_CONNECTIONS = 20, 16
TIMES_LONGER = 4  # than the longest that is timed: such a light curve must need no more memory
PEER_LENGTHS = (1000, 50_000)  # TOM Toolkit makes an object of every point before it sends the first


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One thing to be read."""

    what: str
    path: str
    peer_path: str = ""

    @property
    def key(self) -> str:
        """Return a name for the file of its answer."""
        return "".join(char if char.isalnum() else "-" for char in self.what)


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Who is asked in turn, and for how long."""

    ours: Server
    bare: Server
    peer: Server | None
    token: str
    time_s: float

    def ask(self, path: str) -> Ask:
        """Return a request to tomlake."""
        return Ask(url=self.ours.url + path, headers=signed(self.token))


def signed(token: str) -> Mapping[str, str]:
    """Return the headers of a client with a token, which both kinds of server take."""
    return {"Authorization": f"Token {token}"}


def routes(bench: Bench, longest: int) -> list[Route]:
    """Return what is read: the list, and light curves up to a length as JSON and CSV."""
    found = [
        Route(
            what="list of 200 targets", path="/api/v1/targets?limit=200", peer_path="/api/targets/?limit=200"
        )
    ]
    for number, (points, name) in enumerate(bench.curves.items(), 1):
        if points > longest:
            continue
        at = f"/api/v1/targets/{name}/light-curve?format="
        peer = f"/api/reduceddatums/?target__id={number}&data_type=photometry&limit={points}"
        has_peer = points in PEER_LENGTHS
        found.append(Route(what=f"JSON, {points:,} points", path=at + "json", peer_path=peer * has_peer))
        found.append(Route(what=f"CSV, {points:,} points", path=at + "csv"))
    return found


def reads(servers: Servers, route: Route, body: Path) -> None:
    """Print how many answers a second come over 1, 16 and 64 connections."""
    size_bytes = body.stat().st_size
    bare = Ask(url=f"{servers.bare.url}/bytes/{body.name}")
    for connections in CONNECTIONS:
        time_s = servers.time_s * (4 if size_bytes > LARGE_BYTES else 1)
        ours = loaded(servers.ask(route.path), connections=connections, time_s=time_s)
        theirs = loaded(bare, connections=connections, time_s=time_s)
        peer = ""
        if servers.peer is not None and route.peer_path:
            asked = Ask(url=servers.peer.url + route.peer_path, headers=signed(TOKEN))
            whole = sent_once(asked, connections=1)
            heard = loaded(asked, connections=connections, time_s=2 * servers.time_s)
            peer = _told(heard, whole.bytes_in)
        ratio = ours.per_s(size_bytes) / theirs.per_s(size_bytes)
        print(
            f"| {route.what} ({size_bytes / MB:.3g} MB) | {connections} | {_told(ours, size_bytes)} | "
            f"{_told(theirs, size_bytes)} | {ratio:.2f} | {peer} |",
            flush=True,
        )


def uploads(servers: Servers, *, size_mb: int) -> None:
    """Print how many files a second are taken in; of 64 at once each is a quarter as large."""
    for connections in CONNECTIONS:
        each_mb = size_mb // 4 if connections > 16 else size_mb
        ours = sent_once(
            _upload(servers.ours.url + "/upload/", servers.token, each_mb), connections=connections
        )
        theirs = sent_once(_upload(servers.bare.url + "/bytes", "", each_mb), connections=connections)
        peer = ""
        if servers.peer is not None and connections == 1:  # it takes 20 s for one
            asked = _upload(servers.peer.url + "/api/dataproducts/", TOKEN, each_mb)
            try:
                peer = _rate(sent_once(asked, connections=connections), each_mb)
            except RuntimeError:
                peer = "refuses it"
        print(
            f"| upload of {each_mb} MB | {connections} | {_rate(ours, each_mb)} | {_rate(theirs, each_mb)} | "
            f"{theirs.took_s / ours.took_s:.2f} | {peer} |",
            flush=True,
        )


def small_reads(servers: Servers, names: list[str]) -> None:
    """Print the times of small reads at 16 connections, alone and while 20 sessions run pages."""
    kinds = {
        "one target": [f"/api/v1/targets/{name}" for name in names],
        "list of 200 targets": ["/api/v1/targets?limit=200"],
        "CSV of 100 points": [f"/api/v1/targets/{name}/light-curve?format=csv" for name in names],
    }
    for what, paths in kinds.items():
        urls = [servers.ours.url + path for path in paths]
        ask = Ask(url=urls, headers=signed(servers.token))
        before_s = servers.ours.cpu_s()
        alone = loaded(ask, connections=SMALL_CONNECTIONS, time_s=2 * servers.time_s)
        cpu_ms = 1e3 * (servers.ours.cpu_s() - before_s) / len(alone.times_s)
        beside, visits = loaded_beside(
            ask,
            connections=SMALL_CONNECTIONS,
            time_s=4 * servers.time_s,
            sessions=SESSIONS,
            page=f"target?name={names[0]}",
        )
        pages = Sample(times_s=tuple(visits.times_s))
        told = (
            f"alone {alone.sample}, {cpu_ms:.2f} ms of processor; beside {beside.sample}; "
            f"{len(pages.times_s)} pages {pages}"
        )
        what_p95 = f"{what}: p95 beside {SESSIONS} sessions"
        _bar(what_p95, beside.sample.p95_ms, "ms", bar=50.0, beside=told)


def copy(server: Server, bench: Bench, points: int, folder: Path) -> None:
    """Print how long the longest CSV takes, and DuckDB's COPY of the same rows, in turn."""
    name = bench.curves[points]
    asks = {
        "/api/v1": f"/api/v1/targets/{name}/light-curve?format=csv",
        "/download": f"/download/{name}.csv",
    }
    sql = _copy_sql(bench, name, folder)
    for what, path in asks.items():
        ask = Ask(url=server.url + path, headers=signed(bench.token))
        pairs = [(sent_once(ask, connections=1).took_s, seconds(lambda: _copied(sql))) for _ in range(TIMES)]
        ours_s, theirs_s = (min(times) for times in zip(*pairs, strict=True))
        told = f"{ours_s:.2f} s : {theirs_s:.2f} s"
        what_of = f"CSV of {points:,} points by {what}, of DuckDB's COPY"
        _bar(what_of, ours_s / theirs_s, "×", bar=2.0, beside=told)


def memory(server: Server, bench: Bench, points: int, *, size_mb: int) -> None:
    """Print what a long answer and a large upload add to the memory of a server that has just begun."""
    at = f"{server.url}/api/v1/targets/{{}}/light-curve?format=csv"
    sent_once(Ask(url=at.format(bench.curves[1000]), headers=signed(bench.token)), connections=1)
    sent_once(_upload(server.url + "/upload/", bench.token, 1), connections=1)
    upload = _upload(server.url + "/upload/", bench.token, size_mb)
    _bar(f"memory added by an upload of {size_mb} MB", _added_mb(server, upload), "MB", bar=10.0)
    asks = {
        length: Ask(url=at.format(bench.curves[length]), headers=signed(bench.token))
        for length in (points, TIMES_LONGER * points)
    }
    _bar(f"memory added by the first CSV of {points:,} points", _added_mb(server, asks[points]), "MB")
    peak_mb = {length: min(_peak_mb(server, ask) for _ in range(TIMES)) for length, ask in asks.items()}
    told = " : ".join(f"{each:.0f} MB" for each in reversed(peak_mb.values()))
    what = f"most memory of the server with one of {TIMES_LONGER * points:,} points, of one of {points:,}"
    _bar(what, peak_mb[TIMES_LONGER * points] / peak_mb[points], "×", bar=1.1, beside=told)


def _added_mb(server: Server, ask: Ask) -> float:
    idle_mb = server.forget_peak()
    sent_once(ask, connections=1)
    return server.peak_mb() - idle_mb


def _peak_mb(server: Server, ask: Ask) -> float:
    server.forget_peak()
    sent_once(ask, connections=1)
    return server.peak_mb()


def _copy_sql(bench: Bench, name: str, folder: Path) -> str:
    target_id = get_target(bench.lake.operations, name, None).target_id
    files = f"{folder}/store/main/photometry/**/*.parquet"
    rows = f"SELECT * FROM read_parquet('{files}') WHERE target_id = {target_id} ORDER BY mjd"
    return f"COPY ({rows}) TO '{folder}/copy.csv' (FORMAT csv, HEADER)"


def _copied(sql: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(sql)


def _upload(url: str, token: str, size_mb: int) -> Ask:
    rest = np.random.default_rng(7).bytes(size_mb * MB - 16)

    def body() -> aiohttp.FormData:
        form = aiohttp.FormData()
        fields = {"target": "Bench199" if "/upload" in url else "199", "data_product_type": "fits_file"}
        for name, value in fields.items():
            form.add_field(name, value)
        word = "file" if "dataproducts" in url else "files"
        form.add_field(word, os.urandom(16) + rest, filename="frame.fits")
        return form

    return Ask(url=url, headers=signed(token) if token else {}, body=body)


def _told(load: Load, size_bytes: int) -> str:
    times = f" ({load.sample})" if len(load.times_s) > 1 else ""
    return f"{load.per_s(size_bytes):.3g}{times}"


def _rate(load: Load, size_mb: int) -> str:
    return f"{len(load.times_s) * size_mb / load.took_s:.0f} MB/s"


def _bar(what: str, value: float, unit: str, *, bar: float | None = None, beside: str = "") -> None:
    is_met = None if bar is None else value <= bar
    row = Row(what=what, ours=f"{value:.3g} {unit}", theirs=beside, is_met=is_met)
    met = {True: "yes", False: "**no**", None: ""}[row.is_met]
    limit = "" if bar is None else f"≤ {bar:g} {unit}"
    print(f"| {row.what} | {row.ours} | {row.theirs} | {limit} | {met} |", flush=True)
