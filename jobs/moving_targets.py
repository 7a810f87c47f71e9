"""Where a body of the Solar System stood for an upload: from the lake, or by a job that comes first."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from engine.errors import NotReady, Rejected
from engine.frame import Camera
from engine.photometry.exposures import Exposure
from engine.photometry.instrumental import InstrumentalTable
from engine.target import Target
from engine.track import track_of
from jobs.executor import EPHEMERIS
from lake.ephemerides import GEOCENTRE, NODES, Wanted, ask_ephemeris, kept_ephemeris
from lake.job_rows import ENDED, Job, JobState
from lake.opening import Lake
from lake.queue import get_job

ASK_AGAIN_S = 3.0
ASK_AGAIN_LATER_S = 60.0  # when Horizons does not answer
PRIORITY = 1  # before uploads, which wait for it


def placed(lake: Lake, job: Job, target: Target, exposures: Sequence[Exposure], *, simulated: bool) -> Target:
    """Return a target where it stood at the exposures: a body gets its track, a star stays as it is.

    Without an ephemeris a simulated upload stays as it is too: nobody is asked where an invented body stood.

    Raises
    ------
    NotReady
        Another job asks Horizons; the ticket names it.
    Rejected
        ``no-time``: nobody says when the table was measured; ``no-ephemeris``: Horizons does not know.
    """
    if not target.designation:
        return target
    mjds = [each.mjd for each in exposures if each.mjd is not None]
    if len(mjds) < len(exposures):
        raise Rejected(
            f"{target.name} moves, and this table does not say when it was observed: give the time with it.",
            code="no-time",
        )
    observer = observer_of(exposures[0])
    nights = sorted({int(mjd // 1) for mjd in mjds})
    wanted = [Wanted(target_id=target.target_id or 0, observer=observer, night=night) for night in nights]
    kept = [kept_ephemeris(lake.operations, each) for each in wanted]
    known = [each for each in kept if each and each.designation == target.designation and len(each.nodes)]
    if len(known) < len(wanted):
        if simulated or target.simulated:
            return target
        raise _wait(lake, job, target, wanted)
    nodes = pl.concat([each.nodes for each in known])
    mjd, ra_deg, dec_deg = (nodes[name].to_numpy() for name in NODES[:3])
    track = track_of(mjd, ra_deg, dec_deg)
    place = track.position_at(mjds[0])
    return replace(target, track=track, ra_deg=float(place.ra.deg), dec_deg=float(place.dec.deg))


def observer_of(exposure: Exposure) -> str:
    """Return from where an exposure was taken, the centre of the Earth where nobody says."""
    camera = Camera() if isinstance(exposure, InstrumentalTable) else exposure.camera
    if camera.longitude_deg is None or camera.latitude_deg is None:
        return GEOCENTRE
    # 1e-4 degrees are 11 m: frames of one telescope share their ephemeris
    return f"{camera.longitude_deg:.4f},{camera.latitude_deg:.4f},{camera.altitude_m or 0.0:.0f}"


def _wait(lake: Lake, job: Job, target: Target, wanted: Sequence[Wanted]) -> NotReady:
    asked = [get_job(lake.operations, int(job_id)) for job_id in job.ticket.split()]
    asked = [each for each in asked if each.kind == EPHEMERIS]
    failed = [each for each in asked if each.state in ENDED and each.state != JobState.DONE]
    if failed:
        raise Rejected(
            f"Nobody tells where {target.name} stood at this time: {failed[0].reason}", code="no-ephemeris"
        )
    job_ids = [ask_ephemeris(lake.operations, each, priority=PRIORITY) for each in wanted]
    troubles = [each.reason for each in asked if each.delays and each.reason]
    told = f"; JPL Horizons does not answer now: {troubles[0]}" if troubles else ", which is being fetched."
    return NotReady(
        f"It waits for the ephemeris of {target.name}{told}",
        ticket=" ".join(str(job_id) for job_id in job_ids),
        retry_after_s=ASK_AGAIN_LATER_S if troubles else ASK_AGAIN_S,
    )
