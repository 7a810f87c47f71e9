"""Positions as people write them: what is meant is read, what is not clear is refused in one sentence."""

import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Rejected
from engine.written_position import LONGEST, read_position

RA_DEG = st.floats(0.0, 359.999)
DEC_DEG = st.floats(-89.999, 89.999)


@given(ra_deg=RA_DEG, dec_deg=DEC_DEG, between=st.sampled_from([" ", ", ", "\t", " ; ", "  "]))
def test_degrees_come_back_as_they_were_written(ra_deg: float, dec_deg: float, between: str) -> None:
    read = read_position(f" {ra_deg:.9f}{between}{dec_deg:+.9f} ")
    assert read == pytest.approx((ra_deg, dec_deg), abs=1e-9)


@pytest.mark.parametrize("sep", [":", " ", "hmsdms"])
@given(ra_deg=RA_DEG, dec_deg=DEC_DEG)
def test_sexagesimal_means_what_astropy_writes(sep: str, ra_deg: float, dec_deg: float) -> None:
    place = SkyCoord(ra_deg, dec_deg, unit="deg")
    form = {} if sep == "hmsdms" else {"sep": sep}
    read = read_position(place.to_string("hmsdms", precision=6, **form))
    assert read == pytest.approx((ra_deg, dec_deg), abs=1e-7)


@given(st.text(max_size=60) | st.from_regex(r"[0-9 :.,hdms+°'-]{1,40}", fullmatch=True))
def test_any_text_is_a_position_on_the_sky_or_is_refused(text: str) -> None:
    try:
        ra_deg, dec_deg = read_position(text)
    except Rejected as refusal:
        assert refusal.code in {"bad-position", "position-range"}
    else:
        assert 0.0 <= ra_deg < 360.0
        assert -90.0 <= dec_deg <= 90.0


@pytest.mark.parametrize(
    ("text", "ra_deg", "dec_deg"),
    [
        ("10h07m04.45s −66°10′51.2″", 151.768542, -66.180889),
        ("10 07.5 -66 10.5", 151.875, -66.175),
        ("10:07:04.45 -66.18089", 151.768542, -66.18089),
        ("10.5h, +5", 157.5, 5.0),
        ("151.76854-66.18089", 151.76854, -66.18089),
        ("0 -0:30:00", 0.0, -0.5),
        ("360 90", 0.0, 90.0),
    ],
)
def test_the_ways_that_people_write_are_read(text: str, ra_deg: float, dec_deg: float) -> None:
    assert read_position(text) == pytest.approx((ra_deg, dec_deg), abs=1e-6)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad-position"),
        ("151.7", "bad-position"),
        ("10 07 04", "bad-position"),
        ("10:75:00 5:00:00", "bad-position"),
        ("10.5:30 5", "bad-position"),
        ("nan nan", "bad-position"),
        ("1e9 5", "bad-position"),
        ("#1 2", "bad-position"),
        ("9" * 10_000, "bad-position"),
        ("1 2" + " " * LONGEST + "3", "bad-position"),
        ("361 0", "position-range"),
        ("25:00:00 0:00:00", "position-range"),
        ("10 91", "position-range"),
    ],
)
def test_what_is_no_position_is_refused(text: str, code: str) -> None:
    with pytest.raises(Rejected) as refusal:
        read_position(text)
    assert refusal.value.code == code
