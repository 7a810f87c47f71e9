"""Asks the program that calibrates a table of stars, in a process of its own that can be killed."""

import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from engine.errors import Rejected, Transient

PROGRAM = (sys.executable, "-m", "engine.photometry.table_process")
WALL_CLOCK_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is wanted of a table."""

    table: str  # path
    ra_deg: float
    dec_deg: float
    mjd: float | None
    match_radius_arcsec: float | None
    requested: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """What the table gave."""

    told: dict[str, object]
    stars: pl.DataFrame  # ref_mag, residual_mag, used


def calibrated(asked: Asked, references: pl.DataFrame) -> Calibrated:
    """Return the calibration of a table against reference stars.

    Raises
    ------
    Rejected
        As ``read_instrumental``.
    Transient
        ``calibration-stopped``: it took too long, or ended without an answer.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "references.arrow"
        references.write_ipc(place)
        question = json.dumps({**asdict(asked), "references": str(place)})
        try:
            ended = subprocess.run(  # noqa: S603 - our own program
                PROGRAM, input=question.encode(), capture_output=True, timeout=WALL_CLOCK_S, check=True
            )
        except subprocess.SubprocessError as error:
            raise Transient(
                "The calibration of this table did not end: send it again, or with fewer stars.",
                code="calibration-stopped",
            ) from error
    found = json.loads(ended.stdout)
    if "refused" in found:
        raise Rejected(found["refused"]["reason"], code=found["refused"]["code"])
    schema = {"ref_mag": pl.Float64, "residual_mag": pl.Float64, "used": pl.Boolean}
    return Calibrated(told=found["told"], stars=pl.DataFrame(found["stars"], schema=schema))
