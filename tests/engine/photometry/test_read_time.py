from datetime import datetime
from pathlib import Path

import pytest
from exposure_file import exposure_bytes, write
from hypothesis import given
from hypothesis import strategies as st

from engine.frame import Frame
from engine.photometry.read import read_frames
from engine.photometry.reading.header.dates import parse_moment
from engine.times import datetime_of

DAY = 61071.0  # 2026-01-31
START = DAY + (21 * 3600 + 4 * 60 + 5) / 86400
HALF = 30 / 86400
MICROSECOND = 2e-11


def timed(folder: Path, *cards: str) -> Frame:
    return read_frames(write(folder, exposure_bytes("EXPTIME = 60.0", *cards, base=())))[0]


@pytest.mark.parametrize(
    ("cards", "mjd", "uncertainty_s"),
    [
        (("DATE-OBS= '2026-01-31T21:04:05.123'",), START + 0.123 / 86400, 0.0005),
        (("DATE-OBS= '2026-01-31T21:04:05'",), START, 0.5),
        (("DATE-OBS= '2026-01-31T21:04:05.5Z'",), START + 0.5 / 86400, 0.05),
        (("DATE-OBS= '2026-01-31 21:04:05,5'",), START + 0.5 / 86400, 0.05),
        (("DATE-OBS= '2026-01-31T14:04:05.000-0700'",), START, 0.0005),
        (("DATE-OBS= '2026-02-01T02:34:05.000+05:30'",), START, 0.0005),
        (("DATE-OBS= '2026-01-31T22:04:05.000+01'",), START, 0.0005),
        (("DATE-OBS= '2026/01/31 21:04:05.00'",), START, 0.005),
        (("DATE-OBS= '31/01/2026 21:04:05.00'",), START, 0.005),
        (("DATE-OBS= '2026-01-31T21:04'",), DAY + (21 * 3600 + 4 * 60) / 86400, 30.0),
        (("DATE-OBS= '2026-01-31T1:04:05.0'",), START - 20 / 24, 0.05),
        (("DATE-OBS= '2026-01-31'", "TIME-OBS= '21:04:05.00'"), START, 0.005),
        (("DATE-OBS= '2026-01-31'", "UT      = '21:04:05.00'"), START, 0.005),
        (("DATE-OBS= '2026-01-31'", "UT      = '21 04 05'"), START, 0.5),
        (("DATE-OBS= '2026-01-31'", "UTC     = 75845.000"), START, 0.0005),
        (("DATE-OBS= '2026-01-31'", "TM-START= 75845.0"), START, 0.05),
        (("DATE-OBS= '2026-01-31'", "UT      = 21.5"), DAY + 21.5 / 24, 180.0),
        (("DATE-OBS= '20260131'", "TIME-OBS= '21:04:05'"), START, 0.5),
        (("DATE-OBS= '2026-01-31T00:00:00'", "TIME-OBS= '21:04:05'"), START, 0.5),
        (("DATE-OBS= '2026-01-31T21:04:05.1'", "TIME-OBS= '01:01:01'"), START + 0.1 / 86400, 0.05),
        (("DATE-OBS= '2026-01-31'", "TIME-OBS= '2026-01-31T21:04:05.00'"), START, 0.005),
        (("DATE-OBS= 'N/A'", "MJD-OBS = 61071.87783565"), 61071.87783565, 0.0005),
        (("MJD-OBS = 61071.878",), 61071.878, 43.2),
        (("JD      = 2461072.3778356",), 61071.8778356, 0.00432),
        (("JD      = '2461072,3778356'",), 61071.8778356, 0.00432),
    ],
)  # fmt: skip
def test_the_start_is_understood_and_the_middle_given(
    tmp_path: Path, cards: tuple[str, ...], mjd: float, uncertainty_s: float
) -> None:
    frame = timed(tmp_path, *cards)
    assert frame.mjd == pytest.approx(mjd + HALF, abs=1e-8)
    assert frame.mjd_uncertainty_s == pytest.approx(uncertainty_s, rel=0.01)


def test_old_two_digit_dates_belong_to_the_last_century(tmp_path: Path) -> None:
    frame = timed(tmp_path, "DATE-OBS= '26/10/92'", "UT      = '03:04:08'")
    assert datetime_of(frame.mjd).isoformat()[:19] == "1992-10-26T03:04:38"


@pytest.mark.parametrize(
    "cards",
    [
        ("DATE-AVG= '2026-01-31T21:04:35.000'",),
        ("DATE-OBS= '2026-01-31T21:04:05.000'", "DATE-AVG= '2026-01-31T21:04:35.000'"),
        ("MJD-MID = 61071.87818287",),
        ("DATE-OBS= '2026-01-31T21:04:35.000' / mid-exposure",),
        ("DATE-OBS= '2026-01-31T21:05:05.000' / end of exposure",),
        ("DATE-OBS= '2026-01-31T21:04:05.000' / start of exposure, not the middle",),
        ("DATE-OBS= '2026-01-31T21:04:05.000'", "MJD-OBS = 61071.87818287"),  # the middle under another name
    ],
)
def test_the_keyword_or_its_comment_says_which_moment_it_is(tmp_path: Path, cards: tuple[str, ...]) -> None:
    frame = timed(tmp_path, *cards)
    assert frame.mjd == pytest.approx(START + HALF, abs=1e-8)
    assert frame.mjd_uncertainty_s < 0.01


@pytest.mark.parametrize(
    ("cards", "uncertainty_s"),
    [
        (("DATE-OBS= '2026-01-31T21:04:05.000'", "MJD-OBS = 61071.878"), 0.0005),
        (("DATE-OBS= '2026-01-31T21:04:05'", "MJD-OBS = 61071.877838"), 0.0432),
        (("DATE-OBS= '2026-01-31T14:04:05.000'", "MJD-OBS = 61071.878"), 0.0005),
        (("DATE-OBS= '2026-01-31T22:04:05.000' / local time", "MJD-OBS = 61071.87783565"), 0.0005),
        (("DATE-OBS= '2026-01-31T22:04:05.000'", "UT-OBS  = '2026-01-31T21:04:05.000'"), 0.0005),
        (("DATE-OBS= '2026-01-30'", "UT      = '21:04:05.00'", "MJD-OBS = 61071.87784"), 0.005),
    ],
)
def test_mjd_and_ut_sharpen_the_date_and_uncover_local_time(
    tmp_path: Path, cards: tuple[str, ...], uncertainty_s: float
) -> None:
    frame = timed(tmp_path, *cards)
    assert frame.mjd == pytest.approx(START + HALF, abs=3e-6)
    assert frame.mjd_uncertainty_s == pytest.approx(uncertainty_s)


def test_local_time_is_told_to_the_observer(tmp_path: Path) -> None:
    frame = timed(tmp_path, "DATE-OBS= '2026-01-31T14:04:05.000'", "MJD-OBS = 61071.87784")
    assert any("not in UTC" in note and "+7.00" in note for note in frame.notes)


def test_clocks_that_disagree_widen_the_uncertainty(tmp_path: Path) -> None:
    frame = timed(tmp_path, "DATE-OBS= '2026-01-31T21:04:05.000'", "MJD-OBS = 61071.88000")
    assert frame.mjd == pytest.approx(START + HALF, abs=1e-8)
    assert frame.mjd_uncertainty_s == pytest.approx(187.0, abs=1)
    assert any("differ by" in note for note in frame.notes)


@pytest.mark.parametrize(
    ("scale", "behind_s"),
    [("UTC", 0.0), ("UT1", 0.0), ("TT", 69.184), ("TAI", 37.0), ("GPS", 18.0), ("TDB", 69.184)],
)
def test_other_time_scales_become_utc(tmp_path: Path, scale: str, behind_s: float) -> None:
    frame = timed(tmp_path, "DATE-OBS= '2026-01-31T21:04:05.000'", f"TIMESYS = '{scale}'")
    assert (START + HALF - frame.mjd) * 86400 == pytest.approx(behind_s, abs=0.005)


@pytest.mark.parametrize(
    ("cards", "middle_s", "uncertainty_s"),
    [
        (("DATE-END= '2026-01-31T21:05:07.000'",), 30.0, 1.0),  # two seconds of shutter and read-out
        (("DATE-END= '2026-01-31T21:25:05.000'", "NCOMBINE= 15"), 630.0, 600.0),
        (("STACKCNT= 10",), 165.0, 135.0),  # EXPTIME of one or of all
        (("DATE-END= '2026-01-31T20:00:00.000'",), 30.0, 0.0005),
        (("DATE-END= 'N/A'",), 30.0, 0.0005),
    ],
)
def test_the_end_and_stacking_move_the_middle(
    tmp_path: Path, cards: tuple[str, ...], middle_s: float, uncertainty_s: float
) -> None:
    frame = timed(tmp_path, "DATE-OBS= '2026-01-31T21:04:05.000'", *cards)
    assert (frame.mjd - START) * 86400 == pytest.approx(middle_s, abs=0.001)
    assert frame.mjd_uncertainty_s == pytest.approx(uncertainty_s)


def test_local_start_and_end_with_universal_mjd_do_not_stretch_the_exposure(tmp_path: Path) -> None:
    cards = (
        "DATE-OBS= '2026-01-31T14:04:05.00'",
        "DATE-END= '2026-01-31T14:05:05.00'",
        "MJD-OBS = 61071.877836",
    )
    assert timed(tmp_path, *cards).mjd == pytest.approx(START + HALF, abs=1e-8)


def test_heliocentric_time_alone_is_used_with_its_uncertainty(tmp_path: Path) -> None:
    frame = timed(tmp_path, "HJD     = 2461072.3778")
    assert frame.mjd == pytest.approx(61071.8778, abs=1e-7)
    assert frame.mjd_uncertainty_s > 490


@pytest.mark.parametrize(
    ("card", "exptime_s"),
    [
        ("EXPTIME = 60.0", 60.0),
        ("EXPOSURE= '60,5'", 60.5),
        ("EXPTIME = 1,5 / s", 1.5),
        ("EXPTIME = '30 s'", 30.0),
        ("EXP_TIME= 1.2D+02", 120.0),
        ("EXPTIME = 1500 / [ms]", 1.5),
        ("EXPOSURE= 2.0 / time in minutes", 120.0),
    ],
)
def test_exposure_times_are_understood(tmp_path: Path, card: str, exptime_s: float) -> None:
    content = exposure_bytes("DATE-OBS= '2026-01-31T21:04:05.000'", card, base=())
    frame = read_frames(write(tmp_path, content))[0]
    assert frame.exptime_s == pytest.approx(exptime_s)
    assert frame.mjd == pytest.approx(START + exptime_s / 2 / 86400, abs=1e-9)


def test_a_missing_exposure_time_is_taken_from_start_and_end(tmp_path: Path) -> None:
    cards = ("DATE-OBS= '2026-01-31T21:04:05'", "DATE-END= '2026-01-31T21:05:35'")
    assert read_frames(write(tmp_path, exposure_bytes(*cards, base=())))[0].exptime_s == pytest.approx(90.0)


MOMENTS = st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2099, 12, 30))


@given(moment=MOMENTS, zone_min=st.integers(min_value=-14 * 60, max_value=14 * 60))
def test_a_written_date_with_any_zone_comes_back(moment: datetime, zone_min: int) -> None:
    sign = "-" if zone_min < 0 else "+"
    zone = f"{sign}{abs(zone_min) // 60:02d}:{abs(zone_min) % 60:02d}"
    text = f"{moment:%Y-%m-%dT%H:%M:%S.%f}"
    plain, shifted = parse_moment(text), parse_moment(text + zone)
    assert plain is not None
    assert shifted is not None
    assert (plain.mjd - shifted.mjd) * 1440 == pytest.approx(zone_min, abs=1e-4)
    assert abs(datetime_of(plain.mjd).replace(tzinfo=None) - moment).total_seconds() < 2e-6


@given(st.text(max_size=70))
def test_no_text_breaks_the_reader_of_dates(text: str) -> None:
    found = parse_moment(text)
    assert found is None or -1e6 < found.mjd < 4e6
