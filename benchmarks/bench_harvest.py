"""Harvesting: one target from all archives at their real pace, many within every host's limit, and parsing.

``python benchmarks/bench_harvest.py`` plays all archives on a local server
(``benchmarks/archive_server.py``). The first table waits as long as the slowest archive does in life.
"""

import resource
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from io import BytesIO

import pandas as pd
from sqlalchemy import func, select, update

from benchmarks.archive_server import Play, Served, archives, enlarged, made_answer, question_of, routes_of
from benchmarks.archive_targets import add_target_for
from engine.brokers.asking.accounts import ACCOUNTS
from engine.brokers.asking.client import HttpClient, Limits
from engine.brokers.protocol import Asks, Broker
from engine.brokers.reading.bundle import is_bundle
from engine.brokers.reading.increments import parsed
from engine.brokers.registry import BROKERS, broker
from engine.errors import Rejected
from engine.target import Target
from engine.times import datetime_of
from jobs.harvester import Harvester
from lake.archives import request_all
from lake.opening import Lake, open_lake
from lake.operations import harvests, jobs, reading, writing
from lake.settings import read_settings

TARGETS = 100
HOST_INTERVAL_S = 0.1
SECRETS = dict.fromkeys(ACCOUNTS, "7")
SERVED = [archive for archive in BROKERS if archive.info.asks != Asks.FILE]
PARSED_ROWS = 20_000
LEAST_ROW_BYTES = 15
KIB = 1024.0
SLOWEST_S, HOURS_S, TICKET_S = 90.0, 600.0, 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvested:
    """How a run went."""

    took_s: float
    first_points_s: float  # after the first archive answered
    ended: Counter[str]
    served: Served
    peak_mb: float


def main() -> None:
    """Print the tables."""
    one = harvest(1, pace=1.0, limits=Limits())
    slowest = max(SERVED, key=latency_of)
    print(f"| one target, {len(SERVED)} archives at their own pace | |\n|---|---|")
    print(f"| the slowest archive, {slowest.info.title} | {latency_of(slowest):.0f} s |")
    print(f"| all archives, to the last point in the lake | {one.took_s:.1f} s |")
    print(f"| ratio (bar 1.1) | {one.took_s / latency_of(slowest):.2f} |")
    print(f"| first points in the lake after the first answer (bar 2 s) | {one.first_points_s:.2f} s |")
    print(f"| jobs | {dict(one.ended)} |\n")
    many = harvest(TARGETS, pace=0.01, limits=Limits(host_interval_s=HOST_INTERVAL_S))
    busiest, most = busiest_host(many.served)
    print(f"| {TARGETS} targets, {len(SERVED)} archives, answers a hundred times as quick | |\n|---|---|")
    print(f"| all of it | {many.took_s:.0f} s, {sum(many.ended.values()) / many.took_s:.0f} harvests/s |")
    print(f"| most questions to one host in a second ({busiest}), limit {1 / HOST_INTERVAL_S:.0f} | {most} |")
    print(f"| peak memory of the harvester (bar 500 MB) | {many.peak_mb:.0f} MB |")
    print(f"| jobs | {dict(many.ended)} |\n")
    print("| archive | answer | rows/s | pandas.read_csv, the same bytes | ratio |\n|---|---|---|---|---|")
    for archive in BROKERS:
        print(parse_row(archive))


def harvest(number: int, *, pace: float, limits: Limits) -> Harvested:
    """Ask every archive for ``number`` targets of its own, its answers slowed by its latency times a pace."""
    plays = [play(archive, pace) for archive in SERVED]
    with tempfile.TemporaryDirectory() as name:
        lake = open_lake(read_settings({"TOMLAKE_DATA": name}))
        with (
            archives(plays) as (adapter, served),
            HttpClient(limits, secrets=SECRETS, adapter=adapter) as http,
        ):
            for each in plays:
                for target in add_targets(lake, each.key, number):
                    request_all(lake.operations, [broker(each.key).info], target)
            began_s = time.monotonic()
            harvester = Harvester(lake, http, name="harvester-of-a-benchmark")
            while waiting(lake):
                harvester.run(once=True)
                time.sleep(0.05)
            took_s = time.monotonic() - began_s
        with reading(lake.operations) as connection:
            ended = Counter(connection.execute(select(jobs.c.state)).scalars())
            first_mjd = connection.execute(select(func.min(harvests.c.answered_mjd))).scalar_one()
        lake.close()
    return Harvested(
        took_s=took_s,
        first_points_s=datetime_of(first_mjd).timestamp() - min(served.answered_at),
        ended=ended,
        served=served,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB,
    )


def play(archive: Broker, pace: float) -> Play:
    """Return an archive that answers all its questions together in its latency."""
    routes = routes_of(archive.info.key)
    return Play(key=archive.info.key, routes=routes, latency_s=pace * latency_of(archive) / len(routes))


def latency_of(archive: Broker) -> float:
    """Return how long an archive takes; one that works for hours gives tickets, each in two seconds."""
    latency_s = archive.info.latency_s
    return min(latency_s, SLOWEST_S) if latency_s < HOURS_S else TICKET_S


def add_targets(lake: Lake, key: str, number: int) -> list[Target]:
    """Return new targets that an archive's hand-made answers are about; all stand at one place."""
    with writing(lake.operations) as connection:
        return [add_target_for(connection, key, name=f"Number {count} for {key}") for count in range(number)]


def waiting(lake: Lake) -> bool:
    """Return whether a job waits; those with a ticket need not wait for their time."""
    with writing(lake.operations) as connection:
        connection.execute(update(jobs).where(jobs.c.ticket != "").values(not_before_mjd=0.0))
        states = connection.execute(select(jobs.c.state).distinct()).scalars().all()
    return "waiting" in states


def busiest_host(served: Served) -> tuple[str, int]:
    """Return the host that was asked most often within one second, and how often."""
    counts = Counter((host, int(at_s)) for at_s, host in served.hosts)
    (host, _), most = counts.most_common(1)[0]
    return host, most


def parse_row(archive: Broker) -> str:
    """Return how quickly an archive's answers are read, as a line of the table."""
    key = archive.info.key
    body = enlarged(made_answer(key), PARSED_ROWS)
    shown = f"{len(body) / 1e6:.1f} MB"
    if len(body) < LEAST_ROW_BYTES * PARSED_ROWS:
        return f"| {key} | | its form cannot be made longer | | |"
    began_s = time.process_time()
    try:
        parsed(archive, body, question_of(key))
    except Rejected:  # it counts its rows
        return f"| {key} | | its form cannot be made longer | | |"
    ours_s = time.process_time() - began_s
    if is_bundle(body) or body.lstrip()[:1] in {b"{", b"[", b"<"} or body[256:].count(b",") < PARSED_ROWS:
        return f"| {key} | {shown} | {PARSED_ROWS / ours_s:,.0f} | | |"
    began_s = time.process_time()
    pd.read_csv(BytesIO(body), comment="#", header=None, on_bad_lines="skip", low_memory=False)
    theirs_s = time.process_time() - began_s
    rates = f"{PARSED_ROWS / ours_s:,.0f} | {PARSED_ROWS / theirs_s:,.0f} | {ours_s / theirs_s:.0f}"
    return f"| {key} | {shown} | {rates} |"


if __name__ == "__main__":
    main()
