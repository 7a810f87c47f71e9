"""The portal's pages beside TOM Toolkit's, on the same points in the same run.

``python benchmarks/bench_pages.py`` opens the pages of targets with 40 to 50,000 points, the list of 5,000
targets and a CSV of 50,000 points on both sides, then runs our target page again and again: alone, by 100
sessions that think about ten seconds, and 10,000 times. ``--quick`` lists 500 targets and runs a tenth as
often; ``--no-peer`` leaves TOM Toolkit out. Times are the processor's, so that others count less.
"""

import argparse
import asyncio
import tempfile
from contextlib import ExitStack
from pathlib import Path

import aiohttp

from benchmarks.api_servers import Server, portal
from benchmarks.pages_cost import Cost, Pair
from benchmarks.pages_crowd import SESSIONS, crowd, memory_over, rerun
from benchmarks.pages_lake import FILL, Filled, filled
from benchmarks.pages_peer import MORE_SETTINGS
from benchmarks.tom_toolkit import if_possible, tom_toolkit

LENGTHS = (40, 1000, 10_000, 50_000)
AT_MOST = 0.1  # of what the peer needs
_PATIENCE_S = 600.0


def main() -> None:
    """Print the tables."""
    told = _arguments()
    with tempfile.TemporaryDirectory(prefix="bench-pages-") as name, ExitStack() as until_end:
        made = filled(Path(name), LENGTHS, listed=500 if told.quick else 5000)
        peer = None if told.no_peer else _peer(Path(name), made, until_end)
        ours = until_end.enter_context(portal(Path(name) / "lake"))
        asyncio.run(_measure(ours, peer, made, fewer=10 if told.quick else 1))
        made.lake.close()


async def _measure(ours: Server, peer: Server | None, made: Filled, *, fewer: int) -> None:
    limits = aiohttp.TCPConnector(limit=0)
    patience = aiohttp.ClientTimeout(total=_PATIENCE_S)
    async with aiohttp.ClientSession(
        connector=limits,
        timeout=patience,
        auto_decompress=False,  # what is counted is what was sent
    ) as client:
        pair = Pair(ours=ours, peer=peer, filled=made, client=client)
        await _beside(pair)
        await _again(pair, fewer=fewer)


async def _beside(pair: Pair) -> None:
    print("| what | CPU ms: tomlake | TOM Toolkit | ratio | kB: tomlake | TOM Toolkit | ratio | met |")
    print("|---|---|---|---|---|---|---|---|")
    for number, (points, name) in enumerate(pair.filled.curves.items(), 1):
        ours = await pair.our_page(f"target?name={name}")
        _line(f"target page, {points:,} points", ours, await pair.their_page(f"/targets/{number}/"))
    listed = pair.filled.listed
    _line(f"list of {listed:,} targets", await pair.our_page("targets"), await pair.their_page("/targets/"))
    ours = await pair.our_file("/download/targets/csv")
    _line(f"CSV of {listed:,} targets", ours, await pair.their_page("/targets/export/"))
    ours = await pair.our_file(f"/download/{pair.filled.curves[LENGTHS[-1]]}.csv")
    _line(f"CSV of {LENGTHS[-1]:,} points", ours, await pair.their_csv(len(LENGTHS)))


def _line(what: str, ours: Cost, theirs: Cost | None) -> None:
    if theirs is None:
        print(f"| {what} | {ours.words} | | | {ours.all_bytes / 1e3:,.0f} | | | |", flush=True)
        return
    worst_ms = max(ours.cpu_ms, ours.cold_cpu_ms or 0.0)
    ratios = worst_ms / theirs.cpu_ms, ours.all_bytes / theirs.all_bytes
    met = " / ".join("yes" if ratio <= AT_MOST else "**no**" for ratio in ratios)
    rest = theirs.all_bytes - theirs.library_bytes
    without = ""
    if theirs.library_bytes:
        without = f" ({rest / 1e3:,.0f} without plotly.js: 1/{rest / ours.all_bytes:.1f})"
    times = f"{ours.words} | {theirs.cpu_ms:,.0f} | 1/{1 / ratios[0]:.1f}"
    sizes = f"{ours.all_bytes / 1e3:,.0f} | {theirs.all_bytes / 1e3:,.0f}{without} | 1/{1 / ratios[1]:.1f}"
    print(f"| {what} | {times} | {sizes} | {met} |", flush=True)


async def _again(pair: Pair, *, fewer: int) -> None:
    print("\n| our target page again | | bar | met |\n|---|---|---|---|")
    for points, name in pair.filled.curves.items():
        told = await rerun(pair.client, pair.ours, f"target?name={name}", times=200 // fewer)
        what = f"a warm rerun at {points:,} points ({told.all_bytes / 1e3:,.0f} kB; {told.times})"
        _bar(what, told.cpu_ms, "ms CPU", bar=30.0 if points <= LENGTHS[2] else None)
    short = [f"target?name=Bench{number:04d}" for number in range(SESSIONS)]
    many = await crowd(pair.client, pair.ours, short, time_s=120.0 / fewer)
    _bar(
        f"p95 of {len(many.reruns.times_s):,} reruns by {SESSIONS} sessions that think 10 s "
        f"(p50 {many.reruns.p50_ms:.0f} ms, {many.cores:.2f} of a core)",
        many.reruns.p95_ms,
        "ms",
        bar=100.0,
    )
    _bar("most memory meanwhile", many.memory_mb, "MB", bar=600.0)
    times = 10_000 // fewer
    most_mb = await memory_over(pair.client, pair.ours, short, times=times)
    parts = ", ".join(f"{each:.0f}" for each in most_mb)
    _bar(f"most memory in each fifth of {times:,} reruns: {parts}", most_mb[-1], "MB", bar=600.0)
    _bar("the last fifth, of the second", most_mb[-1] / most_mb[1], "×", bar=1.03)


def _bar(what: str, value: float, unit: str, *, bar: float | None) -> None:
    limit = "" if bar is None else f"≤ {bar:g} {unit}"
    met = "" if bar is None else "yes" if value <= bar else "**no**"
    print(f"| {what} | {value:.3g} {unit} | {limit} | {met} |", flush=True)


def _peer(folder: Path, made: Filled, until_end: ExitStack) -> Server | None:
    told = (made.targets_csv, made.points_csv)
    return if_possible(tom_toolkit(folder, told, fill=FILL, settings=MORE_SETTINGS), until_end)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="500 targets, and a tenth of the reruns")
    parser.add_argument("--no-peer", action="store_true", help="without TOM Toolkit")
    return parser.parse_args()


if __name__ == "__main__":
    main()
