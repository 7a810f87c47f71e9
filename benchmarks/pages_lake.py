"""The same targets and points twice: in a lake of ours, and as a table for TOM Toolkit to take in."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from benchmarks.data import long_curve
from engine.target import Target
from lake.opening import Lake, open_lake
from lake.people.accounts import create_user
from lake.provenance import new_batch
from lake.settings import read_settings
from lake.targets import create_target, get_target, update_summary
from lake.upkeep.maintain import Scope, maintain

OWNER, PASSWORD = "bench", "bench bench bench"
SHORT_POINTS = 10  # of the targets that only fill the list
_SPACING_DEG = 0.5
# what TOM Toolkit's environment runs: its own models, filled in bulk as its documentation advises
FILL = """
import csv, datetime, sys
import django
django.setup()
from django.contrib.auth.models import User
from tom_dataproducts.models import PhotometryReducedDatum
from tom_targets.models import Target
User.objects.create_superuser("bench", "", "bench")
Target.objects.bulk_create([Target(name=row["name"], type="SIDEREAL", ra=float(row["ra_deg"]),
    dec=float(row["dec_deg"]), permissions="OPEN") for row in csv.DictReader(open(sys.argv[1]))])
ids = dict(Target.objects.values_list("name", "pk"))
start = datetime.datetime(1858, 11, 17, tzinfo=datetime.timezone.utc)
number = lambda text: float(text) if text else None
PhotometryReducedDatum.objects.bulk_create((PhotometryReducedDatum(
    target_id=ids[row["name"]], timestamp=start + datetime.timedelta(days=float(row["mjd"])),
    bandpass=row["band"], unit="AB", brightness=number(row["mag"]), brightness_error=number(row["mag_err"]),
    limit=number(row["limit_mag"]), telescope=row["facility"], source_name=row["source"])
    for row in csv.DictReader(open(sys.argv[2]))), batch_size=5000)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """The installation, and the two tables for the peer."""

    lake: Lake
    curves: dict[int, str]  # number of points -> name of the target
    listed: int
    targets_csv: Path
    points_csv: Path


def filled(folder: Path, lengths: Sequence[int], *, listed: int) -> Filled:
    """Return an installation with so many targets, some with long light curves, kept up as at night."""
    lake = open_lake(read_settings({"TOMLAKE_DATA": str(folder / "lake")}))
    create_user(lake.operations, OWNER, PASSWORD)
    targets = [_target(number) for number in range(listed)]
    ids = [create_target(lake.operations, each, by=OWNER).target_id or 0 for each in targets]
    curves = [long_curve(target_id, points) for target_id, points in zip(ids, lengths, strict=False)]
    curves.append(_short(ids[len(lengths) :]))
    points = pl.concat(curves)
    lake.store.ingest(points, batch=new_batch("bench", "bench"))
    for (target_id,), curve in points.partition_by("target_id", as_dict=True).items():
        update_summary(lake.operations, target_id, curve)
    maintain(lake, Scope.FULL, tell=lambda *_: None)
    names = pl.DataFrame(
        {
            "target_id": ids,
            "name": [each.name for each in targets],
            "ra_deg": [each.ra_deg for each in targets],
            "dec_deg": [each.dec_deg for each in targets],
        }
    )
    targets_csv, points_csv = folder / "targets.csv", folder / "points.csv"
    names.write_csv(targets_csv)
    points.join(names, on="target_id", maintain_order="left").write_csv(points_csv)
    return Filled(
        lake=lake,
        curves=dict(zip(lengths, names["name"], strict=False)),
        listed=listed,
        targets_csv=targets_csv,
        points_csv=points_csv,
    )


def _target(number: int) -> Target:
    ra_deg, dec_deg = _SPACING_DEG * (number % 700), -35.0 + _SPACING_DEG * (number // 700)
    return Target(name=f"Bench{number:04d}", ra_deg=ra_deg, dec_deg=dec_deg)


def _short(ids: Sequence[int]) -> pl.DataFrame:
    """Return ten points for each of many targets."""
    points = long_curve(0, SHORT_POINTS * len(ids))
    owners = pl.Series(ids, dtype=pl.Int64).gather(pl.int_range(len(points), eager=True) % len(ids))
    return points.with_columns(target_id=owners)


def one_more_point(filled: Filled) -> None:
    """Commit something to the lake, so that what the server remembers of it counts no more."""
    target_id = get_target(filled.lake.operations, f"Bench{filled.listed - 1:04d}", None).target_id or 0
    now = str(time.time_ns())
    point = long_curve(target_id, 1).with_columns(source=pl.lit("bench"), source_ref=pl.lit(now))
    filled.lake.store.ingest(point, batch=new_batch("bench", "bench"))
