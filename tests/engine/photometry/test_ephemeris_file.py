"""Ephemerides as people have them."""

from pathlib import Path

import pytest

from engine.errors import Rejected
from engine.photometry.catalogue.ephemeris_file import read_track

MJD = 60000.0
TABLES = {
    "plain.csv": "mjd,ra,dec\n60000.0,10.0,20.0\n60000.1,10.1,20.1\n",
    "julian.csv": "JD,RA_deg,Dec_deg\n2460000.5,10.0,20.0\n2460000.6,10.1,20.1\n",
    "horizons.csv": "datetime_jd,RA,DEC,RA_app,DEC_app\n2460000.5,10.0,20.0,9,9\n2460000.6,10.1,20.1,9,9\n",
    "sexagesimal.csv": "mjd,R.A._(ICRF),DEC_(ICRF)\n60000.0,00 40 00.0,+20 00 00\n"
    "60000.1,00 40 24,+20 06 00\n",
    "table.ecsv": "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: mjd, datatype: float64}\n"
    "# - {name: ra, unit: deg, datatype: float64}\n# - {name: dec, unit: deg, datatype: float64}\n"
    "mjd ra dec\n60000.1 10.1 20.1\n60000.0 10.0 20.0\n",
}


@pytest.mark.parametrize("name", TABLES)
def test_an_ephemeris_is_read_whatever_its_columns_are_called(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(TABLES[name])
    place = read_track(path).position_at(MJD)
    assert (place.ra.deg, place.dec.deg) == pytest.approx((10.0, 20.0))


def test_a_table_without_time_or_with_apparent_places_only_is_refused(tmp_path: Path) -> None:
    for text in ("ra,dec\n1,2\n3,4\n", "mjd,RA_app,DEC_app\n60000,1,2\n60001,3,4\n"):
        path = tmp_path / "bad.csv"
        path.write_text(text)
        with pytest.raises(Rejected) as refusal:
            read_track(path)
        assert refusal.value.code == "bad-ephemeris"
