"""The API: lists, light curves and uploads at 1, 16 and 64 connections, beside others in the same run.

``python benchmarks/bench_api.py`` takes light curves of 1,000, 50,000 and a million points and files of
100 MB; ``--quick`` a tenth of the largest. The others are bare routes of FastAPI that send the same bytes out
of memory and throw away what they get, DuckDB's own COPY of the same rows, and TOM Toolkit of PyPI, which
``--no-peer`` leaves out.
"""

import argparse
import tempfile
from contextlib import ExitStack
from pathlib import Path

import requests

from benchmarks.api_lake import LISTED, Bench, built
from benchmarks.api_servers import Server, bare, portal
from benchmarks.api_tables import (
    PEER_LENGTHS,
    TIMES_LONGER,
    Servers,
    copy,
    memory,
    reads,
    routes,
    signed,
    small_reads,
    uploads,
)
from benchmarks.tom_toolkit import TOKEN, if_possible, tom_toolkit

_PIECE_BYTES = 1 << 20


def main() -> None:
    """Print the tables."""
    told = _arguments()
    longest, size_mb = (100_000, 10) if told.quick else (1_000_000, 100)
    with tempfile.TemporaryDirectory(prefix="bench-api-") as name, ExitStack() as until_end:
        folder = Path(name)
        bench = built(folder / "lake", (1000, 50_000, longest, TIMES_LONGER * longest))
        print("| what | tomlake | beside | bar | met |\n|---|---|---|---|---|")
        with portal(folder / "lake") as ours:  # a server that has done nothing yet
            memory(ours, bench, longest, size_mb=size_mb)
            copy(ours, bench, longest, folder / "lake")
        ours = until_end.enter_context(portal(folder / "lake"))
        bodies = folder / "bodies"
        bodies.mkdir()
        read = routes(bench, longest)
        for route in read:
            _fetch(ours.url + route.path, bench, bodies / route.key)
        servers = Servers(
            ours=ours,
            bare=until_end.enter_context(bare(bodies)),
            peer=None if told.no_peer else _peer(folder, until_end),
            token=bench.token,
            time_s=told.time_s,
        )
        small_reads(servers, [f"Bench{number:03d}" for number in range(10, LISTED)])
        print("\n| answers a second (p50 / p95) | connections | tomlake | bare | ratio | TOM Toolkit |")
        print("|---|---|---|---|---|---|")
        for route in read:
            reads(servers, route, bodies / route.key)
        uploads(servers, size_mb=size_mb)
        bench.lake.close()


def _fetch(url: str, bench: Bench, path: Path) -> None:
    with (
        requests.get(url, headers=signed(bench.token), stream=True, timeout=120) as answer,
        path.open("wb") as file,
    ):
        answer.raise_for_status()
        for piece in answer.iter_content(_PIECE_BYTES):
            file.write(piece)


def _peer(folder: Path, until_end: ExitStack) -> Server | None:
    return if_possible(tom_toolkit(folder, (TOKEN, *PEER_LENGTHS)), until_end)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the largest")
    parser.add_argument("--no-peer", action="store_true", help="without TOM Toolkit")
    parser.add_argument("--time-s", type=float, default=1.5, help="how long each load lasts")
    return parser.parse_args()


if __name__ == "__main__":
    main()
