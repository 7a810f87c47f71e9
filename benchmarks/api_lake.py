"""The lake that the API is measured with: a list of targets, and light curves of several lengths."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from benchmarks.data import long_curve
from engine.target import Target
from lake.opening import Lake, open_lake
from lake.people.accounts import create_user, issue_token
from lake.provenance import new_batch
from lake.settings import read_settings
from lake.targets import create_target, update_summary
from lake.upkeep.maintain import Scope, maintain

LISTED = 200  # targets in one answer
OWNER, PASSWORD = "bench", "bench bench bench"
SHORT_POINTS = 100  # of the other targets
_SPACING_DEG = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The installation, and what a client must know of it."""

    lake: Lake
    token: str
    curves: dict[int, str]  # number of points -> name of the target


def built(folder: Path, lengths: Sequence[int]) -> Bench:
    """Return an installation with 200 targets, of which some have a long light curve, kept up as at night."""
    lake = open_lake(read_settings({"TOMLAKE_DATA": str(folder)}))
    owner = create_user(lake.operations, OWNER, PASSWORD)
    names = [f"Bench{number:03d}" for number in range(LISTED)]
    ids = [_made(lake, number, name) for number, name in enumerate(names)]
    counts = [*lengths, *[SHORT_POINTS] * (LISTED - len(lengths))]
    curves = [long_curve(target_id, points) for target_id, points in zip(ids, counts, strict=True)]
    lake.store.ingest(pl.concat(curves), batch=new_batch("bench", "bench"))
    for target_id, curve in zip(ids, curves, strict=True):
        update_summary(lake.operations, target_id, curve)
    maintain(lake, Scope.FULL, tell=lambda *_: None)
    return Bench(
        lake=lake,
        token=issue_token(lake.operations, owner, name="bench"),
        curves=dict(zip(lengths, names, strict=False)),
    )


def _made(lake: Lake, number: int, name: str) -> int:
    ra_deg, dec_deg = 10.0 + _SPACING_DEG * (number % 20), _SPACING_DEG * (number // 20)
    made = create_target(lake.operations, Target(name=name, ra_deg=ra_deg, dec_deg=dec_deg), by=OWNER)
    return made.target_id or 0
