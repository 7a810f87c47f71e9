"""`tomlake explain`, `verify` and `reparse`: what they print, and with which exit code they end."""

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from installations import needs_folder
from typer.testing import CliRunner

from engine.errors import Rejected
from engine.target import Target
from lake.opening import Lake, open_lake
from lake.provenance import new_batch
from lake.settings import read_settings
from lake.targets import create_target
from tomlake.main import app

runner = CliRunner()
BODY = b"an answer that no archive gave"

pytestmark = needs_folder


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    """Give a lake with ten points of one target, in the folder that the commands work in."""
    monkeypatch.setenv("TOMLAKE_DATA", str(tmp_path / "data"))
    opened = open_lake(read_settings({"TOMLAKE_DATA": str(tmp_path / "data")}))
    target = create_target(opened.operations, Target(name="Star 1", ra_deg=1.0, dec_deg=2.0), by="ada")
    numbers = pl.int_range(10, eager=True)
    points = pl.DataFrame({"source_ref": numbers.cast(pl.String), "mjd": 60000.0 + numbers}).with_columns(
        target_id=target.target_id, source=pl.lit("gaia_alerts"), band=pl.lit("GSA(G)"), mag=pl.lit(17.0)
    )
    batch = new_batch(
        "harvest", "gaia_alerts", target_id=target.target_id, by="ada", raw_sha256=opened.raw.put(BODY),
        parameters={"name": "Star 1", "ra_deg": 1.0, "dec_deg": 2.0},
    )  # fmt: skip
    opened.store.append_points(points, batch=batch)
    yield opened
    opened.close()


def point_ids(lake: Lake) -> list[int]:
    return lake.store.light_curve(1)["point_id"].sort().to_list()


def test_explain_takes_negative_numbers_as_they_are_and_after_two_dashes(lake: Lake) -> None:
    negative, positive = point_ids(lake)[0], point_ids(lake)[-1]
    assert negative < 0 < positive
    for words in ([str(negative)], ["--", str(negative)], [str(positive)]):
        result = runner.invoke(app, ["explain", *words], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        assert f"Point {words[-1]} of Star 1" in result.output
        assert "kept and sound" in result.output


def test_explain_writes_json_and_provenance(lake: Lake, tmp_path: Path) -> None:
    point_id = str(point_ids(lake)[0])
    told = json.loads(runner.invoke(app, ["explain", "--json", point_id], catch_exceptions=False).output)
    assert str(told["point"]["point_id"]) == point_id
    assert told["batch"]["task"] == "harvest"
    shown = runner.invoke(app, ["explain", point_id, "--prov", "-"], catch_exceptions=False).output
    file = tmp_path / "prov.json"
    assert runner.invoke(app, ["explain", point_id, "--prov", str(file)]).exit_code == 0
    assert json.loads(shown) == json.loads(file.read_text())
    assert f"tomlake:point/{point_id}" in json.loads(shown)["entity"]
    refused = runner.invoke(app, ["explain", point_id, "--prov", str(tmp_path)])
    assert isinstance(refused.exception, Rejected)


@pytest.mark.parametrize(
    ("word", "code"), [("12", "unknown-point"), ("-9", "unknown-point"), ("x", "bad-point-id")]
)
def test_explain_refuses_what_is_no_point(lake: Lake, word: str, code: str) -> None:
    refused = runner.invoke(app, ["explain", word]).exception
    assert isinstance(refused, Rejected)
    assert refused.code == code


def test_verify_seals_and_then_finds_a_flipped_byte(lake: Lake) -> None:
    first = runner.invoke(app, ["verify"], catch_exceptions=False)
    assert first.exit_code == 0, first.output
    assert "Not sealed yet" in first.output
    assert "Everything is sound." in first.output
    sealed = runner.invoke(app, ["verify", "--seal"], catch_exceptions=False)
    assert "lines were added to the ledger" in sealed.output
    second = runner.invoke(app, ["verify"], catch_exceptions=False)
    assert (second.exit_code, "Not sealed yet" in second.output) == (0, False)

    (file,) = (lake.settings.data_dir / "store").glob("main/photometry/*/*.parquet")
    body = bytearray(file.read_bytes())
    body[100] ^= 4
    file.write_bytes(body)
    quick = runner.invoke(app, ["verify", "--quick"], catch_exceptions=False)
    assert quick.exit_code == 0
    found = runner.invoke(app, ["verify"], catch_exceptions=False)
    assert found.exit_code == 1
    assert file.name in found.output
    assert "1 damage found." in found.output
    told = json.loads(runner.invoke(app, ["verify", "--json"], catch_exceptions=False).output)
    assert len(told["damages"]) == len(told["sentences"]) == 1


def test_verify_says_where_there_is_no_lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOMLAKE_DATA", str(tmp_path / "nothing"))
    refused = runner.invoke(app, ["verify"]).exception
    assert isinstance(refused, Rejected)
    assert refused.code == "no-lake"


def test_a_catalog_that_cannot_be_read_is_a_damage_and_no_traceback(lake: Lake) -> None:
    assert runner.invoke(app, ["verify", "--seal"]).exit_code == 0
    lake.close()
    for file in lake.settings.data_dir.glob("catalog.sqlite*"):
        file.write_bytes(b"this is no database" * 400 if file.suffix == ".sqlite" else b"")
    found = runner.invoke(app, ["verify"], catch_exceptions=False)
    assert found.exit_code == 1
    assert "cannot be read" in found.output
    assert "put the catalog back from a backup" in found.output


def test_reparse_tells_what_cannot_be_read_again(lake: Lake) -> None:
    done = runner.invoke(
        app, ["reparse", "gaia_alerts", "--target", "Star 1", "--dry-run"], catch_exceptions=False
    )
    assert done.exit_code == 1
    assert "Star 1" in done.output
    assert "1 read again" in done.output
    refused = runner.invoke(app, ["reparse", "astrolabe"]).exception
    assert isinstance(refused, Rejected)
    assert refused.code == "unknown-archive"
