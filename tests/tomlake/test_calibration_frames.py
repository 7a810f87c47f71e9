"""`tomlake reduce` on a folder in which calibration frames lie beside the exposures of the sky."""

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from tests.engine.photometry.night_of_shots import (
    SCENE,
    TARGET,
    bias,
    dark,
    write_flats,
    write_light,
    write_shots,
)
from tomlake.main import app

runner = CliRunner()
Verdict = dict[str, str | float | None]


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOMLAKE_DATA", str(tmp_path / "data"))


def verdicts(stars: pl.DataFrame, folder: Path, *more: str) -> list[Verdict]:
    catalogue = folder.parent / "stars.parquet"
    stars.filter(pl.col("band") == SCENE.band).write_parquet(catalogue)
    result = runner.invoke(
        app,
        [
            "reduce", str(folder), "--ra", str(TARGET.ra_deg), "--dec", str(TARGET.dec_deg),
            "--references", str(catalogue), "--json", *more,
        ],
    )  # fmt: skip
    return [json.loads(line) for line in result.output.splitlines()]


def test_calibration_frames_of_a_mixed_folder_are_used_and_not_reduced(tmp_path: Path) -> None:
    night = tmp_path / "night"
    night.mkdir()
    exposure, stars = write_light(night)
    write_shots(night, "Bias Frame", bias())
    write_shots(night, "Dark Frame", dark(60.0), EXPTIME=60.0)
    write_flats(night)
    (verdict,) = verdicts(stars, night)
    true_mag = float(exposure.truth.filter(pl.col("ref_id") == "target")["mag"][0])
    assert (verdict["file"], verdict["status"]) == ("light.fits", "measured")
    assert abs(float(verdict["mag"] or 0) - true_mag) < 2 * float(verdict["mag_err"] or 0)


def test_calibration_frames_may_lie_in_a_folder_of_their_own(tmp_path: Path) -> None:
    night, shots = tmp_path / "night", tmp_path / "shots"
    night.mkdir()
    shots.mkdir()
    _, stars = write_light(night)
    write_flats(shots)
    write_shots(shots, "dark", dark(60.0), EXPTIME=60.0)
    (raw,) = verdicts(stars, night)
    (verdict,) = verdicts(stars, night, "--calibration-frames", str(shots))
    assert float(raw["scatter_mag"] or 0) > 3 * float(verdict["scatter_mag"] or 0)


def test_calibration_frames_alone_are_refused_one_by_one(tmp_path: Path) -> None:
    shots, sky = tmp_path / "shots", tmp_path / "sky"
    shots.mkdir()
    sky.mkdir()
    _, stars = write_light(sky)
    write_shots(shots, "zero", bias(), count=2)
    assert [each["code"] for each in verdicts(stars, shots)] == ["calibration-frame"] * 2
