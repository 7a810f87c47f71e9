"""The task `references`: reference stars of cells of the sky come into the lake, each cell once."""

from engine.brokers import reference
from engine.brokers.asking.client import HttpClient
from engine.brokers.protocol import Http
from engine.errors import Rejected
from jobs.progress import Progress
from lake.opening import Lake
from lake.provenance import new_batch
from lake.queue import Job
from lake.references import NSIDE, cells_of_cone, cone_of_cell, missing_cells, put_cell

CELLS = 12 * NSIDE**2
RADIUS_MAX_DEG = 10.0
SOURCE = "gaia_gspc"


def references(lake: Lake, job: Job, progress: Progress) -> str:
    """Return how many stars came for ``cell``, or for the cone ``ra_deg``, ``dec_deg``, ``radius_deg``."""
    with HttpClient() as http:
        return references_by(http, lake, job, progress)


def references_by(http: Http, lake: Lake, job: Job, progress: Progress) -> str:
    """Do what ``references`` does with an ``Http`` of one's own.

    Raises
    ------
    Rejected
        ``bad-region``: the arguments name no part of the sky.
    Transient
        No archive can answer now.
    """
    wanted = _cells_of(job)
    missing = missing_cells(lake.store, wanted)
    stars = 0
    for done, number in enumerate(missing):
        progress(f"Asking for reference stars, cell {done + 1} of {len(missing)}", done / len(missing))
        ra_deg, dec_deg, radius_deg = cone_of_cell(number)
        covering = reference.cone(ra_deg=ra_deg, dec_deg=dec_deg, radius_deg=radius_deg)
        found = reference.fetch_region(http, reference.cell(number, nside=NSIDE, covering=covering))
        parameters = {"cell": number, "nside": NSIDE, "g_limits": reference.G_LIMITS}
        batch = new_batch("references", SOURCE, parameters=parameters, by=f"job {job.job_id}")
        put_cell(lake.store, number, found, batch=batch)
        stars += found["ref_id"].n_unique()
    return f"{stars} reference stars came for {len(missing)} of {len(wanted)} cells; the others were there."


def _cells_of(job: Job) -> list[int]:
    try:
        if "cell" in job.args:
            cells = [int(job.args["cell"])]
        else:
            ra_deg, dec_deg, radius_deg = (
                float(job.args[name]) for name in ("ra_deg", "dec_deg", "radius_deg")
            )
            if not (0 <= ra_deg <= 360 and -90 <= dec_deg <= 90 and 0 < radius_deg <= RADIUS_MAX_DEG):
                raise ValueError(f"cone {ra_deg} {dec_deg} {radius_deg}")
            cells = cells_of_cone(ra_deg, dec_deg, radius_deg)
    except (KeyError, ValueError) as error:
        raise _bad_region() from error
    if not all(0 <= cell < CELLS for cell in cells):
        raise _bad_region()
    return cells


def _bad_region() -> Rejected:
    return Rejected(
        f"Give a cell from 0 to {CELLS - 1}, or ra_deg, dec_deg and radius_deg up to {RADIUS_MAX_DEG:g}.",
        code="bad-region",
    )
