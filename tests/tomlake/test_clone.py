"""`tomlake clone`: a working copy of a served public lake, which then needs no network."""

import shutil
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import duckdb
import polars as pl
import pytest
from api_server import running
from installations import opened_in
from public_lakes import Aviary, add_points, add_target, published, quiet, readable
from pytest_socket import disable_socket, enable_socket
from sqlalchemy import select

from engine.errors import Rejected, Transient
from engine.target import Target
from jobs.clock import Clock
from jobs.publish import enqueue_due_publication
from lake.frames import frames_of_target
from lake.opening import Lake, open_lake
from lake.operations import harvests, reading
from lake.public.manifest import Manifest
from lake.public.origin import origin_of
from lake.public.place import Place
from lake.public.versions import manifest, newest_manifest, versions
from lake.rights import SYSTEM
from lake.settings import read_settings
from lake.targets import TargetFilter, TargetRow, create_target, find_targets, get_target
from tomlake import web_lake
from tomlake.clone import clone
from tomlake.commands.first_run import ensure_administrator

PUBLIC = "canarypublic-name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A served installation with a published version, and what is in it, for when no network is left."""

    lake: Lake
    url: str
    version: str
    manifest: Manifest
    targets: dict[str, TargetRow]
    curves: dict[str, pl.DataFrame]
    frames: pl.DataFrame


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    lake = opened_in(tmp_path_factory.mktemp("home") / "data")
    Aviary(lake)
    for name in ("Star", "Other"):
        target = add_target(lake, name, aliases=(("TNS", f"AT {name}"),), classification="CV")
        add_points(lake, target, 300)
        add_points(lake, target, 5, source="neowise")
    version = published(lake).version
    rows, _ = find_targets(lake.operations, TargetFilter(), None)
    targets = {row.target.name: row for row in rows}
    with running(lake) as port:
        yield Home(
            lake=lake,
            url=f"http://127.0.0.1:{port}",
            version=version.name,
            manifest=manifest(Place(lake.settings), version),
            targets=targets,
            curves={name: lake.store.light_curve(row.target.target_id or 0) for name, row in targets.items()},
            frames=frames_of_target(lake.store, targets[PUBLIC].target.target_id or 0),
        )
    lake.close()


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_lake, "PAUSE_S", 0.0)


@pytest.fixture
def closed_network() -> Iterator[None]:
    """Close every socket, those to this machine as well."""
    disable_socket()
    yield
    enable_socket()


@pytest.fixture(scope="module")
def folder(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a finished clone."""
    folder = tmp_path_factory.mktemp("clone") / "copy"
    clone(home.url, folder, progress=quiet)
    return folder


@pytest.fixture
def copy(folder: Path, closed_network: None) -> Iterator[Lake]:
    """Give the clone, opened while there is no network."""
    lake = open_lake(read_settings({"TOMLAKE_DATA": str(folder)}))
    yield lake
    lake.close()


def test_light_curves_are_the_same_to_the_last_bit(home: Home, copy: Lake) -> None:
    for name in ("Star", "Other", PUBLIC):
        target = get_target(copy.operations, name, None)
        assert target.target_id == home.targets[name].target.target_id
        curve = copy.store.light_curve(target.target_id or 0)
        assert len(curve)
        assert curve.equals(home.curves[name])


def test_targets_keep_their_facts_names_and_summaries(home: Home, copy: Lake) -> None:
    theirs = home.targets["Star"]
    ours = find_targets(copy.operations, TargetFilter(name="AT Star"), None)[0][0]
    same = replace(theirs.target, created_by=ours.target.created_by, created_mjd=ours.target.created_mjd)
    assert ours.target == same
    assert ours.points == 305
    assert len(ours.sparkline) > 10


def test_frames_and_batches_come_with_the_points(home: Home, copy: Lake) -> None:
    target = get_target(copy.operations, PUBLIC, None)
    frames = frames_of_target(copy.store, target.target_id or 0)
    unpublished = ["file", "cutout_sha256"]
    assert len(frames) == 1
    assert frames.drop(unpublished).equals(home.frames.drop(unpublished))
    batch = copy.store.batch(copy.store.light_curve(target.target_id or 0)["batch_id"][0])
    assert batch.task == "canarypublic-task"
    assert batch.by == ""


def test_the_copy_knows_where_it_is_from_and_serves_the_same_version(home: Home, copy: Lake) -> None:
    origin = origin_of(copy.settings)
    assert origin is not None
    assert (origin.url, origin.version, origin.is_complete) == (f"{home.url}/lake", home.version, True)
    assert home.version in origin.citation
    assert newest_manifest(copy.settings) == home.manifest


def test_the_copy_opens_takes_an_administrator_and_new_targets_and_asks_nobody(copy: Lake) -> None:
    assert ensure_administrator(copy)
    made = create_target(copy.operations, Target(name="Mine", ra_deg=1.0, dec_deg=2.0), by="admin")
    assert get_target(copy.operations, "Mine", SYSTEM).target_id == made.target_id
    clock = Clock(copy.settings, copy.operations)
    assert clock.enqueue_harvests() == 0
    clock.stop()
    assert not enqueue_due_publication(copy.settings, copy.operations)
    with reading(copy.operations) as connection:
        assert connection.execute(select(harvests)).first() is None


def test_no_byte_of_a_hidden_target_is_in_the_copy(folder: Path) -> None:
    hidden = ("private", "embargoed", "simulated", "flagged", "dry", "deleted")
    files = [path for path in folder.rglob("*") if path.is_file()]
    bodies = {path: readable(path.read_bytes(), path.name) for path in files}
    assert any(b"canarypublic" in body for body in bodies.values())
    for kind in hidden:
        assert not [path for path, body in bodies.items() if f"canary{kind}".encode() in body], kind


class Interrupted(BaseException):
    """As when somebody presses Ctrl-C."""


def begin(home: Home, folder: Path, *, stop_at: float) -> None:
    """Clone until so much is done."""

    def interrupt(_words: str, done: float) -> None:
        if done >= stop_at:
            raise Interrupted

    with pytest.raises(Interrupted):
        clone(home.url, folder, progress=interrupt)


def test_a_clone_that_was_interrupted_goes_on(home: Home, tmp_path: Path) -> None:
    for stop_at in (0.3, 0.7):  # between files, and between points and targets
        begin(home, tmp_path / "copy", stop_at=stop_at)
    clone(home.url, tmp_path / "copy", progress=quiet)
    lake = open_lake(read_settings({"TOMLAKE_DATA": str(tmp_path / "copy")}))
    target = get_target(lake.operations, "Star", None)
    assert len(lake.store.light_curve(target.target_id or 0)) == 305
    lake.close()


def test_a_half_received_file_is_completed_and_a_spoilt_one_fetched_anew(home: Home, tmp_path: Path) -> None:
    settings = read_settings({"TOMLAKE_DATA": str(tmp_path / "copy")})
    begin(home, settings.data_dir, stop_at=0.0)
    first, second = home.manifest.of_table("photometry")[:2]
    whole = Place(home.lake.settings).read(first.place) or b""
    parts = settings.data_dir / "spool" / "clone"
    (parts / first.sha256).write_bytes(whole[:1000])
    (parts / second.sha256).write_bytes(b"spoilt")
    clone(home.url, settings.data_dir, progress=quiet)
    assert Place(settings).read(first.place) == whole


def test_a_server_with_other_bytes_than_it_published_is_refused(
    home: Home, tmp_path: Path, no_pause: None
) -> None:
    with mirror(home, tmp_path) as (url, root):
        place = root / home.manifest.of_table("photometry")[0].place
        body = bytearray(place.read_bytes())
        body[100] ^= 1
        place.write_bytes(bytes(body))
        with pytest.raises(Rejected) as refusal:
            clone(url, tmp_path / "copy", progress=quiet)
        assert refusal.value.code == "bad-hash"
        manifest_file = root / "v" / home.version / "manifest.json"
        manifest_file.write_bytes(manifest_file.read_bytes() + b" ")
        with pytest.raises(Rejected) as refusal:
            clone(url, tmp_path / "other", progress=quiet)
        assert refusal.value.code == "bad-hash"


def test_a_plain_copy_of_the_folder_on_any_web_server_can_be_cloned(home: Home, tmp_path: Path) -> None:
    with mirror(home, tmp_path) as (url, _root):
        assert clone(url, tmp_path / "copy", version=home.version, progress=quiet).version == home.version


class mirror:  # noqa: N801 - read as a phrase: with mirror(home, folder)
    """Serve the files of a public lake as they lie, by a server that knows nothing of tomlake."""

    def __init__(self, home: Home, folder: Path) -> None:
        self._root = folder / "mirror"
        files = everything_raw(home)
        for path, body in files.items():
            place = self._root / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(body)

    def __enter__(self) -> tuple[str, Path]:
        handler = partial(Quiet, directory=str(self._root))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}", self._root

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Quiet(SimpleHTTPRequestHandler):
    """Says nothing."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def everything_raw(home: Home) -> dict[str, bytes]:
    place = Place(home.lake.settings)
    told = [manifest(place, version) for version in versions(place)]
    paths = {"versions.json", *(f"v/{each.name}/manifest.json" for each in told)}
    paths |= {file.place for each in told for file in each.files}
    return {path: place.read(path) or b"" for path in paths}


def test_a_folder_with_something_else_in_it_is_left_alone(home: Home, tmp_path: Path, folder: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    for place in (tmp_path, folder, tmp_path / "mine.txt"):
        with pytest.raises(Rejected) as refusal:
            clone(home.url, place, progress=quiet)
        assert refusal.value.code == "not-empty"


def test_addresses_without_a_public_lake_are_refused_in_words(
    home: Home, tmp_path: Path, no_pause: None
) -> None:
    for url in (f"{home.url}/api", "ftp://example.org", "portal"):
        with pytest.raises(Rejected) as refusal:
            clone(url, tmp_path / "copy", progress=quiet)
        assert refusal.value.code == "no-public-lake"
    with pytest.raises(Rejected) as refusal:
        clone(home.url, tmp_path / "copy", version="none", progress=quiet)
    assert refusal.value.code == "unknown-version"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(Transient):
        clone(nobody, tmp_path / "copy", progress=quiet)
    assert not (tmp_path / "copy" / "clone.json").exists()


def test_a_full_disk_is_told_before_anything_is_fetched(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(10**9, 10**9, 1000))
    with pytest.raises(Rejected) as refusal:
        clone(home.url, tmp_path / "copy", progress=quiet)
    assert refusal.value.code == "disk-full"


def test_duckdb_reads_a_light_curve_of_the_copy_straight_from_its_files(folder: Path) -> None:
    settings = read_settings({"TOMLAKE_DATA": str(folder)})
    told = newest_manifest(settings)
    assert told is not None
    files = [Place(settings).url(file.place) for file in told.of_table("photometry")]
    with duckdb.connect() as connection:
        query = "SELECT count(*) FROM read_parquet($files) WHERE target = 'Star'"
        assert connection.execute(query, {"files": files}).fetchall() == [(305,)]
