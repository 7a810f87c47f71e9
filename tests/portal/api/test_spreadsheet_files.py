"""Files that people open in spreadsheets: whatever was written by whomever, no cell is a formula there."""

import csv
import io
import re
from collections.abc import Iterator

import httpx
import polars as pl
import pytest
from api_server import Served

from engine.lightcurve import light_curve
from engine.target import Target
from lake.people.audit import AuditFilter, audit_page
from lake.provenance import new_batch
from lake.rights import SYSTEM
from lake.targets import create_target, delete_target
from portal.accounts.admin import audit_csv
from portal.api.light_curve_csv import bhtom_csv

FORMULAS = ('=HYPERLINK("https://example.org";"a")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1")
NAMES = [f"{sign}Sheet {ra_deg}" for ra_deg in range(0, 360, 60) for sign in "+-@"]
SITE = {
    "longitude_deg": -68.2,
    "latitude_deg": -22.9,
    "aperture_m": 1.0,
    "altitude_min_deg": 10.0,
    "format": "csv",
}
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")


def points_of(target: Target) -> pl.DataFrame:
    """Return points whose every text begins like a formula."""
    texts = dict.fromkeys(("source_ref", "facility", "camera", "observer", "calib_version"), FORMULAS)
    mjd = [60000.0 + day for day in range(len(FORMULAS))]
    same = {"target_id": target.target_id, "source": "=src", "band": "r(GaiaSP)", "mag": -1.5, "mag_err": 0.1}
    return light_curve(pl.DataFrame({"mjd": mjd, **texts, **same}))


@pytest.fixture(scope="module")
def targets(served: Served) -> Iterator[list[Target]]:
    made = [
        create_target(
            served.lake.operations,
            Target(name=name, ra_deg=float(name.split()[1]), dec_deg=-20.0 - 10.0 * "+-@".index(name[0])),
            by="owner",
        )
        for name in NAMES
    ]
    for target in made[:3]:
        number = target.target_id or 0
        served.lake.store.replace_points(number, "=src", points_of(target), batch=new_batch("test", "=src"))
    yield made
    for target in made:
        delete_target(served.lake.operations, target.target_id or 0, user=SYSTEM)


def rows_of(body: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("address", [f"/download/{NAMES[0]}.csv", "/download/targets/csv", "/api/v1/tonight"])
def test_no_cell_of_a_file_is_a_formula(address: str, owner: httpx.Client, targets: list[Target]) -> None:
    answer = owner.get(address, params=SITE if "tonight" in address else {})
    assert answer.status_code == 200, answer.text
    rows = rows_of(answer.content)
    cells = [cell for row in rows for cell in row]
    assert any(cell.startswith("'") for cell in cells)  # a name that could be one is there
    assert not [cell for cell in cells if cell[:1] in set("=+-@\t\r") and not _NUMBER.fullmatch(cell)]


def test_a_light_curve_keeps_its_numbers_and_all_it_says_behind_the_apostrophe(
    owner: httpx.Client, targets: list[Target]
) -> None:
    header, *rows = rows_of(owner.get(f"/download/{NAMES[0]}.csv").content)
    told = [dict(zip(header, row, strict=True)) for row in rows]
    assert [each["observer"] for each in told] == [f"'{text}" for text in FORMULAS]
    assert {each["mag"] for each in told} == {"-1.5"}
    assert {each["target"] for each in told} == {f"'{NAMES[0]}"}


def test_what_clients_of_bhtom_read_stays_as_it_was_written(targets: list[Target]) -> None:
    rows = list(csv.reader(io.StringIO(bhtom_csv(points_of(targets[0])), newline=""), delimiter=";"))
    assert [row[5] for row in rows[1:5]] == list(FORMULAS[:4])


def test_the_log_of_staff_has_no_formula_either(served: Served, targets: list[Target]) -> None:
    gone = create_target(served.lake.operations, Target(name="Gone", ra_deg=5.0, dec_deg=80.0), by="=who")
    delete_target(served.lake.operations, gone.target_id or 0, user=SYSTEM)
    lines = audit_page(served.lake.operations, AuditFilter(kind="change"), SYSTEM, limit=100)
    assert "'=who" in [row[3] for row in rows_of(audit_csv(lines))]
