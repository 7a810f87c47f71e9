"""The `tomlake` command: what it prints, what it refuses, and with which exit code."""

import json
from pathlib import Path

import polars as pl
import pytest
from command_line import refusal, runner, said

from engine.errors import Rejected
from lake.opening import open_lake
from lake.settings import read_settings
from lake.target_list import TargetFilter, find_targets
from tomlake.main import app
from tomlake.menu import MENU

KEYS = [
    "file", "status", "code", "reason", "band", "mjd", "mag", "mag_err", "limit_mag", "zero_point_mag",
    "zero_point_err_mag", "scatter_mag", "stars", "seeing_arcsec",
]  # fmt: skip

pytestmark = pytest.mark.usefixtures("data_dir")


@pytest.mark.parametrize("command", [entry.name for entry in MENU])
def test_every_command_explains_itself(command: str) -> None:
    assert command in said("--help")
    text = said(command, "--help")
    assert "Usage" in text
    assert "Traceback" not in text


def test_a_target_is_added_shown_and_listed() -> None:
    said(
        "target",
        "add",
        "HAT-P-32",
        "--ra",
        "02:04:10.28",
        "--dec",
        "+46:41:16.2",
        "--class",
        "Planetary Transit",
    )
    assert "31.042833 +46.687833" in said("target", "show", "hat-p-32")
    assert "HAT-P-32" in said("target", "list")


@pytest.mark.parametrize("name", ["<script>", "a/b", "", "x" * 10_000, "ünï"])
def test_a_hostile_name_is_refused_in_one_sentence(name: str) -> None:
    error = refusal("target", "add", name, "--ra", "1", "--dec", "2")
    assert error.code.startswith("name-")
    assert "\n" not in error.reason


def test_half_a_position_is_refused() -> None:
    assert refusal("target", "add", "x", "--ra", "1").code == "half-a-position"


def test_an_account_gets_a_token_once_and_nobody_else_does() -> None:
    said("user", "add", "ada", "--password", "a long enough one", "--full-name", "Ada L.")
    assert "Ada L." in said("user", "list")
    assert said("token", "ada").strip().startswith("tl_")
    assert refusal("token", "nobody").code == "unknown-user"


def test_sql_reads_the_lake_and_never_writes_it() -> None:
    assert "0" in said("sql", "SELECT count(*) FROM photometry")
    assert refusal("sql", "DELETE FROM photometry").code == "not-a-select"
    assert refusal("sql", "SELECT nonsense").code == "bad-sql"


def test_settings_are_shown_with_their_origin(data_dir: Path) -> None:
    text = said("config")
    assert "TOMLAKE_DATA" in text
    assert "default" in text


def test_status_counts_what_is_there() -> None:
    text = said("status")
    assert "Points" in text
    assert "waiting" in text


def test_a_text_file_is_one_json_object_with_every_key_and_exit_code_1(tmp_path: Path) -> None:
    file = tmp_path / "image.fits"
    file.write_text("this is no image")
    stars = tmp_path / "stars.csv"
    stars.write_text("ra,dec,G\n10.0,20.0,12.0\n")
    result = runner.invoke(
        app, ["reduce", str(file), "--ra", "10", "--dec", "20", "--references", str(stars), "--json"]
    )
    assert result.exit_code == 1
    verdict = json.loads(result.output)
    assert list(verdict) == KEYS
    assert (verdict["file"], verdict["status"], verdict["code"]) == ("image.fits", "rejected", "not-fits")


@pytest.mark.parametrize("name", ["night.csv", "night.parquet"])
def test_a_row_for_each_frame_is_written_to_a_file(tmp_path: Path, name: str) -> None:
    file, stars, table = tmp_path / "image.fits", tmp_path / "stars.csv", tmp_path / name
    file.write_text("this is no image")
    stars.write_text("ra,dec,G\n10.0,20.0,12.0\n")
    words = ["reduce", str(file), "--ra", "10", "--dec", "20", "--references", str(stars)]
    assert runner.invoke(app, [*words, "--table", str(table)]).exit_code == 1
    written = pl.read_parquet(table) if table.suffix == ".parquet" else pl.read_csv(table)
    assert written.select("file", "status", "code").rows() == [("image.fits", "rejected", "not-fits")]
    with pytest.raises(Rejected, match="cannot be written"):
        runner.invoke(app, [*words, "--table", str(tmp_path)], catch_exceptions=False)


def test_reduce_says_what_is_missing(tmp_path: Path) -> None:
    assert refusal("reduce", str(tmp_path / "nothing.fits"), "--ra", "1", "--dec", "1").code == "no-such-file"
    assert refusal("reduce", str(tmp_path), "--ra", "1", "--dec", "1").code == "empty-folder"


def test_a_real_frame_is_measured_by_the_command(shared: Path) -> None:
    images = shared / "images"
    text = said(
        "reduce", str(images / "microobservatory_hatp32" / "HATP-32171220013343.FITS"),
        "--target", "HAT-P-32", "--ra", "31.0427625", "--dec", "46.6878514",
        "--references", str(images / "ref_gaia_G10_hatp32.ecsv"), "--json",
    )  # fmt: skip
    verdict = json.loads(text)
    assert (verdict["status"], verdict["band"]) == ("measured", "G(GaiaDR3)")
    assert verdict["mag"] == pytest.approx(11.12, abs=2 * verdict["mag_err"])


def test_a_real_stack_is_told_after_its_frames(shared: Path, tmp_path: Path) -> None:
    images = shared / "images"
    frames = sorted((images / "microobservatory_hatp32").iterdir())[10:13]
    for frame in frames:
        (tmp_path / frame.name).symlink_to(frame)
    verdicts = said(
        "reduce", str(tmp_path), "--ra", "31.0427625", "--dec", "46.6878514", "--stack",
        "--references", str(images / "ref_gaia_G10_hatp32.ecsv"), "--json",
    ).splitlines()  # fmt: skip
    singles, stack = [json.loads(each) for each in verdicts[:-1]], json.loads(verdicts[-1])
    assert [single["file"] for single in singles] == [frame.name for frame in frames]
    assert (stack["file"], stack["status"]) == ("stack of 3 frames", "measured")
    assert stack["mag"] == pytest.approx(11.12, abs=2 * stack["mag_err"])
    assert stack["limit_mag"] > max(single["limit_mag"] for single in singles)


def test_a_moving_target_needs_its_ephemeris_and_no_stack(shared: Path, tmp_path: Path) -> None:
    images = shared / "images"
    frame = str(images / "microobservatory_hatp32" / "HATP-32171220013343.FITS")
    stars = str(images / "ref_gaia_G10_hatp32.ecsv")
    way = tmp_path / "slow.csv"  # a star may pass for a target that stands still
    way.write_text("mjd,ra,dec\n58106,31.0427625,46.6878514\n58108,31.0427625,46.6878514\n")
    verdict = json.loads(said("reduce", frame, "--ephemeris", str(way), "--references", stars, "--json"))
    assert verdict["status"] == "measured"
    assert verdict["mag"] == pytest.approx(11.12, abs=2 * verdict["mag_err"])
    told = refusal("reduce", frame, "--ephemeris", str(way), "--references", stars, "--stack")
    assert told.code == "stack-moves"


def test_a_real_instrumental_table_finds_its_band(shared: Path) -> None:
    table = str(shared / "images" / "cat_lco1m_cpt_fa06_i_refcat2.fits")
    verdict = json.loads(said("reduce", table, "--references", table, "--json"))
    assert verdict["band"] == "i(Refcat2)"
    assert verdict["stars"] > 1000
    assert verdict["scatter_mag"] < 0.05


def test_a_target_under_embargo_is_seen_by_nobody_else_until_its_day() -> None:
    said("target", "add", "Later1", "--ra", "10", "--dec", "20", "--embargo-until", "2199-01-01")
    said("target", "add", "Sooner1", "--ra", "30", "--dec", "20", "--embargo-until", "2020-01-01")

    assert "from 2199-01-01 on" in said("target", "show", "Later1")
    lake = open_lake(read_settings())
    seen = {row.target.name for row in find_targets(lake.operations, TargetFilter(), None)[0]}
    lake.close()
    assert seen == {"Sooner1"}
