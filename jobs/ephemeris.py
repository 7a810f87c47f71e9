"""The task `ephemeris`: JPL Horizons tells where a body of the Solar System stands, and the lake keeps it."""

import math
from dataclasses import replace

import numpy as np
import polars as pl

from engine.brokers.asking.client import HttpClient
from engine.brokers.horizons import Ephemeris, Site, Span, fetch_ephemeris
from engine.brokers.protocol import Http
from engine.errors import Rejected, Transient
from engine.target import Target
from engine.times import mjd_now
from jobs.progress import Progress
from lake.ephemerides import (
    GEOCENTRE,
    NODES,
    REFRESH_D,
    WHOLE,
    KeptEphemeris,
    Wanted,
    keep_ephemeris,
    keep_trouble,
    kept_ephemeris,
    wanted_of,
)
from lake.opening import Lake
from lake.queue import Job
from lake.rights import SYSTEM
from lake.targets import get_target

AHEAD_D = 60.0
MARGIN_D = 2.0  # before the first point
NODES_MAX = 2000
NIGHT_STEP_MIN = 10
NIGHT_MARGIN_D = 0.25
_MINUTES_PER_DAY = 1440.0
_FAR_DEG = 3.0  # from node to node: cubics follow a way that bends no faster


def find_ephemeris(lake: Lake, job: Job, progress: Progress) -> str:
    """Return in words the ephemeris that the job asks for, now in the lake."""
    with HttpClient(secrets=lake.settings.secrets) as http:
        return find_ephemeris_by(http, lake, job, progress)


def find_ephemeris_by(http: Http, lake: Lake, job: Job, progress: Progress) -> str:
    """Do what ``find_ephemeris`` does with an ``Http`` of one's own.

    Raises
    ------
    Rejected
        ``unknown-target``, ``no-designation``, or why Horizons does not know the body.
    Transient
        Horizons cannot answer now.
    """
    wanted = wanted_of(job.args)
    target = get_target(lake.operations, wanted.target_id, SYSTEM)
    if target.simulated or not target.designation:
        raise Rejected(
            f"{target.name} has no ephemeris: it is simulated or has no designation.", code="no-designation"
        )
    mjd = lake.store.light_curve(wanted.target_id)["mjd"] if wanted.night == WHOLE else None
    span = night_span(wanted.night) if mjd is None else whole_span(mjd, mjd_now())
    points = 0 if mjd is None else len(mjd)
    kept = kept_ephemeris(lake.operations, wanted)
    if kept is not None and _is_fresh(kept, target, wanted, span):
        if kept.points != points:
            keep_ephemeris(lake.operations, wanted, replace(kept, points=points))
        return f"The ephemeris of {target.name} covers its light curve already."
    progress("Asking JPL Horizons", 0.1)
    try:
        answer = _asked(http, target, wanted, span)
    except (Rejected, Transient) as error:
        keep_trouble(lake.operations, wanted, target.designation, error)
        raise
    keep_ephemeris(lake.operations, wanted, _kept(answer, target, points))
    return f"JPL Horizons tells {len(answer.table)} places of {answer.body}."


def whole_span(mjd: pl.Series, now_mjd: float) -> Span:
    """Return the time of a light curve, until two months ahead, in steps of a day or as many as are kept."""
    first = mjd.min()
    earliest = min(first if isinstance(first, float) else now_mjd, now_mjd) - MARGIN_D
    from_mjd, to_mjd = float(math.floor(earliest)), float(math.ceil(now_mjd + AHEAD_D))
    step_d = max(1.0, (to_mjd - from_mjd) / NODES_MAX)
    return Span(from_mjd=from_mjd, to_mjd=to_mjd, step_min=math.ceil(step_d * _MINUTES_PER_DAY))


def night_span(night: int) -> Span:
    """Return the time round one day of MJD."""
    return Span(from_mjd=night - NIGHT_MARGIN_D, to_mjd=night + 1 + NIGHT_MARGIN_D, step_min=NIGHT_STEP_MIN)


def place_of(observer: str) -> str | Site:
    """Return the observer of a job as Horizons is asked for it."""
    if observer == GEOCENTRE:
        return observer
    longitude_deg, latitude_deg, height_m = (float(part) for part in observer.split(","))
    return Site(longitude_deg=longitude_deg, latitude_deg=latitude_deg, height_m=height_m)


def _is_fresh(kept: KeptEphemeris, target: Target, wanted: Wanted, span: Span) -> bool:
    """Return whether nothing has to be asked: a job that was done twice, or points in a time that is told."""
    if kept.designation != target.designation or kept.code:
        return False
    if wanted.night != WHOLE:
        return kept.covers(wanted.night, wanted.night + 1)
    is_young = mjd_now() - kept.asked_mjd < REFRESH_D
    return is_young and kept.covers(span.from_mjd, span.to_mjd - REFRESH_D)


def _asked(http: Http, target: Target, wanted: Wanted, span: Span) -> Ephemeris:
    """Return the answer; a body that runs fast is asked for once more, in steps that follow it."""
    place = place_of(wanted.observer)
    answer = fetch_ephemeris(http, target.designation, place, span)
    finer_min = _finer_step_min(answer.table, span)
    if wanted.night != WHOLE or finer_min >= span.step_min:
        return answer
    finer = Span(from_mjd=span.from_mjd, to_mjd=span.to_mjd, step_min=finer_min)
    return fetch_ephemeris(http, target.designation, place, finer)


def _finer_step_min(table: pl.DataFrame, span: Span) -> int:
    ra, dec = (np.radians(table[name].to_numpy()) for name in ("ra_deg", "dec_deg"))
    places = np.column_stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    steps_deg = np.degrees(np.linalg.norm(np.diff(places, axis=0), axis=1))
    fastest_deg = float(steps_deg.max(initial=0.0))
    least_min = math.ceil((span.to_mjd - span.from_mjd) * _MINUTES_PER_DAY / NODES_MAX)
    return max(least_min, int(span.step_min * min(1.0, _FAR_DEG / max(fastest_deg, 1e-9))), 1)


def _kept(answer: Ephemeris, target: Target, points: int) -> KeptEphemeris:
    nodes = answer.table.sort("mjd").with_columns(v_mag=pl.coalesce("v_mag", "total_mag")).select(NODES)
    first, last = (nodes["mjd"][place] if len(nodes) else None for place in (0, -1))
    return KeptEphemeris(
        designation=target.designation,
        asked_mjd=mjd_now(),
        from_mjd=first,
        to_mjd=last,
        points=points,
        nodes=nodes,
    )
