"""Light curves that people made of archives' answers: plain columns of JD or HJD, magnitude and error."""

from pathlib import Path

import pytest

from engine.brokers.protocol import Query
from engine.brokers.reading.plain_columns import hjd_magnitudes, plain_columns

HERE = Query(target_id=1, name="x", ra_deg=270.0, dec_deg=-30.0)
# file, rows, of them with an error of at most 1 mag, of these from 3 sigma on; the last ones' first and last
# magnitude, and their mean
TABLES = (
    ("multi_AT2024kwu_Gaia24amo_Gaia24cbz/AT2024kwu_GSA_G.dat", 114, 114, 114, 17.4300, 16.1700, 17.3904),
    ("multi_AT2024kwu_Gaia24amo_Gaia24cbz/AT2024kwu_LCO_g.dat", 51, 50, 50, 16.7927, 16.5107, 16.6645),
    ("multi_AT2024kwu_Gaia24amo_Gaia24cbz/AT2024kwu_LCO_i.dat", 80, 80, 80, 15.9181, 15.6006, 15.7666),
    ("multi_AT2024kwu_Gaia24amo_Gaia24cbz/AT2024kwu_LCO_r.dat", 13, 13, 13, 16.1450, 15.8479, 15.9861),
    ("multi_AT2024kwu_Gaia24amo_Gaia24cbz/AT2024kwu_ZTF_g.dat", 1212, 1212, 1212, 18.0199, 16.5099, 17.9451),
    ("multi_AT2024kwu_Gaia24amo_Gaia24cbz/AT2024kwu_ZTF_r.dat", 1830, 1830, 1830, 17.3075, 15.8086, 17.2513),
    ("multi_AT2024kwu_Gaia24amo_Gaia24cbz/Gaia24cbz_ATLAS_o.dat", 105, 86, 67, 18.4170, 14.4510, 16.9840),
    ("multi_AT2024kwu_Gaia24amo_Gaia24cbz/Gaia24cbz_GSA_G.dat", 103, 103, 103, 18.5500, 17.6200, 18.5320),
    ("multi_AT2024kwu_Gaia24amo_Gaia24cbz/Gaia24cbz_LCO_g.dat", 15, 15, 15, 20.5845, 20.1516, 19.6190),
    ("multi_AT2024kwu_Gaia24amo_Gaia24cbz/Gaia24cbz_LCO_i.dat", 43, 43, 43, 17.8127, 15.2723, 17.5846),
    (
        "multi_OGLE-2016-BLG-1396/GaiaDR3-ULENS-018_clean_KMT-2016-BLG-0738_KMTA_I.dat",
        563,
        563,
        563,
        15.0783,
        14.7545,
        14.9493,
    ),
    (
        "multi_OGLE-2016-BLG-1396/GaiaDR3-ULENS-018_clean_KMT-2016-BLG-0738_KMTC_I.dat",
        840,
        840,
        840,
        15.0121,
        14.6750,
        14.9170,
    ),
    (
        "multi_OGLE-2016-BLG-1396/GaiaDR3-ULENS-018_clean_KMT-2016-BLG-0738_KMTS_I.dat",
        750,
        750,
        750,
        15.0340,
        14.6802,
        14.9208,
    ),
    (
        "multi_OGLE-2016-BLG-1396/GaiaDR3-ULENS-018_corr_OGLE-2016-BLG-1396.dat",
        2780,
        2780,
        2780,
        14.9340,
        14.9320,
        14.9269,
    ),
    ("multi_OGLE-2016-BLG-1396/GaiaDR3-ULENS-018_mod_BP.dat", 22, 22, 22, 16.8161, 16.7160, 16.6716),
    ("multi_OGLE-2016-BLG-1396/GaiaDR3-ULENS-018_mod_G.dat", 24, 24, 24, 16.0037, 15.9409, 15.9184),
    ("multi_OGLE-2016-BLG-1396/GaiaDR3-ULENS-018_mod_RP.dat", 22, 22, 22, 14.9832, 15.0167, 14.8701),
)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table[0].rpartition("/")[2])
def test_a_real_table_is_read_exactly(
    table: tuple[str, int, int, int, float, float, float], shared: Path
) -> None:
    name, rows, measured, seen, first_mag, last_mag, mean_mag = table
    body = (shared / "archives" / name).read_bytes()
    assert len(plain_columns(body, ("jd", "mag", "mag_err"), title="a table")) == rows
    points = hjd_magnitudes(body, HERE, title="a table")
    mags = points["mag"].drop_nulls()
    assert (len(points), len(mags), points["limit_mag"].null_count()) == (measured, seen, seen)
    assert (mags[0], mags[-1], mags.mean()) == pytest.approx((first_mag, last_mag, mean_mag), abs=1e-4)
