"""TNS: names of filters, units, limits, uncertain times, the bot's questions."""

import json
from pathlib import Path

import polars as pl
import pytest
from recorded_http import RecordedHttp

from engine.bands import BANDS
from engine.brokers.protocol import Query
from engine.brokers.tns import OBJECT_URL, SEARCH_URL, Tns, band_of
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag

QUERY = Query(target_id=28, name="AT 2099aaa", ra_deg=160.0, dec_deg=15.0)
SECRETS = {"tns_key": "invented", "tns_bot_id": "1", "tns_bot_name": "a_bot"}


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "tns" / "rows.json").read_bytes()


def answer(data: object, code: int = 200) -> bytes:
    return json.dumps({"id_code": code, "id_message": "", "data": data}).encode()


def found(*names: str) -> bytes:
    return answer({"reply": [{"objname": name, "prefix": "AT"} for name in names]})


def test_reported_magnitudes_and_limits_in_known_bands_are_kept(rows: bytes) -> None:
    points = Tns().parse(rows, QUERY)
    # left out: a clear filter, r of one telescope, G in AB, and a row without any value
    assert points.select("mjd", "band", "mag", "mag_err", "limit_mag").rows() == [
        (58999.0, "ZTF(zr)", None, None, 20.25),
        (59000.0, "ZTF(zg)", 18.5, 0.1, None),
        (59001.0, "ATLAS(o)", 18.0, None, None),
        (59004.0, "GSA(G)", 17.5, 0.2, None),
    ]
    assert set(points["calib_version"]) == {"tns-as-reported-1"}
    assert points["camera"].to_list() == ["ZTF-Cam", "ZTF-Cam", "ATLAS-04", "Gaia-photometric"]


def test_an_exposure_of_unknown_length_is_flagged(rows: bytes) -> None:
    points = Tns().parse(rows.replace(b'"exptime": 45', b'"exptime": 300'), QUERY)
    flagged = points.filter(pl.col("flags") == int(Flag.TIME_UNCERTAIN))
    assert flagged["band"].to_list() == ["ATLAS(o)", "GSA(G)"]


def test_older_answers_and_numbered_rows_read_the_same(rows: bytes) -> None:
    data = json.loads(rows)["data"]
    numbered = data | {"photometry": dict(enumerate(data["photometry"]))}
    for other in ({"reply": data}, numbered):
        assert Tns().parse(answer(other), QUERY).equals(Tns().parse(rows, QUERY))


def test_a_report_repeated_by_another_group_is_one_point(rows: bytes) -> None:
    data = json.loads(rows)["data"]
    twice = data | {"photometry": data["photometry"] * 2}
    assert len(Tns().parse(answer(twice), QUERY)) == 4


@pytest.mark.parametrize(
    ("name", "instrument", "label"),
    [
        ("g", "ZTF-Cam", "ZTF(zg)"), ("i-ZTF", "ZTF-Cam", "ZTF(zi)"), ("cyan-ATLAS", "ACAM1", "ATLAS(c)"),
        ("orange", "ATLAS-02", "ATLAS(o)"), ("G-Gaia", "Gaia-photometric", "GSA(G)"), ("z", "GPC1", "PS1(z)"),
        ("i-P1", "GPC1", "PS1(i)"), ("y-LSST", "LSSTCam", "LSST(y)"), ("g", "ASASSN-4", "ASASSN(g)"),
        ("V-crts-CRTS", "Other", "CRTS(CL)"), ("r", "LRIS", None), ("r-Sloan", "ZTF-Cam", None),
        ("w-PS1", "GPC1", None), ("L-GOTO", "GOTO-1", None), ("Clear-", "Other", None), ("", "", None),
        ("V-Johnson", "ALFOSC", None),
    ],
)  # fmt: skip
def test_filters_are_told_by_name_or_camera(name: str, instrument: str, label: str | None) -> None:
    assert band_of(name, instrument) == label
    assert label is None or label in BANDS


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"photometry"', b'"spectra"'),
        (b'"data"', b'"answer"'),
        (b'"jd": 2459000.5', b'"jd": 59000.0'),
        (b'"jd": 2459000.5', b'"jd": null'),
        (b'"flux": 18.5', b'"flux": "bright"'),
        (b'"filters": {"id": 110, "name": "g"}', b'"filters": 110'),
    ],
)
def test_an_impossible_value_is_drift(rows: bytes, old: bytes, new: bytes) -> None:
    changed = rows.replace(old, new, 1)
    assert changed != rows
    with pytest.raises(Rejected) as refusal:
        Tns().parse(changed, QUERY)
    assert refusal.value.code == "schema-drift"


def test_sentinels_never_become_points(rows: bytes) -> None:
    changed = rows.replace(b'"flux": 18.5', b'"flux": 99.99').replace(b'"limflux": 20.5', b'"limflux": -999')
    assert "ZTF(zg)" not in set(Tns().parse(changed, QUERY)["band"])


def test_the_nearest_object_is_asked_for_as_a_bot(rows: bytes) -> None:
    far = answer({"objname": "2099bbb", "radeg": 160.0, "decdeg": 15.0006, "photometry": []})
    http = RecordedHttp(
        answers={SEARCH_URL: found("2099bbb", "2099aaa"), '"2099bbb"': far, '"2099aaa"': rows},
        secrets=SECRETS,
    )
    assert Tns().fetch(QUERY, http) == rows
    assert (
        'data={"ra": "160.0000000", "dec": "15.0000000", "radius": "3", "units": "arcsec"}'
        in http.questions[0]
    )
    assert http.questions[0].endswith('User-Agent: tns_marker{"tns_id": "1", "type": "bot", "name": "a_bot"}')
    assert [question.split()[0] for question in http.questions] == [SEARCH_URL, OBJECT_URL, OBJECT_URL]
    assert '"objname": "2099aaa", "photometry": "1", "spectra": "0"' in http.questions[2]


@pytest.mark.parametrize("nothing", [found(), answer([]), answer({"reply": None})])
def test_a_target_that_tns_does_not_know_gives_nothing(nothing: bytes) -> None:
    assert Tns().fetch(QUERY, RecordedHttp(answers={SEARCH_URL: nothing}, secrets=SECRETS)) == b""


def test_an_object_beyond_the_radius_is_not_the_target() -> None:
    far = answer({"objname": "2099bbb", "radeg": 160.0, "decdeg": 15.001, "photometry": []})
    http = RecordedHttp(answers={SEARCH_URL: found("2099bbb"), OBJECT_URL: far}, secrets=SECRETS)
    assert Tns().fetch(QUERY, http) == b""


@pytest.mark.parametrize(
    "ill", [b"<html>502</html>", b'{"id_code": 200', answer(None, 500), Transient("", code="rate-limited")]
)
def test_an_outage_is_not_an_empty_sky(ill: bytes | Exception) -> None:
    for answers in ({SEARCH_URL: ill}, {SEARCH_URL: found("2099aaa"), OBJECT_URL: ill}):
        with pytest.raises(Transient):
            Tns().fetch(QUERY, RecordedHttp(answers=answers, secrets=SECRETS))


@pytest.mark.parametrize("missing", sorted(SECRETS))
def test_without_the_secrets_it_is_not_asked(missing: str) -> None:
    secrets = {name: value for name, value in SECRETS.items() if name != missing}
    with pytest.raises(Rejected) as refusal:
        Tns().fetch(QUERY, RecordedHttp(answers={}, secrets=secrets))
    assert refusal.value.code == "needs-account"


def test_a_key_that_tns_does_not_know_is_told() -> None:
    http = RecordedHttp(answers={SEARCH_URL: answer(None, 401)}, secrets=SECRETS)
    with pytest.raises(Rejected) as refusal:
        Tns().fetch(QUERY, http)
    assert refusal.value.code == "needs-account"


def test_real_names_of_filters_are_known(shared: Path) -> None:
    # an aggregator's copy of four reports: the names of TNS, in another form
    copied = json.loads((shared / "archives" / "transients_fyi" / "tfyi_detections.json").read_bytes())
    labels = [band_of(one["filter"], one["instrument"]) for one in copied["detections"]]
    assert labels == ["CRTS(CL)", "ATLAS(o)", "ZTF(zr)", "ZTF(zr)"]
    systems = [f"{BANDS[label or ''].system}" for label in labels]
    assert systems == [one["mag_system"] for one in copied["detections"]]
