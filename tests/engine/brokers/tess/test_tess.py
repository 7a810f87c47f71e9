"""TESS: the nearest star, one light curve a sector, bins, and FITS files that lie."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from recorded_http import RecordedHttp

from engine.brokers.protocol import Query
from engine.brokers.reading.bundle import bundled, parts_of
from engine.brokers.reading.spoc_files import sector_of
from engine.brokers.tess import DOWNLOAD_URL, INVOKE_URL, SECTORS_MAX, Tess, chosen, observations
from engine.errors import NotReady, Rejected, Transient

STEP_D = 1.0 / 48.0


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "tess" / "query.json").read_text()))


def light_curve_file(sector: int, *, cadences: int = 4, step_d: float = STEP_D, unit: str = "e-/s") -> bytes:
    """Return a file as SPOC makes them, of a constant star of 1000 e-/s and 1 % error."""
    primary = fits.PrimaryHDU()
    primary.header.update({"TICID": 11, "SECTOR": sector, "CAMERA": 2})
    flux = np.full(cadences, 1000.0, dtype=np.float32)
    columns = [
        fits.Column("TIME", "D", array=2000.0 + step_d * np.arange(cadences)),
        fits.Column("CADENCENO", "J", array=1000 + np.arange(cadences)),
        fits.Column("PDCSAP_FLUX", "E", array=flux, unit=unit),
        fits.Column("PDCSAP_FLUX_ERR", "E", array=flux / 100, unit=unit),
        fits.Column("QUALITY", "J", array=np.zeros(cadences, dtype=np.int32)),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="LIGHTCURVE")
    table.header["TIMEDEL"] = step_d
    body = io.BytesIO()
    fits.HDUList([primary, table]).writeto(body)
    return body.getvalue()


def observed(
    sector: int, *, tic: int = 11, ra_deg: float = 150.0, exptime_s: float = 120.0
) -> dict[str, object]:
    name = f"tess2020000000000-s{sector:04d}-{tic:016d}-0100-s"
    return {"obs_id": name, "s_ra": ra_deg, "s_dec": 20.0, "t_exptime": exptime_s}


def found(*rows: dict[str, object], status: str = "COMPLETE") -> bytes:
    return json.dumps({"status": status, "data": rows}).encode()


def rows_of(answers: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((answers / "tess" / "rows").iterdir())}


def test_good_cadences_become_magnitudes(answers: Path, query: Query) -> None:
    points = Tess().parse(bundled(rows_of(answers)), query)
    assert points["source_ref"].to_list() == [  # cadence 1001 of sector 30 has a quality flag
        *(f"TIC 11/s0030/cadence/{number}" for number in (1000, 1002, 1003)),
        *(f"TIC 11/s0031/cadence/{number}" for number in (1000, 1001, 1002, 1003)),
    ]
    # 20.44 - 2.5 log10(1000), and 1 % of it
    assert points["mag"].to_list() == pytest.approx([12.94] * 7)
    assert points["mag_err"].to_list() == pytest.approx([0.010857] * 7, abs=1e-6)


def test_times_are_taken_back_from_the_barycentre(answers: Path, query: Query) -> None:
    points = Tess().parse(bundled(rows_of(answers)), query)
    # BTJD 2000 is BJD (TDB) 2457000 + 2000; what is computed from the time at the observer agrees
    assert points["bjd_tdb"][0] == pytest.approx(2459000.0, abs=1e-8)
    away_s = (points["mjd"][0] - 58999.5) * 86400.0
    assert 10.0 < away_s < 499.0 + 70.0  # in May the Earth is behind the Sun as seen from 10 h


def test_a_long_sector_is_binned_to_half_hours(query: Query) -> None:
    step_d = 1.0 / 720.0  # two minutes
    parts = {
        "observations.json": found(observed(40)),
        "s0040": light_curve_file(40, cadences=2400, step_d=step_d),
    }
    points = Tess().parse(bundled(parts), query)
    assert len(points) == 160  # 2400 cadences in bins of 15
    assert points["source_ref"][0] == "TIC 11/s0040/30min/96000"
    assert points["mag"].to_list() == pytest.approx([12.94] * 160, abs=1e-6)
    assert points["mag_err"][80] == pytest.approx(1.0857362 * 0.01 / 15**0.5, rel=0.05)
    assert points["exptime_s"][80] == pytest.approx(1800.0, rel=0.1)
    short = parts | {"s0040": light_curve_file(40, cadences=2000, step_d=step_d)}
    assert len(Tess().parse(bundled(short), query)) == 2000


def test_the_nearest_star_s_best_light_curve_of_each_sector_is_chosen(answers: Path, query: Query) -> None:
    wanted = chosen(observations(rows_of(answers)["observations.json"]), query)
    assert [each.uri for each in wanted] == [
        "mast:TESS/product/tess2020000000000-s0030-0000000000000011-0100-s_lc.fits",  # not the one of 600 s
        "mast:HLSP/tess-spoc/s0031/target/0000/0000/0000/0011/"
        "hlsp_tess-spoc_tess_phot_0000000000000011-s0031_tess_v1_lc.fits",
    ]


def test_the_latest_sectors_are_chosen(query: Query) -> None:
    wanted = chosen(observations(found(*(observed(sector) for sector in range(1, 31)))), query)
    assert [each.sector for each in wanted] == list(range(31 - SECTORS_MAX, 31))


def test_light_curves_of_several_sectors_are_not_taken(query: Query) -> None:
    several = observed(9) | {"obs_id": "tess2018206190142-s0001-s0009-0000000000000011-00205"}
    assert observations(found(several)) == []


def test_a_bundle_of_all_sectors_is_fetched(answers: Path, query: Query) -> None:
    parts = rows_of(answers)
    listed = parts["observations.json"]
    http = RecordedHttp(answers={INVOKE_URL: listed, "-s0030-": parts["s0030"], "-s0031_": parts["s0031"]})
    assert Tess().fetch(query, http) == bundled(parts)
    assert '"position": "150.0000000, 20.0000000, 0.0013889"' in http.questions[0]
    assert '"values": ["SPOC", "TESS-SPOC"]' in http.questions[0]
    without = RecordedHttp(answers={INVOKE_URL: listed, "-s0031_": parts["s0031"]})
    assert set(parts_of(Tess().fetch(query, without), title="a test")) == {"observations.json", "s0031"}


def test_nothing_near_is_empty(query: Query) -> None:
    for listed in (found(), found(observed(1, ra_deg=150.002))):
        http = RecordedHttp(answers={INVOKE_URL: listed})
        assert Tess().fetch(query, http) == b""
        assert len(http.questions) == 1
    moving = RecordedHttp(answers={INVOKE_URL: found(observed(1))})
    assert Tess().fetch(replace(query, pm_dec_mas_yr=1000.0, epoch=2020.0), moving) == b""  # 20 arcsec
    assert "19.9944444" in moving.questions[0]


def test_a_search_that_goes_on_is_asked_again(query: Query) -> None:
    with pytest.raises(NotReady):
        Tess().fetch(query, RecordedHttp(answers={INVOKE_URL: found(status="EXECUTING")}))


@pytest.mark.parametrize("failure", [b"<html>down</html>", found(status="ERROR"), b"[]"])
def test_a_search_that_fails_is_for_later(query: Query, failure: bytes) -> None:
    with pytest.raises(Transient):
        Tess().fetch(query, RecordedHttp(answers={INVOKE_URL: failure}))


def test_a_page_for_a_file_is_for_later(query: Query) -> None:
    http = RecordedHttp(answers={INVOKE_URL: found(observed(1)), DOWNLOAD_URL: b"<html>down</html>"})
    with pytest.raises(Transient):
        Tess().fetch(query, http)


def test_a_file_of_another_star_or_sector_is_refused(query: Query) -> None:
    for name, listed in (("s0041", observed(41)), ("s0040", observed(40, tic=12))):
        parts = {"observations.json": found(listed), name: light_curve_file(40)}
        with pytest.raises(Rejected) as refusal:
            Tess().parse(bundled(parts), query)
        assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize(
    "listed", [b"[", b"{}", found({"obs_id": "tess2020000000000-s0001-0000000000000011-0100-s"})]
)
def test_a_broken_list_of_observations_is_drift(listed: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        observations(listed)
    assert refusal.value.code == "schema-drift"


WHOLE = light_curve_file(40, cadences=500)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x1f\x8b" + WHOLE[2:],  # compressed files are never opened
        WHOLE[:-1],
        WHOLE[:-2880],  # whole blocks, but not all of them
        WHOLE[:2880],  # no table
        WHOLE.replace(b"NAXIS2  =                  500", b"NAXIS2  =           2000000000"),
        WHOLE.replace(b"NAXIS2  =                  500", b"NAXIS2  =                   -5"),
        WHOLE.replace(b"TFORM3  = 'E       '", b"TFORM3  = 'PE(9)   '"),
        WHOLE.replace(b"'PDCSAP_FLUX'", b"'SAP_FLUX   '"),
        WHOLE.replace(b"'LIGHTCURVE'", b"'APERTURE  '"),
        WHOLE.replace(b"TICID   =                   11", b"TICID   = 'eleven            '"),
        WHOLE.replace(b"TIMEDEL =", b"TIMEDUL ="),
        light_curve_file(40, unit="1"),  # normalised fluxes have no magnitudes
        light_curve_file(40, cadences=4, step_d=9000.0),  # beyond the mission
    ],
)
def test_a_file_that_lies_is_drift(body: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        sector_of(body, title="TESS")
    assert refusal.value.code == "schema-drift"


def test_an_honest_file_is_read_exactly() -> None:
    sector = sector_of(WHOLE, title="TESS")
    assert (sector.tic, sector.number, sector.camera, len(sector.btjd)) == (11, 40, 2, 500)
    assert sector.exptime_s == pytest.approx(1800.0)
    assert sector.btjd.dtype == np.float64
