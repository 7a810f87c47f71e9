"""One process at work on a lake, made to be killed: ``python actor.py ROLE NUMBER BACKUP_URL``.

It says ``ready`` when it begins, and a writer says what it wrote as soon as the lake has acknowledged it.
"""

import sys
import uuid
from itertools import count

import polars as pl

from engine.errors import Transient
from lake.opening import Lake, open_lake
from lake.provenance import new_batch
from lake.public.publish import Terms, publish
from lake.safekeeping.backup import backup
from lake.settings import read_settings
from lake.upkeep.maintain import Scope, maintain

TARGETS = 24
POINTS = 40
FIRST_MAG, STEP_MAG = 5.0, 0.0005  # the magnitude tells which write a point comes from


def source_of(number: int) -> str:
    """Return the source that a writer writes, and nobody else."""
    return f"writer{number}"


def points_of(target_id: int, number: int, write: int) -> pl.DataFrame:
    """Return the points of one write."""
    refs = pl.int_range(POINTS, eager=True)
    return pl.DataFrame({"source_ref": refs.cast(pl.String), "mjd": 60000.0 + refs}).with_columns(
        target_id=pl.lit(target_id),
        source=pl.lit(source_of(number)),
        band=pl.lit("ZTF(zg)"),
        mag=pl.lit(FIRST_MAG + STEP_MAG * write),
    )


def write(lake: Lake, number: int, _: str) -> None:
    """Replace the points of one target after another."""
    held = lake.store.read(
        "SELECT max(mag) FROM lake.photometry WHERE source = $source", {"source": source_of(number)}
    ).item()
    first = 1 if held is None else round((held - FIRST_MAG) / STEP_MAG) + 2
    for attempt in count(first):
        target_id = attempt % TARGETS + 1
        batch = new_batch("faults", source_of(number), target_id=target_id)
        lake.store.replace_points(
            target_id, source_of(number), points_of(target_id, number, attempt), batch=batch
        )
        _say(f"{target_id} {attempt}")


def keep(lake: Lake, *_: object) -> None:
    """Merge and rewrite without end."""
    while True:
        maintain(lake, Scope.FULL, tell=_quiet)


def release(lake: Lake, *_: object) -> None:
    """Publish without end."""
    while True:
        publish(lake, Terms(), name=f"v{uuid.uuid4().hex}", progress=_quiet)  # a name is given once


def save(lake: Lake, _: int, backup_url: str) -> None:
    """Make one backup after another."""
    while True:
        backup(lake, backup_url, keep=3, progress=_quiet)


ROLES = {"writer": write, "upkeep": keep, "publisher": release, "backup": save}


def _quiet(_step: str, _fraction: float) -> None:
    """Take no notice of progress."""


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Work until killed; whoever is in the way is waited for."""
    role, number, backup_url = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    lake = open_lake(read_settings())
    _say("ready")
    while True:
        try:
            ROLES[role](lake, number, backup_url)
        except Transient as passing:
            sys.stderr.write(f"{passing.reason}\n")


if __name__ == "__main__":
    main()
