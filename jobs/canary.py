"""The task `canary`: each archive is asked one question whose answer is known, and tells what has changed."""

import json
import time
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Engine

from engine.brokers.asking.client import HttpClient
from engine.brokers.protocol import Broker, BrokerInfo, Canary, Http, Query
from engine.brokers.reading.increments import parsed
from engine.brokers.reading.shape import changes, shape_of
from engine.brokers.registry import broker
from engine.errors import NotReady, Rejected, TomlakeError, Transient
from engine.times import mjd_now
from jobs.executor import CANARY
from jobs.progress import Progress
from lake.archives import list_archive_health, lock_start, record_answer, record_failure
from lake.opening import Lake
from lake.queue import Job, enqueue, list_jobs

PRIORITY = 8
EVERY_D = 7.0
_JOBS_MAX = 500
_NO_TARGET = 0
_TOLD_MAX = 12


def canary(lake: Lake, job: Job, progress: Progress) -> str:
    """Return what an archive says to its known question."""
    with HttpClient(secrets=lake.settings.secrets) as http:
        return canary_by(http, lake, job, progress)


def canary_by(http: Http, lake: Lake, job: Job, progress: Progress) -> str:
    """Do what ``canary`` does with an ``Http`` of one's own."""
    archive = broker(job.args["source"])
    progress(f"Asking {archive.info.title}", 0.1)
    return ask_canary(http, lake, archive, ticket=job.ticket)


def enqueue_due_canaries(operations: Engine, infos: Iterable[BrokerInfo]) -> int:
    """Return how many archives are now asked their known question: each once a week, if it is in use."""
    used = {health.archive for health in list_archive_health(operations)}
    jobs = list_jobs(operations, kind=CANARY, limit=_JOBS_MAX)
    lately = {job.args.get("source") for job in jobs if mjd_now() - job.created_mjd < EVERY_D}
    due = [info for info in infos if info.canary and info.key in used - lately]
    for info in due:
        lock = f"{lock_start(info.key)}canary"
        enqueue(operations, CANARY, {"source": info.key}, dedupe=lock, lock=lock, priority=PRIORITY)
    return len(due)


def ask_canary(http: Http, lake: Lake, archive: Broker, *, ticket: str = "") -> str:
    """Return in words how an archive answers, and what of its answer's shape changed since the last time.

    Raises
    ------
    Rejected
        ``no-canary``: no question with a known answer; ``canary-silent``: fewer rows than there must be;
        ``schema-drift`` and whatever else the archive's module says.
    """
    info = archive.info
    if info.canary is None:
        raise Rejected(f"{info.title} has no question whose answer is known.", code="no-canary")
    began_s = time.monotonic()
    place = lake.settings.data_dir / "kept" / "canaries" / f"{info.key}.json"
    try:
        body = archive.fetch(_query_of(info.canary, ticket), http)
        changed = _changes(place, body)
        rows = len(parsed(archive, body, _query_of(info.canary, "")))
        if rows < info.canary.least_rows:
            raise Rejected(
                f"{info.title} has {rows} rows of {info.canary.name}, "
                f"where at least {info.canary.least_rows} must be.{_told(changed)}",
                code="canary-silent",
            )
    except NotReady:
        raise
    except (Rejected, Transient) as error:
        record_failure(lake.operations, info.key, _NO_TARGET, error)
        raise
    record_answer(lake.operations, info.key, _NO_TARGET, rows=rows, latency_s=time.monotonic() - began_s)
    _keep(place, body)
    return f"{info.title} has {rows} rows of {info.canary.name}.{_told(changed)}"


def _query_of(question: Canary, ticket: str) -> Query:
    return Query(
        target_id=_NO_TARGET,
        name=question.name,
        names=question.names,
        ra_deg=question.ra_deg,
        dec_deg=question.dec_deg,
        ticket=ticket,
    )


def _changes(place: Path, body: bytes) -> list[str]:
    if not place.exists():
        return []
    return changes(json.loads(place.read_text()), shape_of(body))


def _told(changed: list[str]) -> str:
    if not changed:
        return ""
    more = f" and {len(changed) - _TOLD_MAX} more" if len(changed) > _TOLD_MAX else ""
    return f" Its answer changed: {', '.join(changed[:_TOLD_MAX])}{more}."


def _keep(place: Path, body: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(shape_of(body)))


def sing(http: Http, lake: Lake, key: str) -> tuple[str, bool]:
    """Return (what an archive says in words, whether it is well)."""
    try:
        return ask_canary(http, lake, broker(key)), True
    except TomlakeError as error:
        return error.reason, isinstance(error, NotReady)
