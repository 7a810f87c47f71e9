"""What pages show of the archives: states, what each said, how far they are, and who may ask again."""

import polars as pl
import pytest
from page_lakes import SIMULATED_NAME

from engine.brokers.registry import BROKERS, broker, served
from engine.errors import Rejected, Transient
from engine.lightcurve import light_curve
from engine.target import Target
from lake.archives import asked_now, record_answer, record_failure, request_all
from lake.opening import Lake
from lake.provenance import new_batch
from lake.queue import Kinds, claim, finish
from lake.rights import SYSTEM
from lake.targets import create_target, get_target
from portal.at_work import archives
from portal.light_curve import curves


def target(lake: Lake, name: str) -> Target:
    return get_target(lake.operations, name, SYSTEM)


def new_target(lake: Lake, name: str, ra_deg: float) -> Target:
    """Return a target of this test alone: others work on the same lake."""
    return create_target(lake.operations, Target(name=name, ra_deg=ra_deg, dec_deg=12.0), by="maker")


def states(table: pl.DataFrame) -> dict[str, str]:
    return dict(table.select("Key", "State").iter_rows())


def test_the_table_holds_every_archive_and_tells_which_is_in_trouble(full_lake: Lake) -> None:
    record_answer(full_lake.operations, "sdss", 1, rows=4, latency_s=2.0)
    for _ in range(3):
        record_failure(full_lake.operations, "moa", 1, Transient("It is down.", code="unreachable"))
    record_failure(full_lake.operations, "crts", 1, Transient("It is slow.", code="timed-out"))
    found = states(archives.archives_table())
    assert set(found) == {known.info.key for known in BROKERS}
    assert found["sdss"] == archives.WELL
    assert (found["moa"], found["crts"]) == (archives.RESTS, archives.TROUBLE)
    assert (found["atlas"], found["linear"]) == (archives.NEEDS_ACCOUNT, archives.BY_FILE)
    assert found["ztf"] == archives.NEW
    resting = archives.archives_table().filter(pl.col("Key") == "moa").row(0, named=True)
    assert resting["Says"] == "It is down."
    assert resting["Next try"].startswith("in ")


def test_a_page_tells_how_far_the_archives_are_until_all_have_answered(full_lake: Lake) -> None:
    asked = new_target(full_lake, "Archives 1", 301.0)
    request_all(full_lake.operations, [broker(key).info for key in ("sdss", "ztf")], asked)
    far = archives.asking(asked.target_id or 0)
    assert far is not None
    assert (far.answered, far.asked) == (0, 2)
    assert far.sentence == ("0 of 2 archives have answered. Still asked: SDSS imaging, ZTF data releases.")
    while (taken := claim(full_lake.operations, "w", kinds=Kinds(only=["harvest"]))) is not None:
        answered = int(taken.args["target_id"])
        record_answer(full_lake.operations, taken.args["source"], answered, rows=2, latency_s=1.0)
        finish(full_lake.operations, taken, "done")
    assert archives.asking(asked.target_id or 0) is None
    said = archives.target_archives_table(asked)
    assert said.filter(pl.col("Points") == 2)["Archive"].to_list() == ["SDSS imaging", "ZTF data releases"]


def test_who_is_signed_in_has_the_archives_asked_again(full_lake: Lake) -> None:
    asked = new_target(full_lake, "Archives 2", 302.0)
    with pytest.raises(Rejected) as refusal:
        archives.ask_again(asked, None)
    assert refusal.value.code == "no-right"
    able = [info for info in served({}) if info.asks in {"position", "name"}]
    said = archives.ask_again(asked, SYSTEM)
    jobs = asked_now(full_lake.operations, asked.target_id or 0)
    assert said == f"{len(jobs)} archives are asked now."
    assert 20 <= len(jobs) <= len(able)
    assert archives.ask_again(target(full_lake, SIMULATED_NAME), SYSTEM) == "0 archives are asked now."


def test_fluxes_have_charts_of_their_own_and_repeats_are_drawn_once(full_lake: Lake) -> None:
    target_id = new_target(full_lake, "Archives 3", 303.0).target_id or 0
    own = light_curve(
        pl.DataFrame(
            {"target_id": target_id, "source": "ztf", "source_ref": ["1", "2"], "mjd": [60000.0, 60001.0],
             "band": "ZTF(zr)", "mag": 17.0, "mag_err": 0.1}
        )
    )  # fmt: skip
    full_lake.store.replace_points(target_id, "ztf", own, batch=new_batch("test", "ztf"))
    rows = {
        "target_id": target_id, "source": ["first", "fava", "fink"], "source_ref": ["a", "b", "c"],
        "mjd": [51000.0, 56000.0, 60001.0],
        "band": ["FIRST(Flux 1.4GHz)", "LAT(>100MeV)", "ZTF(zr)"],
        "mag": [None, -0.752575, 17.0], "mag_err": [None, 0.1, 0.1], "flux_ujy": [2500.0, None, None],
        "flux_err_ujy": [100.0, None, None],
    }  # fmt: skip
    points = light_curve(pl.DataFrame(rows))
    for source in ("first", "fava", "fink"):
        of_source = points.filter(pl.col("source") == source)
        full_lake.store.replace_points(target_id, source, of_source, batch=new_batch("test", source))
    after = curves.chart_of(target_id)
    assert after is not None
    assert (after.points, after.repeats) == (2, 1)
    panels = {panel.unit: panel.rows["level"].to_list() for panel in curves.flux_panels(target_id)}
    assert panels == {"times its mean": [pytest.approx(2.0, abs=1e-5)], "mJy": [2.5]}
