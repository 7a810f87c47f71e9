"""JPL Horizons: real ephemerides, questions, and refusals in words that a person understands."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from recorded_http import RecordedHttp

from engine.brokers.designation import designation_of
from engine.brokers.horizons import URL, Site, Span, command_of, ephemeris_of, fetch_ephemeris
from engine.errors import Rejected, Transient

NIGHT = Span(from_mjd=60000.0, to_mjd=60000.5, step_min=15)
TABLE = b"""\
API VERSION: 1.2
Target body name: (2099 ZZ)                       {source: JPL#1}
****
 Date__(UT)__HR:MN, Date_________JDUT, , , R.A._(ICRF), DEC_(ICRF),%s r, rdot, delta, deldot, S-T-O,
****
$$SOE
 2023-Feb-25 00:00, 2460000.500000000,*,m, 359.90000, 10.00000,%s 2.000000, 0.1, 1.500000, -3.0, 20.5000,
 2023-Feb-25 12:00, 2460001.000000000, , ,   0.10000, 10.10000,%s 2.000100, 0.1, 1.501000, -3.0, 20.6000,
$$EOE
"""
COMET = TABLE % (b" T-mag, N-mag,", b" 12.100, n.a.,", b" 12.200, 18.1,")
NOTHING_KNOWN = TABLE % (b"", b"", b"")
AMBIGUOUS = b"""\
API VERSION: 1.2
*******************************************************************************
 Comet AND asteroid index search:

    DES = 99P;

 Matching small-bodies:

    Record #  Epoch-yr  >MATCH DESIG<  Primary Desig  Name
    --------  --------  -------------  -------------  -------------------------
    90009901    1910    99P            99P             Invented
    90009902    1968    99P            99P             Invented

 (2 matches. To SELECT, enter record # (integer), followed by semi-colon.)
*******************************************************************************
"""
MAJOR = b"""\
 Multiple major-bodies match string "INVENTED*"

  ID#      Name                               Designation  IAU/aliases/other
  -------  ---------------------------------- -----------  -------------------
       98  Invented Barycenter
      998  Invented

   Number of matches =  2. Use ID# to make unique selection.
"""


def real(shared: Path, name: str) -> bytes:
    return (shared / "archives" / "solar_system" / name).read_bytes()


def refused(body: bytes) -> Rejected:
    with pytest.raises(Rejected) as refusal:
        ephemeris_of(body)
    return refusal.value


def test_a_real_range_of_places_is_read_exactly(shared: Path) -> None:
    ceres = ephemeris_of(real(shared, "horizons_ceres_ephemerides_range.txt"))
    assert ceres.body == "1 Ceres (A801 AA)"
    columns = ("mjd", "ra_deg", "dec_deg", "r_au", "delta_au", "phase_deg", "v_mag", "total_mag")
    assert tuple(ceres.table.columns) == columns
    assert ceres.table.rows()[0] == (
        59740.0, 101.73343, 26.78554, 2.603715306632, 3.51731638211972, 8.3884, 8.741, None,
    )  # fmt: skip
    assert ceres.table.rows()[-1] == (
        59770.0, 116.30339, 25.79505, 2.587682204769, 3.59188943334117, 2.9797, 8.487, None,
    )  # fmt: skip
    assert len(ceres.table) == 4


def test_a_real_track_tells_the_place_and_the_motion(shared: Path) -> None:
    track = ephemeris_of(real(shared, "horizons_ceres_ephemerides_range.txt")).track
    place = track.position_at(59750.0)
    assert (place.ra.deg, place.dec.deg) == (pytest.approx(106.56175), pytest.approx(26.59903))
    motion = track.motion_at(59750.0)
    # the answer says 65.04421 and -4.03596 arcsec an hour eastward and northward on that day
    assert motion.arcsec_per_s * 3600 == pytest.approx(math.hypot(65.04421, 4.03596), rel=0.01)
    assert motion.position_angle_deg == pytest.approx(
        90 + math.degrees(math.atan2(4.03596, 65.04421)), abs=0.5
    )


def test_one_real_moment_is_a_table_but_no_track(shared: Path) -> None:
    ceres = ephemeris_of(real(shared, "horizons_ceres_ephemerides_single.txt"))
    assert ceres.table.rows() == [
        (51544.0, 188.7028, 9.09829, 2.551099027865, 2.26315121010004, 22.5698, 8.459, None)
    ]
    with pytest.raises(Rejected) as refusal:
        _ = ceres.track
    assert refusal.value.code == "bad-ephemeris"


def test_a_real_body_without_h_has_no_magnitude(shared: Path) -> None:
    lost = ephemeris_of(real(shared, "horizons_no_H.txt"))
    (row,) = lost.table.to_dicts()
    assert lost.body == "(1935 UZ)"
    assert row["mjd"] == pytest.approx(59480.0 + 38.16 / 86400, abs=1e-8)
    assert (row["v_mag"], row["r_au"], row["phase_deg"]) == (None, 2.135003513756, 6.5251)


def test_the_real_orbits_agree_with_the_distance_from_the_sun(shared: Path) -> None:
    """The observer sees Ceres where it was 18.8 minutes before; elements and vectors tell where it is."""
    seen = ephemeris_of(real(shared, "horizons_ceres_ephemerides_single.txt")).table.row(0, named=True)
    vectors = real(shared, "horizons_ceres_vectors_single.txt").decode()
    cells = vectors.partition("$$SOE")[2].partition("$$EOE")[0].split(",")
    position = np.array([float(cell) for cell in cells[2:5]])
    velocity = np.array([float(cell) for cell in cells[5:8]])
    r_au = float(np.linalg.norm(position))
    elements = real(shared, "horizons_ceres_elements_single.txt").decode()
    orbit = [cell.strip() for cell in elements.partition("$$SOE")[2].partition("$$EOE")[0].split(",")]
    eccentricity, anomaly_deg, axis_au = float(orbit[2]), float(orbit[10]), float(orbit[11])
    bow = axis_au * (1 - eccentricity**2) / (1 + eccentricity * math.cos(math.radians(anomaly_deg)))
    assert bow == pytest.approx(r_au, abs=1e-9)
    # light took 18.82205467 minutes; UT was 64.18 s behind the time of the orbits
    earlier_d = 18.82205467 / 1440 - 64.184 / 86400
    away_au_d = float(position @ velocity) / r_au
    # and the Sun, which moves by 13 m/s, lit Ceres 21 minutes before that: 16 km, 1.1e-7 au
    assert seen["r_au"] == pytest.approx(r_au - away_au_d * earlier_d, abs=1.5e-7)


@pytest.mark.parametrize(
    ("name", "code"),
    [("horizons_tlist_error.txt", "ephemeris-refused"),
     ("horizons_ceres_elements_single.txt", "schema-drift"),
     ("horizons_ceres_vectors_single.txt", "schema-drift"),
     ("mpc_2P_ephemeris_500-a-t.html", "schema-drift"), ("mpc_2024AA_ephemeris_G37-a-t.html", "schema-drift"),
     ("skybot_conesearch.vot", "schema-drift")],
)  # fmt: skip
def test_real_answers_that_are_no_ephemerides_are_refused(shared: Path, name: str, code: str) -> None:
    assert refused(real(shared, name)).code == code


def test_a_real_refusal_is_told_in_its_own_words(shared: Path) -> None:
    assert (
        "no TLIST values found (or missing quotes)"
        in refused(real(shared, "horizons_tlist_error.txt")).reason
    )


def test_a_real_comets_designation_is_asked_for_its_last_apparition(shared: Path) -> None:
    page = real(shared, "mpc_comet_object_C2012S1.json").decode()
    (name,) = re.findall(r'"designation":"([^"]+)"', page)
    found = designation_of(name)
    assert found is not None
    assert found.is_comet
    assert command_of(name) == "DES=C/2012 S1;CAP;NOFRAG;"


@pytest.mark.parametrize(
    ("name", "command"),
    [("1", "1;"), ("(1) Ceres", "1;"), ("Ceres", "Ceres;"), ("2024 YR4", "DES=2024 YR4;"),
     ("2P/Encke", "DES=2P;CAP;NOFRAG;"), ("3I/ATLAS", "DES=3I;CAP;NOFRAG;")],
)  # fmt: skip
def test_small_bodies_are_asked_for_by_designation(name: str, command: str) -> None:
    assert command_of(name) == command


def test_the_magnitude_of_a_comet_is_its_total_one() -> None:
    table = ephemeris_of(COMET).table
    assert table["total_mag"].to_list() == [12.1, 12.2]
    assert table["v_mag"].to_list() == [None, None]


def test_columns_without_a_name_do_not_hide_others() -> None:
    ephemeris = ephemeris_of(NOTHING_KNOWN)
    assert ephemeris.body == "(2099 ZZ)"
    assert ephemeris.table["phase_deg"].to_list() == [20.5, 20.6]
    # the right ascension passes 0
    assert (ephemeris.track.position_at(60000.25).ra.deg + 180) % 360 == pytest.approx(180.0, abs=1e-4)


def test_the_question_tells_observer_and_span() -> None:
    http = RecordedHttp(answers={URL: COMET})
    assert len(fetch_ephemeris(http, "2P", "g37", NIGHT).table) == 2
    (question,) = http.questions
    for words in (
        "COMMAND='DES=2P;CAP;NOFRAG;'", "CENTER='G37@399'", "START_TIME='JD 2460000.500000'",
        "STOP_TIME='JD 2460001.000000'", "STEP_SIZE='15 m'", "QUANTITIES='1,9,19,20,24'", "TIME_TYPE=UT",
    ):  # fmt: skip
        assert words in question


def test_a_site_without_a_code_is_told_by_its_place() -> None:
    http = RecordedHttp(answers={URL: COMET})
    fetch_ephemeris(http, "Ceres", Site(longitude_deg=-17.88, latitude_deg=28.76, height_m=2396.0), NIGHT)
    assert "CENTER='coord@399'" in http.questions[0]
    assert "COORD_TYPE=GEODETIC SITE_COORD='-17.880000,28.760000,2.3960'" in http.questions[0]


@pytest.mark.parametrize(
    ("observer", "span", "code"),
    [("La Silla", NIGHT, "unknown-observatory"), ("500", Span(from_mjd=2.0, to_mjd=1.0), "bad-span"),
     ("500", Span(from_mjd=0.0, to_mjd=60000.0), "bad-span"),
     ("500", Span(from_mjd=1.0, to_mjd=2.0, step_min=0), "bad-span")],
)  # fmt: skip
def test_a_question_that_cannot_be_asked_is_refused(observer: str, span: Span, code: str) -> None:
    with pytest.raises(Rejected) as refusal:
        fetch_ephemeris(RecordedHttp(answers={URL: COMET}), "1", observer, span)
    assert refusal.value.code == code


def test_an_ambiguous_name_is_answered_with_the_list() -> None:
    refusal = refused(AMBIGUOUS)
    assert refusal.code == "ambiguous-name"
    assert "2 bodies" in refusal.reason
    assert "90009901 1910 99P 99P Invented; 90009902" in refusal.reason
    assert "998 Invented" in refused(MAJOR).reason
    assert refused(MAJOR).code == "ambiguous-name"


def test_a_name_that_nobody_knows_is_told() -> None:
    assert refused(b" No matches found.\n").code == "unknown-body"


@pytest.mark.parametrize(
    "body",
    [COMET.replace(b"$$EOE\n", b""), COMET.replace(b"S-T-O", b"phi"), COMET.replace(b"359.90000", b"n.a."),
     COMET.replace(b"359.90000", b"east"), b"", b"\xff\xfe$$SOE"],
)  # fmt: skip
def test_another_form_is_drift(body: bytes) -> None:
    assert refused(body).code == "schema-drift"


def test_a_page_is_for_later() -> None:
    with pytest.raises(Transient):
        fetch_ephemeris(RecordedHttp(answers={URL: b"<html>503</html>"}), "1", "500", NIGHT)
