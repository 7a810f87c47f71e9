"""The task `harvest`: what one archive knows of one target comes into the lake, with its raw answer."""

import math
import time
from dataclasses import dataclass, fields, replace

import polars as pl

from engine.brokers.asking.client import HttpClient
from engine.brokers.protocol import Broker, BrokerInfo, Http, Query
from engine.brokers.reach import reason_not_to_ask
from engine.brokers.reading.increments import OVERLAP_D, PIECES_MAX, joined, parsed, pieces_of
from engine.brokers.registry import broker
from engine.errors import NotReady, Rejected, Transient
from engine.target import Target
from jobs.kept_answers import KeptAnswers
from jobs.progress import Progress
from lake.archives import record_answer, record_failure, record_waiting
from lake.opening import Lake
from lake.provenance import Batch, new_batch
from lake.queue import Job
from lake.rights import SYSTEM
from lake.target_list import update_summary
from lake.targets import get_target
from lake.trace.sources import newest_answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who asks, and with what ticket of an earlier question."""

    by: str
    ticket: str = ""


def harvest(lake: Lake, job: Job, progress: Progress) -> str:
    """Return how many points the archive ``source`` has of the target ``target_id``, now in the lake."""
    with HttpClient(secrets=lake.settings.secrets) as http:
        return harvest_by(http, lake, job, progress)


def harvest_by(http: Http, lake: Lake, job: Job, progress: Progress) -> str:
    """Do what ``harvest`` does with an ``Http`` of one's own."""
    target = get_target(lake.operations, int(job.args["target_id"]), SYSTEM)
    asked = Asked(by=f"job {job.job_id}", ticket=job.ticket)
    return harvest_target(http, lake, target, source=job.args["source"], asked=asked, progress=progress)


def harvest_target(
    http: Http, lake: Lake, target: Target, *, source: str, asked: Asked, progress: Progress
) -> str:
    """Return how many points an archive has of a target, now in the lake under the name of who asked.

    Raises
    ------
    Rejected
        ``unknown-target``, ``unknown-archive``, ``not-asked``, or the archive's answer is broken.
    Transient
        The archive cannot answer now.
    NotReady
        The archive has begun to work on it.
    """
    archive = broker(source)
    info = archive.info
    if reason := reason_not_to_ask(info, target):
        raise Rejected(reason, code="not-asked")
    question = _question(lake, info, query_of(target), asked.ticket)
    kept = KeptAnswers(http, lake.settings.data_dir / "kept", urls=info.index_urls)
    progress(f"Asking {info.title}", 0.1)
    began_s = time.monotonic()
    try:
        raw_sha256, points = _answer(lake, archive, question, kept)
    except NotReady as wait:
        record_waiting(lake.operations, info.key, target.target_id or 0, wait)
        raise NotReady(
            wait.reason,
            code=wait.code,
            ticket=question.ticket_of(wait.ticket),
            retry_after_s=wait.retry_after_s,
        ) from wait
    except (Rejected, Transient) as error:
        if error.code == "schema-drift":
            kept.forget()  # it may be the list that was kept
        record_failure(lake.operations, info.key, target.target_id or 0, error)
        raise
    latency_s = time.monotonic() - began_s
    progress("Storing", 0.8)
    store_points(lake, info, question.query, points, raw_sha256=raw_sha256, by=asked.by)
    record_answer(
        lake.operations,
        info.key,
        question.query.target_id,
        rows=len(points),
        latency_s=latency_s,
        release=info.release,
    )
    return (
        f"{info.title} has {len(points)} points of {target.name}."
        if len(points)
        else f"{info.title} has nothing of {target.name}."
    )


def import_answer(lake: Lake, target: Target, source: str, body: bytes, *, by: str) -> str:
    """Return what a file that a person brought says of a target, now in the lake as the archive's points.

    Raises
    ------
    Rejected
        ``unknown-archive``, ``schema-drift``: it is not that archive's file; ``simulated-target``;
        ``empty-file``: there is no point in it.
    """
    archive = broker(source)
    if target.simulated:
        raise Rejected(f"{target.name} is simulated: no archive has seen it.", code="simulated-target")
    query = query_of(target)
    points = parsed(archive, body, query)
    if points.is_empty():
        raise Rejected(f"{archive.info.title}: there is no point in this file.", code="empty-file")
    raw_sha256 = lake.raw.put(body)
    store_points(lake, archive.info, query, points, raw_sha256=raw_sha256, by=by)
    return f"{archive.info.title} has {len(points)} points of {target.name}."


def store_points(
    lake: Lake, info: BrokerInfo, query: Query, points: pl.DataFrame, *, raw_sha256: str, by: str
) -> None:
    """Make these all points that an archive has of a target, with the papers of its answer."""
    parameters = {field.name: getattr(query, field.name) for field in fields(Query) if field.name in _PAPERS}
    batch: Batch = new_batch(
        "harvest",
        info.key,
        target_id=query.target_id,
        parameters=parameters | {"release": info.release},
        raw_sha256=raw_sha256,
        by=by,
    )
    before = lake.store.version()
    if lake.store.replace_points(query.target_id, info.key, points, batch=batch) != before:
        update_summary(lake.operations, query.target_id, lake.store.light_curve(query.target_id))


# of a question, what reading its answer again needs
_PAPERS = frozenset(field.name for field in fields(Query)) - {"target_id", "since_mjd", "ticket"}


def query_of(target: Target) -> Query:
    """Return the question that asks an archive for a target."""
    names = (target.designation, *(name for _, name in target.aliases))
    return Query(
        target_id=target.target_id or 0,
        name=target.name,
        names=tuple(name for name in names if name),
        ra_deg=target.ra_deg,
        dec_deg=target.dec_deg,
        epoch=target.epoch,
        pm_ra_mas_yr=target.pm_ra_mas_yr,
        pm_dec_mas_yr=target.pm_dec_mas_yr,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    query: Query
    earlier: bytes = b""  # what the archive said before; the answer adds to it

    def ticket_of(self, ticket: str) -> str:
        """Return a ticket that tells from when on the archive was asked as well."""
        since = "" if self.query.since_mjd is None else repr(self.query.since_mjd)
        return f"{since} {ticket}"


def _question(lake: Lake, info: BrokerInfo, query: Query, ticket: str) -> _Question:
    """Return what is asked: of an incremental archive only what is newer than its points in the lake."""
    if not info.is_incremental:
        return _Question(query=replace(query, ticket=ticket.partition(" ")[2]))
    if ticket:
        since, _, ticket = ticket.partition(" ")
        asked = replace(query, ticket=ticket, since_mjd=float(since) if since else None)
        return _Question(query=asked, earlier=_earlier(lake, info, query) if since else b"")
    earlier = _earlier(lake, info, query)
    if not earlier or len(pieces_of(earlier, title=info.title)) >= PIECES_MAX:
        return _Question(query=query)
    of_source = lake.store.light_curve(query.target_id).filter(pl.col("source") == info.key)
    last_mjd = of_source["mjd"].max()
    if not isinstance(last_mjd, float):
        return _Question(query=query)
    return _Question(query=replace(query, since_mjd=math.floor(last_mjd - OVERLAP_D)), earlier=earlier)


def _earlier(lake: Lake, info: BrokerInfo, query: Query) -> bytes:
    for batch in newest_answers(lake.store, source=info.key, target_id=query.target_id):
        if batch.raw_sha256 and lake.raw.has(batch.raw_sha256):
            with lake.raw.open(batch.raw_sha256) as stream:
                return stream.read()
    return b""


def _answer(lake: Lake, archive: Broker, question: _Question, http: Http) -> tuple[str, pl.DataFrame]:
    """Return (sha256 of the raw answer, points); the answer is kept before it is read."""
    query = question.query
    body = archive.fetch(query, http)
    if question.earlier and query.since_mjd is not None:
        body = joined(question.earlier, query.since_mjd, body, title=archive.info.title)
    raw_sha256 = lake.raw.put(body) if body else ""
    return raw_sha256, parsed(archive, body, query)
