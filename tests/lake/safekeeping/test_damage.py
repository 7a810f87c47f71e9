"""What is damaged or lost is named, and never takes the place of what is sound."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filling import lake_sums, nothing, points
from installations import BUCKET, needs_folder, on_servers

from engine.errors import Rejected
from lake.opening import Lake
from lake.provenance import new_batch
from lake.safekeeping.backup import backup
from lake.safekeeping.checking import check
from lake.safekeeping.manifest import LATEST, Manifest, names, read_manifest
from lake.safekeeping.place import Place
from lake.safekeeping.restore import restore
from lake.settings import Settings

Open = Callable[[Settings], Lake]


@pytest.fixture(scope="module")
def kept(filled: Lake, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Return the place of one backup, which a test leaves as it found it."""
    folder = tmp_path_factory.mktemp("kept")
    url = f"s3://{BUCKET}/kept{folder}" if on_servers() else str(folder)
    backup(filled, url, progress=nothing)
    return Place(filled.settings, url, spool_dir=folder)


@pytest.fixture
def manifest(kept: Place) -> Manifest:
    return read_manifest(kept, LATEST)


@contextmanager
def flipped(place: Place, path: str, *, at: float = 0.5) -> Iterator[None]:
    """Change one bit of a file while the body runs."""
    sound = place.read(path)
    body = bytearray(sound)
    body[int(len(body) * at)] ^= 4
    place.write(path, bytes(body))
    yield
    place.write(path, sound)


@contextmanager
def removed(place: Place, path: str) -> Iterator[None]:
    """Take a file away while the body runs."""
    sound = place.read(path)
    place.remove(path)
    yield
    place.write(path, sound)


def refusal_of_restoring(place: Place, settings: Settings) -> Rejected:
    with pytest.raises(Rejected) as refusal:
        restore(place.url, settings, progress=nothing)
    return refusal.value


@pytest.mark.parametrize("kind", ["store", "raw", "operations", "catalog"])
def test_a_flipped_bit_is_found_and_named(
    kept: Place, manifest: Manifest, elsewhere: Settings, kind: str
) -> None:
    found = getattr(manifest, kind)
    path = (found[-1] if isinstance(found, tuple) else found).path
    with flipped(kept, path):
        report = check(kept, progress=nothing)
        assert report.damaged == ((path, (manifest.name,)),)
        assert report.backups == ()
        refusal = refusal_of_restoring(kept, elsewhere)
        assert refusal.code == "damaged-backup"
        assert path in refusal.reason
    assert check(kept, progress=nothing).backups == (manifest.name,)


def test_after_a_refusal_another_backup_can_be_brought_to_the_same_place(
    kept: Place, manifest: Manifest, filled: Lake, elsewhere: Settings, opened: Open
) -> None:
    with flipped(kept, manifest.raw[0].path):
        assert refusal_of_restoring(kept, elsewhere).code == "damaged-backup"
    restore(kept.url, elsewhere, progress=nothing)
    lake = opened(elsewhere)
    assert lake_sums(lake) == lake_sums(filled)
    assert sorted(lake.raw.hashes()) == sorted(filled.raw.hashes())


def test_a_file_that_is_gone_from_a_backup_is_named(
    kept: Place, manifest: Manifest, elsewhere: Settings
) -> None:
    gone = manifest.store[0].path
    with removed(kept, gone):
        assert check(kept, progress=nothing).damaged == ((gone, (manifest.name,)),)
        assert gone in refusal_of_restoring(kept, elsewhere).reason


@pytest.mark.parametrize("at", [0.0, 0.6, 0.999])
def test_a_changed_manifest_is_no_backup(
    kept: Place, manifest: Manifest, elsewhere: Settings, at: float
) -> None:
    path = f"manifests/{manifest.name}.json"
    with flipped(kept, path, at=at):
        assert check(kept, progress=nothing).damaged == ((path, (manifest.name,)),)
        refusal = refusal_of_restoring(kept, elsewhere)
        assert refusal.code == "damaged-backup"
        assert manifest.name in refusal.reason


def test_the_next_backup_heals_what_is_gone(filled: Lake, backup_url: str, place: Place) -> None:
    made = backup(filled, backup_url, progress=nothing)
    place.remove(read_manifest(place, made.name).store[0].path)
    assert backup(filled, backup_url, progress=nothing).copied_files == 1
    assert check(place, progress=nothing).damaged == ()


def test_a_damaged_manifest_does_not_hinder_the_next_backup(own: Lake, backup_url: str, place: Place) -> None:
    first = backup(own, backup_url, progress=nothing)
    body = place.read(f"manifests/{first.name}.json")
    place.write(f"manifests/{first.name}.json", body[:-5])
    own.store.replace_points(1, "ztf", points(1, "ztf", n=3), batch=new_batch("test", "ztf"))
    second = backup(own, backup_url, progress=nothing)
    assert check(place, progress=nothing).backups == (second.name,)
    assert names(place) == [first.name, second.name]


@needs_folder
@pytest.mark.parametrize("how", ["gone", "truncated"])
def test_a_lake_that_lost_a_file_is_backed_up_without_it(
    own: Lake, backup_url: str, elsewhere: Settings, opened: Open, how: str
) -> None:
    lost = first_file(own)
    file = Path(own.settings.store_url) / lost
    body = file.read_bytes()
    file.unlink()
    if how == "truncated":
        file.write_bytes(body[: len(body) // 2])
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
    for _ in range(2):  # nothing goes while the lake misses files
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
