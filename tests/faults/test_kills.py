"""kill -9 at random among writers, upkeep, publisher and backup: nothing lost, twice or torn."""

import hashlib
import random
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from actor import FIRST_MAG, POINTS, STEP_MAG, TARGETS, source_of
from campaign import Campaign
from installations import settings_in

from engine.target import Target
from lake.opening import Lake, open_lake
from lake.public.place import Place
from lake.public.publish import Terms, publish
from lake.public.versions import manifest, versions
from lake.safekeeping.backup import backup
from lake.safekeeping.restore import restore
from lake.targets import create_target
from lake.trace.verify import Verification
from lake.upkeep.maintain import Scope, maintain

pytestmark = pytest.mark.alone

CREW = (("writer", 1), ("writer", 2), ("upkeep", 0), ("publisher", 0), ("backup", 0))


def quiet(_step: str, _fraction: float) -> None:
    """Take no notice of progress."""


def writes_in(lake: Lake, target_id: int, number: int) -> set[int]:
    """Return which writes of a writer are in a light curve, after checking that it is whole."""
    points = lake.store.light_curve(target_id).filter(pl.col("source") == source_of(number))
    assert len(points) in {0, POINTS}
    assert points["source_ref"].n_unique() == len(points)
    return {round((mag - FIRST_MAG) / STEP_MAG) for mag in points["mag"].unique()}


def check_points(lake: Lake, campaign: Campaign) -> int:
    """Return how many acknowledged light curves are there, each whole, once, and not older than told."""
    found = 0
    for number in (1, 2):
        for target_id in range(1, TARGETS + 1):
            writes = writes_in(lake, target_id, number)
            acknowledged = campaign.last_acknowledged(number, target_id)
            assert len(writes) <= 1, "a torn light curve"
            assert max(writes, default=0) >= acknowledged, "an acknowledged write is lost"
            found += acknowledged > 0
    return found


def damages(lake: Lake) -> list[str]:
    """Return what a verification of every byte finds."""
    verification = Verification(
        backend=lake.store.backend, operations=lake.operations, raw=lake.raw, told=quiet
    )
    return [each.sentence for each in verification.run().damages]


def check_public_files(lake: Lake) -> int:
    """Return how many public versions there are, after checking every byte of each."""
    place = Place(lake.settings)
    listed = versions(place)
    for version in listed:
        for file in manifest(place, version).files:
            assert hashlib.sha256(place.read(file.place) or b"").hexdigest() == file.sha256
    return len(listed)


def test_kill_9_loses_nothing(tmp_path: Path, kills: int, figure: Callable[[str, str], None]) -> None:
    settings = settings_in(tmp_path / "data")
    lake = open_lake(settings)
    for number in range(TARGETS):
        create_target(lake.operations, Target(name=f"T{number}", ra_deg=number, dec_deg=1.0), by="ada")
    campaign = Campaign(settings, str(tmp_path / "backup"), CREW)
    campaign.run(kills, random.Random(20261121))

    light_curves = check_points(lake, campaign)
    maintain(lake, Scope.FULL, tell=quiet)
    assert check_points(lake, campaign) == light_curves > 0
    assert damages(lake) == []
    publish(lake, Terms(), name="last", progress=quiet)
    public = check_public_files(lake)
    backup(lake, campaign.backup_url, progress=quiet)
    restored_settings = settings_in(tmp_path / "restored")
    restore(campaign.backup_url, restored_settings, progress=quiet)
    restored = open_lake(restored_settings)
    assert check_points(restored, campaign) == light_curves
    restored.close()
    lake.close()
    writes = sum(len(each) for each in campaign.acknowledged.values())
    told = ", ".join(f"{role} {number}" for role, number in sorted(campaign.kills.items()))
    figure(
        f"kill -9, {kills} times ({told})",
        f"{writes} acknowledged writes: 0 lost, 0 twice, 0 torn; verify found nothing; {public} public "
        "versions whole; the backup came back equal",
    )
