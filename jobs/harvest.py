"""The task `harvest`: what one archive knows of one target comes into the lake, with its raw answer."""

import time
from dataclasses import fields

import polars as pl

from engine.brokers.client import HttpClient
from engine.brokers.protocol import Broker, BrokerInfo, Http, Query
from engine.brokers.registry import broker
from engine.errors import Rejected, Transient
from engine.target import Target
from jobs.kept_answers import KeptAnswers
from jobs.progress import Progress
from lake.archives import record_answer, record_failure
from lake.opening import Lake
from lake.provenance import Batch, new_batch
from lake.queue import Job
from lake.rights import SYSTEM
from lake.target_list import update_summary
from lake.targets import get_target


def harvest(lake: Lake, job: Job, progress: Progress) -> str:
    """Return how many points the archive ``source`` has of the target ``target_id``, now in the lake."""
    with HttpClient() as http:
        return harvest_by(http, lake, job, progress)


def harvest_by(http: Http, lake: Lake, job: Job, progress: Progress) -> str:
    """Do what ``harvest`` does with an ``Http`` of one's own."""
    target = get_target(lake.operations, int(job.args["target_id"]), SYSTEM)
    return harvest_target(
        http, lake, target, source=job.args["source"], by=f"job {job.job_id}", progress=progress
    )


def harvest_target(
    http: Http, lake: Lake, target: Target, *, source: str, by: str, progress: Progress
) -> str:
    """Return how many points an archive has of a target, now in the lake under the name of who asked.

    Raises
    ------
    Rejected
        ``unknown-target``, ``unknown-archive``, ``simulated-target``, or the archive's answer is broken.
    Transient
        The archive cannot answer now.
    """
    archive = broker(source)
    info = archive.info
    if target.simulated:
        raise Rejected(f"{target.name} is simulated: no archive has seen it.", code="simulated-target")
    query = query_of(target)
    kept = KeptAnswers(http, lake.settings.data_dir / "kept", urls=info.index_urls)
    progress(f"Asking {info.title}", 0.1)
    began_s = time.monotonic()
    try:
        raw_sha256, points = _answer(lake, archive, query, kept)
    except (Rejected, Transient) as error:
        record_failure(lake.operations, info.key, query.target_id, error)
        raise
    latency_s = time.monotonic() - began_s
    progress("Storing", 0.8)
    batch = _batch(info, query, raw_sha256, by)
    lake.store.replace_points(query.target_id, info.key, points, batch=batch)
    update_summary(lake.operations, query.target_id, lake.store.light_curve(query.target_id))
    record_answer(lake.operations, info.key, query.target_id, rows=len(points), latency_s=latency_s)
    return (
        f"{info.title} has {len(points)} points of {target.name}."
        if len(points)
        else (f"{info.title} has nothing of {target.name}.")
    )


def _batch(info: BrokerInfo, query: Query, raw_sha256: str, by: str) -> Batch:
    asked = {field.name: getattr(query, field.name) for field in fields(Query) if field.name != "target_id"}
    return new_batch(
        "harvest",
        info.key,
        target_id=query.target_id,
        parameters=asked | {"release": info.release},
        raw_sha256=raw_sha256,
        by=by,
    )


def query_of(target: Target) -> Query:
    """Return the question that asks an archive for a target."""
    return Query(
        target_id=target.target_id or 0,
        name=target.name,
        names=tuple(name for _, name in target.aliases),
        ra_deg=target.ra_deg,
        dec_deg=target.dec_deg,
        epoch=target.epoch,
        pm_ra_mas_yr=target.pm_ra_mas_yr,
        pm_dec_mas_yr=target.pm_dec_mas_yr,
    )


def _answer(lake: Lake, archive: Broker, query: Query, http: Http) -> tuple[str, pl.DataFrame]:
    """Return (sha256 of the raw answer, points); the answer is kept before it is read."""
    body = archive.fetch(query, http)
    raw_sha256 = lake.raw.put(body) if body else ""
    return raw_sha256, archive.parse(body, query)
