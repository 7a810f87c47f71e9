"""The task `watch`: a stream is asked by a person's rule, and what is new there is proposed as targets."""

import logging

from sqlalchemy import Engine

from engine.brokers.asking.client import HttpClient
from engine.brokers.protocol import Http
from engine.brokers.streams.criteria import fitting
from engine.brokers.streams.protocol import Span
from engine.brokers.streams.registry import stream
from engine.errors import Rejected, Transient
from engine.times import mjd_now
from jobs.progress import Progress
from lake.opening import Lake
from lake.proposals import accept_for, store_candidates
from lake.public.origin import origin_of
from lake.queue import Job
from lake.rights import SYSTEM
from lake.settings import Settings
from lake.watches import Watch, enqueue_due_watches, get_watch, record_answer, record_failure

logger = logging.getLogger(__name__)

OVERLAP_D = 1.0  # alerts reach the brokers late
MOST_MADE = 20  # targets that one answer may make by itself; the rest waits for a person


def enqueue_due_streams(settings: Settings, operations: Engine) -> int:
    """Return how many watches are asked now because they are due; a copy of a public lake watches nothing."""
    return 0 if origin_of(settings) is not None else enqueue_due_watches(operations)


def watch_streams(lake: Lake, job: Job, progress: Progress) -> str:
    """Return what is new by the rule of the watch ``watch_id``."""
    with HttpClient(secrets=lake.settings.secrets) as http:
        return watch_streams_by(http, lake, job, progress)


def watch_streams_by(http: Http, lake: Lake, job: Job, progress: Progress) -> str:
    """Do what ``watch_streams`` does with an ``Http`` of one's own.

    Raises
    ------
    Rejected
        ``unknown-watch``, or the stream's answer is broken.
    Transient
        The stream cannot answer now.
    """
    watch = get_watch(lake.operations, int(job.args["watch_id"]), SYSTEM)
    return ask_stream(http, lake, watch, progress) if watch.is_active else "The watch rests."


def ask_stream(http: Http, lake: Lake, watch: Watch, progress: Progress) -> str:
    """Return in words what a stream has by a person's rule; it is among the proposals now."""
    known = stream(watch.stream)
    now_mjd = mjd_now()
    progress(f"Asking {known.info.title}", 0.1)
    try:
        answer = known.fetch(watch.rule, span_of(watch, now_mjd), http)
        found = fitting(known.parse(answer), watch.rule, known.info, now_mjd=now_mjd)
    except (Rejected, Transient) as error:
        record_failure(lake.operations, watch, error)
        raise
    progress("Comparing with what is known", 0.8)
    new = store_candidates(lake.operations, watch, found)
    made = sum(_made(lake, watch, proposal_id) for proposal_id in new[:MOST_MADE] if watch.makes_targets)
    words = f"{known.info.title} has {len(found)} that fit, {len(new)} of them new"
    reason = f"{words}; {made} became targets." if watch.makes_targets else f"{words}."
    record_answer(lake.operations, watch, reason, asked_mjd=now_mjd)
    return reason


def span_of(watch: Watch, now_mjd: float) -> Span:
    """Return what time a question is about: since the last answer, with an overlap."""
    first_seen_mjd = now_mjd - watch.rule.newer_than_d
    answered_mjd = watch.answered_mjd
    since_mjd = first_seen_mjd if answered_mjd is None else max(first_seen_mjd, answered_mjd - OVERLAP_D)
    return Span(first_seen_mjd=first_seen_mjd, since_mjd=since_mjd, until_mjd=now_mjd)


def _made(lake: Lake, watch: Watch, proposal_id: int) -> bool:
    """Make a target of a proposal; one that cannot be one stays a proposal, for a person to look at."""
    try:
        accept_for(lake, watch, proposal_id)
    except Rejected as refusal:
        logger.info("proposal %d became no target: %s", proposal_id, refusal.code)
        return False
    return True
