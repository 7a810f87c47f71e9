"""The Python client and the ready scripts against a running server."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from api_server import PASSWORD, running
from installations import opened_in
from typer.testing import CliRunner, Result

import tomlake
import tomlake.client
from engine.errors import Rejected, Transient
from engine.lightcurve import light_curve
from engine.target import Target, Visibility
from lake.inbox.accepting import uploads
from lake.opening import Lake
from lake.people.accounts import create_user, issue_token
from lake.provenance import new_batch
from lake.rights import SYSTEM
from lake.targets import create_target
from tomlake.local import LocalLake
from tomlake.main import app

SCRIPTS = Path(__file__).resolve().parents[2] / "docs" / "scripts"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """Return a lake with one owner, a public and a private target, and two points."""
    opened = opened_in(tmp_path_factory.mktemp("client") / "data")
    create_user(opened.operations, "owner", PASSWORD)
    for name, dec_deg, visibility in (
        ("Open1", 1.0, Visibility.PUBLIC),
        ("Hidden1", 2.0, Visibility.PRIVATE),
    ):
        target = Target(name=name, ra_deg=10.0, dec_deg=dec_deg, visibility=visibility)
        made = create_target(opened.operations, target, by="owner")
        row = {"target_id": made.target_id, "source": "upload", "source_ref": "a", "mjd": 60000.5,
               "band": "V(GaiaSP)", "mag": 15.5}  # fmt: skip
        opened.store.append_points(light_curve(pl.DataFrame([row])), batch=new_batch("test", "upload"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def url(lake: Lake) -> Iterator[str]:
    """Return the address of the running server."""
    with running(lake) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def token(lake: Lake) -> str:
    """Return a token of the owner."""
    user = create_user(lake.operations, "scripts", PASSWORD, is_staff=True)
    return issue_token(lake.operations, user, name="test")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def test_a_light_curve_is_a_polars_table_with_every_column(url: str) -> None:
    points = tomlake.connect(url).light_curve("open1")
    assert points.select("target", "filter", "mag").rows() == [("Open1", "V(GaiaSP)", 15.5)]
    assert tomlake.connect(url).light_curve("Open1", bands=["g(GaiaSP)"]).is_empty()


def test_without_a_token_only_what_is_public_is_there(url: str, token: str) -> None:
    assert "Hidden1" not in tomlake.connect(url).targets()["name"]
    assert "Hidden1" in tomlake.connect(url, token).targets(limit=1)["name"]  # over several pages
    with pytest.raises(Rejected) as refusal:
        tomlake.connect(url).light_curve("Hidden1")
    assert refusal.value.code == "unknown-target"


def test_an_upload_goes_in_pieces_and_tells_how_far_it_is(
    url: str, token: str, lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tomlake.client, "PIECE_BYTES", 4)
    path = tmp_path / "a.fits"
    path.write_bytes(b"SIMPLE, ten")
    told: list[int] = []
    sent = tomlake.connect(url, token).upload(
        path, target="Open1", progress=lambda done, _all: told.append(done)
    )
    assert told == [0, 4, 8, 11]
    with lake.raw.open(sent["sha256"]) as file:
        assert file.read() == b"SIMPLE, ten"
    assert tomlake.connect(url, token).wait(sent["upload_id"], most_s=0)["status"] == "received"


class cutting:  # noqa: N801 - read as a word
    """Pass bytes on to a server, and cut the connections that send the first pieces of a file."""

    def __init__(self, url: str, *, cuts: int, answers: bool = False) -> None:
        self._word = b'"upload":{' if answers else b"PATCH"
        self._cuts_answers = answers
        self._port = int(url.rsplit(":", 1)[1])
        self._cuts = cuts
        self._socket = socket.create_server(("127.0.0.1", 0))

    def __enter__(self) -> str:
        threading.Thread(target=self._serve, daemon=True).start()
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._port))
            threading.Thread(target=self._pass, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client, False), daemon=True).start()

    def _pass(self, there: socket.socket, here: socket.socket, is_request: bool) -> None:
        try:
            while chunk := there.recv(65536):
                if is_request != self._cuts_answers and self._cuts and self._word in chunk:
                    self._cuts -= 1
                    break
                here.sendall(chunk)
        except OSError:
            pass
        for end in (there, here):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


def test_an_upload_goes_on_after_cut_connections(url: str, token: str, lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "cut.fits"
    path.write_bytes(b"SIMPLE, cut twice")
    with cutting(url, cuts=2) as address:
        sent = tomlake.connect(address, token, pause_s=0.01).upload(path, target="Open1")
    with lake.raw.open(sent["sha256"]) as file:
        assert file.read() == b"SIMPLE, cut twice"


def test_an_upload_is_told_though_its_last_answer_was_lost(url: str, token: str, tmp_path: Path) -> None:
    path = tmp_path / "lost.fits"
    path.write_bytes(b"SIMPLE, answered into the void")
    with cutting(url, cuts=1, answers=True) as address:
        sent = tomlake.connect(address, token, pause_s=0.01).upload(path, target="Open1")
    assert (sent["filename"], sent["size_bytes"]) == ("lost.fits", 30)


def test_light_curves_of_many_targets_are_one_table(url: str, token: str) -> None:
    portal = tomlake.connect(url, token)
    rows = portal.light_curves(["Hidden1", "Open1"])
    assert rows["target"].to_list() == ["Hidden1", "Open1"]
    first = portal.changes("Open1")
    assert [each["mag"] for each in first["points"]] == [15.5]
    assert portal.changes("Open1", since=first["next"])["points"] == []


def test_the_lake_of_this_machine_is_asked_without_a_server(
    url: str, token: str, lake: Lake, tmp_path: Path
) -> None:
    here = LocalLake(lake)
    assert here.light_curve("Open1").equals(tomlake.connect(url, token).light_curve("Open1"))
    assert set(here.targets()["name"]) >= {"Open1", "Hidden1"}
    asked = "SELECT count(*) AS points FROM photometry WHERE band = 'V(GaiaSP)'"
    assert here.sql(asked)["points"].item() == here.light_curve("Open1").height * 2
    assert pl.read_csv(here.download("Open1", tmp_path / "open.csv"))["mag"].to_list() == [15.5]


def test_the_commands_ask_a_portal(
    url: str, token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOMLAKE_TOKEN", token)
    path = tmp_path / "night.fits"
    path.write_bytes(b"SIMPLE by command")

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, ["client", "--url", url, *words])

    assert "Hidden1" in run("targets").output
    assert "15.5" in run("download", "Hidden1").output
    run("download", "Hidden1", str(tmp_path / "h.fits"))
    assert (tmp_path / "h.fits").read_bytes().startswith(b"SIMPLE")
    assert "night.fits: upload" in run("upload", str(path), "--target", "Open1", "--dry-run").output
    missing = run("download", "Nobody1")
    assert isinstance(missing.exception, Rejected)
    assert missing.exception.reason == "Target 'Nobody1' does not exist."


def test_a_server_that_is_not_there_is_told_in_a_sentence() -> None:
    with pytest.raises(Transient) as failure:
        tomlake.connect("http://127.0.0.1:9", pause_s=0.0).targets()
    assert failure.value.code == "unreachable"
    with pytest.raises(Rejected) as refusal:
        tomlake.connect("tomlake.example")
    assert refusal.value.code == "bad-url"


def run_script(name: str, *words: str, token: str) -> str:
    environment = {**os.environ, "TOMLAKE_TOKEN": token, "TOMLAKE_NO_WAIT": "1", "NO_PROXY": "127.0.0.1"}
    environment["PYTHONPATH"] = str(SCRIPTS.parents[1])
    done = subprocess.run(
        [sys.executable, SCRIPTS / name, *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_script_uploads_a_night(url: str, token: str, lake: Lake, tmp_path: Path) -> None:
    for name in ("b.fits", "a.FIT", "notes.txt"):
        (tmp_path / name).write_bytes(f"SIMPLE {name}".encode())
    out = run_script("upload_night.py", url, str(tmp_path), "Open1", token=token)
    assert [line.split(":")[0] for line in out.splitlines()] == ["a.FIT", "b.fits"]
    assert {each.filename for each in uploads(lake.operations, SYSTEM, limit=2)} == {"a.FIT", "b.fits"}


def test_the_script_downloads_the_targets_of_one_person(url: str, token: str, tmp_path: Path) -> None:
    run_script("download_targets.py", url, "owner", str(tmp_path / "curves"), "csv", token=token)
    assert sorted(path.name for path in (tmp_path / "curves").iterdir()) == ["Hidden1.csv", "Open1.csv"]
    assert pl.read_csv(tmp_path / "curves" / "Open1.csv")["mag"].to_list() == [15.5]
