"""Raw files are whole under their sha256 or not there at all."""

import hashlib
import os
import subprocess
import sys
import tracemalloc
import uuid
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Rejected
from lake.raw import RawStore

ROOT = Path(__file__).resolve().parents[2]
LEAVE_HALF_RECEIVED = """
import os, signal, sys
from lake.raw import RawStore
reception = RawStore(sys.argv[1]).receive()
reception.write(b"half" * 100_000)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def raw(tmp_path: Path) -> RawStore:
    return RawStore(str(tmp_path / "raw"))


def spooled(raw: RawStore) -> list[str]:
    return sorted(path.name for path in raw.spool_dir.iterdir())


@given(chunks=st.lists(st.binary(max_size=3000), max_size=5))
@settings(max_examples=25, deadline=None)
def test_what_comes_in_chunks_comes_back_whole(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes]
) -> None:
    raw = RawStore(str(tmp_path_factory.mktemp("raw")))
    body = b"".join(chunks)

    with raw.receive() as reception:
        for chunk in chunks:
            reception.write(chunk)
        kept = reception.finish()

    assert kept.sha256 == hashlib.sha256(body).hexdigest()
    assert kept.size_bytes == len(body)
    with raw.open(kept.sha256) as stream:
        assert stream.read() == body
    assert raw.is_sound(kept.sha256)


def test_the_same_bytes_are_kept_once_and_compressed(raw: RawStore) -> None:
    body = b"SIMPLE  =                    T" * 10_000

    first, second = raw.put(body), raw.put(body)

    assert first == second
    assert list(raw.hashes()) == [first]
    assert (raw.spool_dir.parent / first[:2] / f"{first}.zst").stat().st_size < len(body) / 50
    assert spooled(raw) == []


def test_an_aborted_reception_leaves_nothing(raw: RawStore) -> None:
    with raw.receive() as reception:
        reception.write(b"half")

    assert spooled(raw) == []
    assert list(raw.hashes()) == []


def test_a_reception_that_fails_leaves_nothing(raw: RawStore) -> None:
    with pytest.raises(ConnectionError), raw.receive() as reception:
        reception.write(b"half")
        raise ConnectionError

    assert spooled(raw) == []


def test_what_a_killed_process_left_is_removed_at_the_next_opening(raw: RawStore, tmp_path: Path) -> None:
    living = raw.receive()
    living.write(b"still coming")
    subprocess.run([sys.executable, "-c", LEAVE_HALF_RECEIVED, str(tmp_path / "raw")], cwd=ROOT, check=False)
    assert len(spooled(raw)) == 2

    again = RawStore(str(tmp_path / "raw"))

    assert len(spooled(again)) == 1
    kept = living.finish()
    assert again.has(kept.sha256)


def test_a_file_with_the_wanted_suffix_exists_only_inside_the_block(raw: RawStore) -> None:
    sha256 = raw.put(b"pixels")

    with raw.path_of(sha256, ".fits.gz") as path:
        assert path.name.endswith(".fits.gz")
        assert path.read_bytes() == b"pixels"

    assert not path.exists()


def test_damage_is_seen(raw: RawStore) -> None:
    sha256 = raw.put(os.urandom(5000))
    place = raw.spool_dir.parent / sha256[:2] / f"{sha256}.zst"
    body = bytearray(place.read_bytes())
    body[2500] ^= 1
    place.write_bytes(body)

    assert not raw.is_sound(sha256)


@pytest.mark.parametrize("name", ["0" * 64, "../../etc/passwd", "", "A" * 64])
def test_a_name_that_is_not_kept_is_refused(raw: RawStore, name: str) -> None:
    with pytest.raises(Rejected) as refused:
        raw.open(name)

    assert refused.value.code == "raw-missing"


def test_a_large_upload_does_not_pass_through_memory(raw: RawStore) -> None:
    chunk = os.urandom(1 << 20)
    tracemalloc.start()

    with raw.receive() as reception:
        for _ in range(32):
            reception.write(chunk)
        kept = reception.finish()
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert kept.size_bytes == 32 << 20
    assert peak_bytes < 8 << 20


def test_another_file_system_keeps_the_same_files(tmp_path: Path) -> None:
    raw = RawStore(f"memory://{uuid.uuid4().hex}", spool_dir=tmp_path / "spool")

    sha256 = raw.put(b"in a bucket")

    assert raw.put(b"in a bucket") == sha256
    assert list(raw.hashes()) == [sha256]
    with raw.path_of(sha256, ".txt") as path:
        assert path.read_bytes() == b"in a bucket"
    assert list((tmp_path / "spool").iterdir()) == []


@pytest.mark.parametrize("suffix", [".ż" + "ż" * 190, "./../../x", ".a\x00b", "." + "x" * 300, "..", "x"])
def test_a_suffix_that_somebody_made_up_is_no_part_of_a_path(raw: RawStore, suffix: str) -> None:
    sha256 = raw.put(b"pixels")
    with raw.path_of(sha256, suffix) as path:
        assert path.parent == raw.spool_dir
        assert path.suffix == ""
        assert path.read_bytes() == b"pixels"
