"""Reference stars for one frame: from the lake, or from an archive by a job that comes first."""

from collections.abc import Iterable

import polars as pl

from engine.errors import NotReady
from engine.photometry.sky_stars import CATALOGUE as SIMULATED_CATALOGUE
from engine.target import Target
from lake.job_rows import ENDED, Job
from lake.opening import Lake
from lake.queue import enqueue, get_job
from lake.references import cells_of_cone, cone, missing_cells

ENOUGH_STARS = 8  # with a magnitude in some band: no need to wait for an archive
ASK_AGAIN_S = 3.0
ASK_AGAIN_LATER_S = 60.0  # when the archive does not answer
ARCHIVE_PRIORITY = 1  # before uploads, which wait for it


def stars_for(lake: Lake, job: Job, target: Target, radius_deg: float, *, simulated: bool) -> pl.DataFrame:
    """Return the reference stars round a target; simulated frames see simulated stars, real ones real stars.

    Raises
    ------
    NotReady
        Another job asks the archive; the ticket names those jobs.
    """
    stars = cone(lake.store, target.ra_deg, target.dec_deg, radius_deg)
    is_simulated = pl.col("catalogue") == SIMULATED_CATALOGUE
    stars = stars.filter(is_simulated if simulated else ~is_simulated)
    standard_stars = stars.filter(pl.col("mag").is_not_null())["ref_id"].n_unique()
    if simulated or standard_stars >= ENOUGH_STARS:
        return stars
    missing = missing_cells(lake.store, cells_of_cone(target.ra_deg, target.dec_deg, radius_deg))
    asked = _asked(lake, job.ticket)
    if not missing or (asked and all(each.state in ENDED for each in asked)):
        return stars  # the archive has no more, or was given up
    raise _wait(asked or _ask(lake, missing))


def _asked(lake: Lake, ticket: str) -> list[Job]:
    named = [get_job(lake.operations, int(job_id)) for job_id in ticket.split()]
    return [each for each in named if each.kind == "references"]  # a moving target waited for another before


def _ask(lake: Lake, cells: Iterable[int]) -> list[Job]:
    return [
        get_job(
            lake.operations,
            enqueue(
                lake.operations,
                "references",
                {"cell": str(cell)},
                dedupe=f"references:{cell}",
                lock=f"references:{cell}",
                priority=ARCHIVE_PRIORITY,
            ),
        )
        for cell in cells
    ]


def _wait(asked: list[Job]) -> NotReady:
    ticket = " ".join(str(each.job_id) for each in asked)
    troubles = [each.reason for each in asked if each.delays and each.reason]
    if troubles:
        return NotReady(
            f"It waits for reference stars of this field; the archive does not answer now: {troubles[0]}",
            ticket=ticket,
            retry_after_s=ASK_AGAIN_LATER_S,
        )
    return NotReady(
        "It waits for reference stars of this field, which are being fetched.",
        ticket=ticket,
        retry_after_s=ASK_AGAIN_S,
    )
