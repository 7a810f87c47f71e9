"""Reference stars of a cell come into the lake once; what cannot be a region is refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from installations import opened_in
from recorded_http import RecordedHttp

from engine.brokers.reference import GAIA_URL, VIZIER_URL
from engine.errors import Rejected, Transient
from jobs.references import references_by
from lake.opening import Lake
from lake.queue import Job, claim, enqueue, finish
from lake.references import cells_of_cone, cone, has_cells

ANSWERS = Path(__file__).resolve().parent.parent / "data" / "brokers" / "reference"
STARS = (ANSWERS / "gaia.csv").read_bytes()
CELL = 5000  # of the hand-made stars
FIELD = {"ra_deg": "346.0", "dec_deg": "13.28", "radius_deg": "0.2"}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    opened = opened_in(tmp_path_factory.mktemp("stars") / "data")
    yield opened
    opened.close()


def run(lake: Lake, args: dict[str, str], http: RecordedHttp) -> str:
    enqueue(lake.operations, "references", args)
    job = claim(lake.operations, "test", lease_s=60.0)
    assert isinstance(job, Job)
    finish(lake.operations, job, "taken by the test")
    return references_by(http, lake, job, lambda _step, _fraction: None)


def test_a_cell_is_filled_once(lake: Lake) -> None:
    http = RecordedHttp(answers={GAIA_URL: STARS})
    assert run(lake, {"cell": str(CELL)}, http) == (
        "6 reference stars came for 1 of 1 cells; the others were there."
    )
    assert has_cells(lake.store, [CELL])
    stars = cone(lake.store, 346.0, 13.28, 0.2)
    assert stars["ref_id"].n_unique() == 6
    version, asked = lake.store.version(), len(http.questions)
    run(lake, {"cell": str(CELL)}, http)
    assert (lake.store.version(), len(http.questions)) == (version, asked)


def test_the_batch_says_where_the_stars_come_from(lake: Lake) -> None:
    run(lake, {"cell": str(CELL)}, RecordedHttp(answers={GAIA_URL: STARS}))
    batches = lake.store.read("SELECT task, source, parameters FROM lake.batches")
    papers = [row for row in batches.rows() if f'"cell": {CELL}' in row[2]]
    assert [row[:2] for row in papers] == [("references", "gaia_gspc")]


def test_a_cone_fills_the_cells_that_it_touches_and_that_are_missing(lake: Lake) -> None:
    run(lake, {"cell": str(CELL)}, RecordedHttp(answers={GAIA_URL: STARS}))
    http = RecordedHttp(answers={GAIA_URL: STARS})
    wide = FIELD | {"radius_deg": "1.0"}
    run(lake, wide, http)
    touched = cells_of_cone(346.0, 13.28, 1.0)
    assert len(touched) > 1
    assert has_cells(lake.store, touched)
    assert len(http.questions) == len(touched) - 1
    assert cone(lake.store, 346.0, 13.28, 0.2)["ref_id"].n_unique() == 6


def test_an_archive_that_is_down_leaves_the_cell_open(lake: Lake) -> None:
    down = Transient("down", code="archive-down")
    with pytest.raises(Transient):
        run(lake, {"cell": "77"}, RecordedHttp(answers={GAIA_URL: down, VIZIER_URL: down}))
    assert not has_cells(lake.store, [77])


@pytest.mark.parametrize(
    "args",
    [{}, {"cell": "12288"}, {"cell": "-1"}, {"cell": "x"}, FIELD | {"radius_deg": "11"},
     FIELD | {"dec_deg": "91"}, FIELD | {"radius_deg": "nan"}, {"ra_deg": "1", "dec_deg": "2"}],
)  # fmt: skip
def test_what_is_no_region_is_refused(lake: Lake, args: dict[str, str]) -> None:
    with pytest.raises(Rejected) as refusal:
        run(lake, args, RecordedHttp(answers={}))
    assert refusal.value.code == "bad-region"
