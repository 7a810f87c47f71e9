"""What is damaged or lost is named, and never takes the place of what is sound."""

from collections.abc import Callable
from pathlib import Path

import pytest
from filling import lake_sums, nothing
from installations import needs_folder

from engine.errors import Rejected
from lake.opening import Lake
from lake.safekeeping.backup import backup
from lake.safekeeping.checking import check
from lake.safekeeping.manifest import names, read_manifest
from lake.safekeeping.place import Place
from lake.safekeeping.restore import restore
from lake.settings import Settings

Open = Callable[[Settings], Lake]


def flip(place: Place, path: str, *, at: float = 0.5) -> None:
    """Change one bit of a file."""
    body = bytearray(place.read(path))
    body[int(len(body) * at)] ^= 4
    place.write(path, bytes(body))


@pytest.mark.parametrize("kind", ["store", "raw", "operations", "catalog"])
def test_a_flipped_bit_is_found_and_named(
    filled: Lake, backup_url: str, place: Place, elsewhere: Settings, kind: str
) -> None:
    made = backup(filled, backup_url, progress=nothing)
    manifest = read_manifest(place, made.name)
    piece = {"operations": manifest.operations, "catalog": manifest.catalog}.get(kind) or getattr(
        manifest, kind
    )[-1]
    assert check(place, progress=nothing).damaged == ()
    flip(place, piece.path)

    report = check(place, progress=nothing)
    assert report.damaged == ((piece.path, (made.name,)),)
    assert report.backups == ()
    with pytest.raises(Rejected) as refusal:
        restore(backup_url, elsewhere, progress=nothing)
    assert refusal.value.code == "damaged-backup"
    assert piece.path in refusal.value.reason


def test_a_file_that_is_gone_from_a_backup_is_named(
    filled: Lake, backup_url: str, place: Place, elsewhere: Settings
) -> None:
    made = backup(filled, backup_url, progress=nothing)
    gone = read_manifest(place, made.name).store[0].path
    place.remove(gone)
    assert check(place, progress=nothing).damaged == ((gone, (made.name,)),)
    with pytest.raises(Rejected) as refusal:
        restore(backup_url, elsewhere, progress=nothing)
    assert gone in refusal.value.reason


def test_the_next_backup_heals_what_is_gone(filled: Lake, backup_url: str, place: Place) -> None:
    made = backup(filled, backup_url, progress=nothing)
    place.remove(read_manifest(place, made.name).store[0].path)
    assert backup(filled, backup_url, progress=nothing).copied_files == 1
    assert check(place, progress=nothing).damaged == ()


@pytest.mark.parametrize("at", [0.0, 0.3, 0.6, 0.999])
def test_a_changed_manifest_is_no_backup(
    filled: Lake, backup_url: str, place: Place, elsewhere: Settings, at: float
) -> None:
    made = backup(filled, backup_url, progress=nothing)
    flip(place, f"manifests/{made.name}.json", at=at)
    assert check(place, progress=nothing).damaged == ((f"manifests/{made.name}.json", (made.name,)),)
    with pytest.raises(Rejected) as refusal:
        restore(backup_url, elsewhere, progress=nothing)
    assert refusal.value.code == "damaged-backup"
    assert made.name in refusal.value.reason


def test_a_damaged_manifest_does_not_hinder_the_next_backup(
    filled: Lake, backup_url: str, place: Place
) -> None:
    first = backup(filled, backup_url, progress=nothing)
    flip(place, f"manifests/{first.name}.json")
    files = len(place.sizes())
    backup(filled, backup_url, keep=1, progress=nothing)
    assert len(place.sizes()) >= files - 1
    assert check(place, progress=nothing).backups == (names(place)[-1],)


@needs_folder
def test_a_lake_that_lost_a_file_is_backed_up_without_it(
    own: Lake, backup_url: str, place: Place, elsewhere: Settings, opened: Open
) -> None:
    lost = first_file(own)
    (Path(own.settings.store_url) / lost).unlink()
    made = backup(own, backup_url, keep=1, progress=nothing)
    assert made.lost == (f"store/{lost}",)
    back = restore(backup_url, elsewhere, progress=nothing)
    assert back.lost == made.lost
    assert len(opened(elsewhere).store.light_curve(2)) == 80  # what is not lost can be read


@needs_folder
def test_a_file_that_the_lake_lost_comes_back_from_the_backup(
    own: Lake, backup_url: str, elsewhere: Settings, opened: Open
) -> None:
    backup(own, backup_url, progress=nothing)
    before = lake_sums(own)
    lost = first_file(own)
    (Path(own.settings.store_url) / lost).unlink()
    raw = next(iter(own.raw.hashes()))
    own.raw.remove(raw)
    for _ in range(3):  # nothing goes while the lake misses files
        made = backup(own, backup_url, keep=1, progress=nothing)
        assert (made.lost, made.gone) == ((), (f"raw/{raw[:2]}/{raw}.zst", f"store/{lost}"))
    restore(backup_url, elsewhere, progress=nothing)
    lake = opened(elsewhere)
    assert lake_sums(lake) == before
    assert lake.raw.is_sound(raw)


def first_file(lake: Lake) -> str:
    """Return a data file of target 1's points, by its path in the store."""
    files = sorted(Path(lake.settings.store_url).glob("main/photometry/**/*.parquet"))
    holder = lake.store.read("SELECT DISTINCT filename FROM lake.photometry WHERE target_id = 1")["filename"][
        0
    ]
    assert Path(holder) in files
    return Path(holder).relative_to(lake.settings.store_url).as_posix()
