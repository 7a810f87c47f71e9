"""`tomlake target add NAME`: what was looked up before is a target at once, with all that was told of it."""

import hashlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.errors import Rejected
from engine.times import mjd_now
from tomlake.main import app

TOLD = {"ra_deg": 10.5, "dec_deg": -3.25, "classification": "SSO", "description": "JPL: 67P."}


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOMLAKE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def kept(data_dir: Path, name: str, by: str, target: dict[str, object]) -> None:
    folder = data_dir / "kept" / "names"
    folder.mkdir(parents=True, exist_ok=True)
    told = {"asked_mjd": mjd_now(), "reason": "", "by": by, "target": target, "aliases": [["JPL", "67P/C-G"]]}
    (folder / f"{hashlib.sha256(name.encode()).hexdigest()}.json").write_text(json.dumps(told))


def test_a_body_becomes_a_target_with_its_designation_and_class(data_dir: Path) -> None:
    kept(data_dir, "67P/C-G", "JPL", TOLD | {"name": "67P C-G", "designation": "67P"})
    runner = CliRunner()
    said = runner.invoke(app, ["target", "add", "67P/C-G"], catch_exceptions=False)
    assert "JPL knows 67P/C-G." in said.output
    assert "Added 67P C-G" in said.output
    shown = runner.invoke(app, ["target", "show", "67P/C-G"], catch_exceptions=False).output
    for words in ("67P C-G", "SSO", "JPL: 67P.", "67P/C-G (JPL)"):
        assert words in shown


def test_a_moving_target_is_not_measured_at_the_place_of_a_moment(data_dir: Path, tmp_path: Path) -> None:
    kept(data_dir, "67P", "JPL", TOLD | {"name": "67P", "designation": "67P"})
    (tmp_path / "a.fits").write_bytes(b"no image")
    result = CliRunner().invoke(app, ["reduce", str(tmp_path / "a.fits"), "--target", "67P"])
    assert isinstance(result.exception, Rejected)
    assert result.exception.code == "needs-ephemeris"
