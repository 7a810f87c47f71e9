"""A place holds whole files, and says in one sentence when it cannot be reached."""

from dataclasses import replace
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError
from installations import BUCKET, on_servers, settings_in

from engine.errors import Rejected, Transient
from lake.safekeeping.place import PART, Damaged, Piece, Place, copy, reaching
from lake.settings import Settings

needs_s3 = pytest.mark.skipif(not on_servers(), reason="about S3: run tests/on_servers.py")


@pytest.fixture
def here(settings: Settings, tmp_path: Path) -> Place:
    url = f"s3://{BUCKET}/place{tmp_path}" if on_servers() else str(tmp_path / "place")
    return Place(settings, url, spool_dir=tmp_path / "spool")


def test_what_is_written_is_read_listed_and_removed(here: Place) -> None:
    assert here.sizes() == {}
    here.write("a/b c.txt", b"one")
    here.write("d.txt", b"")
    assert here.sizes() == {"a/b c.txt": 3, "d.txt": 0}
    assert here.sizes("a") == {"a/b c.txt": 3}
    assert here.read("a/b c.txt") == b"one"
    here.write("a/b c.txt", b"three")
    assert here.piece("a/b c.txt").size_bytes == 5
    here.remove("a/b c.txt")
    here.remove("a/b c.txt")
    assert here.sizes() == {"d.txt": 0}
    with pytest.raises(FileNotFoundError):
        here.read("a/b c.txt")


def test_a_file_that_is_not_finished_is_not_there(here: Place, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), here.incoming("a/b.txt") as part:
        part.write_bytes(b"half")
        raise KeyboardInterrupt
    assert here.sizes() == {}
    assert not list(tmp_path.rglob(f"*{PART}"))


def test_a_copy_that_is_not_what_is_expected_is_not_kept(here: Place, tmp_path: Path) -> None:
    there = Place(here.settings, str(tmp_path / "there"), spool_dir=tmp_path)
    here.write("a.txt", b"one")
    right = here.piece("a.txt")
    assert copy(here, there, "a.txt", to="b.txt", expected=right) == replace(right, path="b.txt")
    with pytest.raises(Damaged):
        copy(here, there, "a.txt", expected=Piece(path="a.txt", size_bytes=3, sha256="0" * 64))
    assert there.sizes() == {"b.txt": 3}


@pytest.mark.skipif(on_servers(), reason="about files: run with the lake in a folder")
def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    place = Place(settings_in(tmp_path / "data"), str(tmp_path / "file" / "below"), spool_dir=tmp_path)
    with pytest.raises(Rejected) as refusal:
        place.write("a.txt", b"one")
    assert refusal.value.code == "no-write-access"


@needs_s3
def test_a_bucket_that_is_missing_is_named(settings: Settings, tmp_path: Path) -> None:
    place = Place(settings, "s3://no-such-bucket/backups", spool_dir=tmp_path)
    assert place.sizes() == {}
    with pytest.raises(Rejected) as refusal:
        place.write("a.txt", b"one")
    assert refusal.value.code == "no-bucket"


@pytest.mark.parametrize(
    "error", [OSError("the disk is broken"), EndpointConnectionError(endpoint_url="http://nowhere")]
)
def test_a_place_that_cannot_be_reached_is_one_sentence(error: Exception) -> None:
    with pytest.raises(Transient) as refusal, reaching("s3://bucket/backups"):
        raise error
    assert refusal.value.code == "place-away"
    assert "s3://bucket/backups" in refusal.value.reason
