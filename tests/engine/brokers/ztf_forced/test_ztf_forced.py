"""ZTF forced photometry: the queue, cuts, baselines, errors, limits, a real file."""

import json
import math
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded_http import RecordedHttp

from engine.brokers.protocol import Query
from engine.brokers.ztf_forced import COLUMNS, CUTS, STATUS_URL, SUBMIT_URL, ZtfForced, epochs
from engine.errors import NotReady, Rejected, Transient
from engine.lightcurve import Flag
from engine.times import mjd_now

SECRETS = {
    "ztf_forced_login": "door:open", "ztf_forced_email": "ann@example.org", "ztf_forced_password": "word",
}  # fmt: skip
TICKET = f"150.000000 60.000000 2458194.500000 {mjd_now() + 2400000.5 - 1.0:.6f}"
PATH = "/ztf/ops/forcedphot/lc/0/1/req00000007/forcedphotometry_req00000007_lc.txt"
END = "# ------------------------------END---------------------------------\n"

USUAL = (
    "701", "11", "1", "ZTF_r", "1", "0", "0", "2.0", "5.0", "30.", "23.9", "2458500.5", "100.0", "10.0",
    "1.0",
)  # fmt: skip
JOB_COLUMNS = (
    "reqid", "ra", "dec", "startJD", "endJD", "created", "started", "ended", "exitcode", "medianmag",
    "lightcurve",
)  # fmt: skip


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "ztf_forced" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "ztf_forced" / "rows.txt").read_bytes()


HERE = Query(target_id=8, name="Invented star", ra_deg=150.0, dec_deg=60.0)


def file_of(*changes: dict[str, str]) -> bytes:
    """Return a light-curve file with one epoch for each of the changes."""
    names = list(COLUMNS)
    usual = dict(zip(names, USUAL, strict=True))
    lines = [usual | {"pid": str(number)} | each for number, each in enumerate(changes)]
    text = "".join(f" {' '.join(line.values())}\n" for line in lines)
    return f"# made by hand\n {', '.join(names)}\n#\n{text}{END}".encode()


def status_page(*, ticket: str = TICKET, exit_code: str = "0", path: str = PATH) -> bytes:
    """Return the list of questions: another one, and that of the ticket."""
    jobs = [
        ["6", "1.0", "2.0", *ticket.split()[2:], "", "", "", "0", "", "/another.txt"],
        ["7", *ticket.split(), "", "", "", exit_code, "", path],
    ]
    heads = "".join(f"<th>{name}</th>" for name in JOB_COLUMNS)
    rows = "".join(f"<tr>{''.join(f'<td> {cell} </td>' for cell in job)}</tr>" for job in jobs)
    return f"<html><table><tr>{heads}</tr>{rows}</table></html>".encode()


def echo_page(question: str) -> bytes:
    """Return what the service answers to a question that it took."""
    words = dict(word.split("=", 1) for word in question.split()[1:] if "=" in word)
    cells = "".join(f"<td>{words[name]}</td>" for name in ("ra", "dec", "jdstart", "jdend"))
    return f"<html><table><tr><th>RA</th></tr><tr>{cells}</tr></table></html>".encode()


def ref(points: pl.DataFrame, source_ref: str) -> dict[str, object]:
    return points.filter(pl.col("source_ref") == source_ref).row(0, named=True)


def test_each_cut_leaves_its_epochs_out(rows: bytes, query: Query) -> None:
    refs = ZtfForced().parse(rows, query)["source_ref"].to_list()
    # 3: infobitssci; 4: seeing; 5: noise; 6: no flux; 10: no error
    assert refs == [f"10000{n}" for n in (0, 1, 2, 7, 8, 9)] + ["100011"]


def test_every_cut_is_documented() -> None:
    told = " ".join(ZtfForced().info.method)
    assert all(name in told for name in ("infobitssci", "scisigpix", "sciinpseeing", "a flux was measured"))
    assert len(CUTS) == 5


def test_differences_of_three_sigma_have_magnitudes_others_limits(rows: bytes, query: Query) -> None:
    points = ZtfForced().parse(rows, query)
    seen, faint, negative = (ref(points, f"10000{n}") for n in (0, 1, 2))
    assert (seen["mag"], seen["mag_err"], seen["limit_mag"]) == (
        pytest.approx(18.9), pytest.approx(0.108574, abs=1e-6), None,
    )  # fmt: skip
    assert (faint["mag"], faint["flux_ujy"]) == (None, 20.0)
    assert (negative["mag"], negative["flux_ujy"]) == (None, -50.0)
    assert faint["limit_mag"] == negative["limit_mag"] == pytest.approx(19.652575, abs=1e-6)  # 50 uJy


def test_zero_point_and_chi_squared_count(rows: bytes, query: Query) -> None:
    point = ref(ZtfForced().parse(rows, query), "100009")
    # 100 DN of zero point 26.4 are 10 uJy; a chi squared of 4 doubles the error of 1 uJy
    assert (point["flux_ujy"], point["flux_err_ujy"]) == (pytest.approx(10.0), pytest.approx(2.0))


def test_the_time_is_the_middle_of_the_exposure(rows: bytes, query: Query) -> None:
    points = ZtfForced().parse(rows, query)
    assert ref(points, "100000")["mjd"] == pytest.approx(58500.25 + 15 / 86400, abs=1e-8)
    assert ref(points, "100009")["mjd"] == pytest.approx(58509.25 + 30 / 86400, abs=1e-8)


def test_what_the_service_warns_of_is_flagged(rows: bytes, query: Query) -> None:
    points = ZtfForced().parse(rows, query)
    flags = {row["source_ref"]: row["flags"] for row in points.iter_rows(named=True)}
    assert all(each & Flag.DIFFERENCE for each in flags.values())
    flags = {ref: each - Flag.DIFFERENCE for ref, each in flags.items() if each != Flag.DIFFERENCE}
    assert flags == {
        "100007": int(Flag.POOR_QUALITY_AT_SOURCE),  # infobitssci 8
        "100008": int(Flag.NEAR_EDGE),  # 57 and 61
        "100011": int(Flag.BAD_PIXEL),  # 56
    }


def test_an_unknown_warning_is_poor_quality() -> None:
    points = ZtfForced().parse(file_of({"procstatus": "59"}, {"procstatus": "56,60"}), HERE)
    poor = int(Flag.POOR_QUALITY_AT_SOURCE | Flag.DIFFERENCE)
    assert points["flags"].sort().to_list() == sorted([poor, poor | int(Flag.BAD_PIXEL)])


def epochs_of(fluxes: list[float], **same: str) -> bytes:
    return file_of(
        *({"forcediffimflux": str(flux), "jd": str(2458500.5 + n)} | same for n, flux in enumerate(fluxes))
    )


def test_the_baseline_of_a_quiet_target_is_taken_away() -> None:
    fluxes = [47.0, 53.0] * 15 + [550.0]  # 30 quiet epochs at 50, and an outburst
    points = ZtfForced().parse(epochs_of(fluxes), HERE)
    # the median of 31 is 53
    assert points["flux_ujy"].to_list() == pytest.approx([flux - 53.0 for flux in fluxes])


def test_a_target_that_always_varies_keeps_its_fluxes() -> None:
    fluxes = [-500.0, 500.0] * 16
    points = ZtfForced().parse(epochs_of(fluxes), HERE)
    assert points["flux_ujy"].to_list() == pytest.approx(fluxes)


def test_too_few_epochs_have_no_baseline() -> None:
    points = ZtfForced().parse(epochs_of([50.0] * 29), HERE)
    assert points["flux_ujy"].to_list() == pytest.approx([50.0] * 29)
    enough = ZtfForced().parse(epochs_of([50.0] * 30), HERE)
    assert enough["flux_ujy"].to_list() == pytest.approx([0.0] * 30)


def test_each_camera_and_band_has_its_own_baseline() -> None:
    one, other = epochs_of([50.0] * 30), epochs_of([80.0] * 30, qid="2")
    lines = [line.replace(f" {n} 0 ", f" {n + 100} 0 ", 1) for n, line in enumerate(rows_of(other))]
    both = one.decode().replace(END, "".join(f"{line}\n" for line in lines) + END)
    points = ZtfForced().parse(both.encode(), HERE)
    assert points.group_by("camera").agg(pl.col("flux_ujy").max().round(9)).sort("camera").rows() == [
        ("701/11/1", 0.0), ("701/11/2", 0.0),
    ]  # fmt: skip


def rows_of(body: bytes) -> list[str]:
    return [line for line in body.decode().splitlines() if not line.startswith("#")][1:]


@settings(deadline=None, max_examples=40)
@given(
    snr=st.floats(3.01, 1e4), zero_point_mag=st.floats(20.0, 28.0), flux_dn=st.floats(1.0, 1e6),
)  # fmt: skip
def test_a_magnitude_is_zpdiff_less_two_and_a_half_dex_of_the_flux(
    snr: float, zero_point_mag: float, flux_dn: float
) -> None:
    epoch = {
        "forcediffimflux": repr(flux_dn), "forcediffimfluxunc": repr(flux_dn / snr),
        "zpdiff": repr(zero_point_mag),
    }  # fmt: skip
    (point,) = ZtfForced().parse(file_of(epoch), HERE).select("mag", "mag_err").rows()
    assert point[0] == pytest.approx(zero_point_mag - 2.5 * math.log10(flux_dn), abs=1e-9)
    assert point[1] == pytest.approx(1.0857362 / snr, rel=1e-6)


@pytest.mark.parametrize(
    "epoch",
    [{"filter": "ZTF_u"}, {"jd": "58500.25"}, {"jd": "null"}, {"exptime": "0."}, {"zpdiff": "-999"},
     {"forcediffimflux": "bright"}],
)  # fmt: skip
def test_impossible_values_are_drift(epoch: dict[str, str]) -> None:
    with pytest.raises(Rejected) as refusal:
        ZtfForced().parse(file_of(epoch), HERE)
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize("column", COLUMNS)
def test_a_missing_column_is_drift(column: str) -> None:
    body = file_of({}).decode().replace(f" {column}", " other", 1).encode()
    with pytest.raises(Rejected) as refusal:
        ZtfForced().parse(body, HERE)
    assert refusal.value.code == "schema-drift"


def test_a_file_without_its_last_line_is_drift(rows: bytes, query: Query) -> None:
    with pytest.raises(Rejected) as refusal:
        ZtfForced().parse(rows.replace(END.encode(), b""), query)
    assert refusal.value.code == "schema-drift"


class Taking(RecordedHttp):
    """Takes every question, as the service does, by showing it again."""

    def get(self, url: str, **words: object) -> bytes:
        super().get(url, **words)  # type: ignore[arg-type]
        return echo_page(self.questions[-1])


def test_a_question_is_put_into_the_queue(query: Query) -> None:
    http = Taking(answers={SUBMIT_URL: b""}, secrets=SECRETS)
    with pytest.raises(NotReady) as waiting:
        ZtfForced().fetch(query, http)
    (question,) = http.questions
    for words in ("ra=150.000000", "dec=60.000000", "jdstart=2458194.500000", "email=ann@example.org",
                  "userpass=word", "Authorization: Basic ZG9vcjpvcGVu"):  # fmt: skip
        assert words in question
    assert waiting.value.ticket.startswith("150.000000 60.000000 2458194.500000 24")
    assert waiting.value.retry_after_s == 3600.0


def test_a_question_that_was_not_taken_is_for_later(query: Query) -> None:
    for page in (b"<html>Error: wrong password</html>", b"<table><tr><td>1</td><td>2</td></tr></table>"):
        with pytest.raises(Transient) as failure:
            ZtfForced().fetch(query, RecordedHttp(answers={SUBMIT_URL: page}, secrets=SECRETS))
        assert failure.value.code == "not-accepted"
        assert "word" not in failure.value.reason.replace("password", "")


@pytest.mark.parametrize("missing", sorted(SECRETS))
def test_every_secret_is_needed(query: Query, missing: str) -> None:
    secrets = {name: value for name, value in SECRETS.items() if name != missing}
    with pytest.raises(Rejected) as refusal:
        ZtfForced().fetch(query, RecordedHttp(answers={}, secrets=secrets))
    assert refusal.value.code == "needs-account"


def asked_again(page: bytes, *, ticket: str = TICKET, light_curve: bytes = b"") -> tuple[RecordedHttp, Query]:
    http = RecordedHttp(answers={STATUS_URL: page, f"caltech.edu{PATH}": light_curve}, secrets=SECRETS)
    return http, Query(target_id=8, name="x", ra_deg=150.0, dec_deg=60.0, ticket=ticket)


def test_the_light_curve_is_brought_when_it_is_ready(rows: bytes) -> None:
    http, query = asked_again(status_page(), light_curve=rows)
    assert ZtfForced().fetch(query, http) == rows
    assert "option=All recent jobs action=Query Database" in http.questions[0]
    assert "Authorization: Basic" in http.questions[1]


@pytest.mark.parametrize(
    "page",
    [status_page(path=""), status_page(ticket=TICKET.replace("150.0", "150.1")), b"Zero records returned.",
     b"Error: database is busy; try again a minute later."],
)  # fmt: skip
def test_a_light_curve_that_is_not_ready_keeps_its_ticket(page: bytes) -> None:
    http, query = asked_again(page)
    with pytest.raises(NotReady) as waiting:
        ZtfForced().fetch(query, http)
    assert waiting.value.ticket == TICKET


def test_a_place_without_images_is_an_empty_answer() -> None:
    http, query = asked_again(status_page(exit_code="63", path=""))
    assert ZtfForced().fetch(query, http) == b""


def test_a_failure_of_the_service_is_told() -> None:
    http, query = asked_again(status_page(exit_code="64", path=""))
    with pytest.raises(Rejected) as refusal:
        ZtfForced().fetch(query, http)
    assert refusal.value.code == "archive-failed"


def test_a_page_in_place_of_the_light_curve_is_for_later() -> None:
    http, query = asked_again(status_page(), light_curve=b"<html>503</html>")
    with pytest.raises(Transient):
        ZtfForced().fetch(query, http)


def test_another_list_of_questions_is_drift() -> None:
    http, query = asked_again(status_page().replace(b"exitcode", b"code"))
    with pytest.raises(Rejected) as refusal:
        ZtfForced().fetch(query, http)
    assert refusal.value.code == "schema-drift"


def test_a_question_that_the_service_has_forgotten_is_asked_anew() -> None:
    old = "150.000000 60.000000 2458194.500000 2460000.500000"
    query = Query(target_id=8, name="x", ra_deg=150.0, dec_deg=60.0, ticket=old)
    http = Taking(answers={SUBMIT_URL: b""}, secrets=SECRETS)
    with pytest.raises(NotReady) as waiting:
        ZtfForced().fetch(query, http)
    assert waiting.value.ticket != old


def real(shared: Path) -> bytes:
    return (shared / "archives" / "ztf" / "ztf_forcedphotometry_req00149191_lc.txt").read_bytes()


QUIET = Query(target_id=9, name="x", ra_deg=210.84826655555557, dec_deg=-6.031637659259259)


def test_every_row_of_a_real_file_is_read(shared: Path) -> None:
    table = epochs(real(shared))
    assert len(table) == 455
    # what each cut removes, and what it removes alone
    removed = {name: table.filter(~condition.fill_null(False)).height for name, condition in CUTS.items()}
    assert removed == {
        "infobitssci": 25, "scisigpix": 14, "sciinpseeing": 28, "forcediffimflux": 2, "forcediffimfluxunc": 2,
    }  # fmt: skip
    assert (table["pid"][0], table["camera"][0]) == ("453350081515", "426/4/3")


def test_a_real_file_gives_its_light_curve(shared: Path) -> None:
    points = ZtfForced().parse(real(shared), QUIET)
    assert points.group_by("band").agg(
        pl.len(), pl.col("mag").count().alias("seen"), pl.col("limit_mag").count().alias("limits")
    ).sort("band").rows() == [("ZTF(zg)", 153, 17, 136), ("ZTF(zi)", 34, 4, 30), ("ZTF(zr)", 202, 17, 185)]
    assert points["flags"].to_list().count(int(Flag.POOR_QUALITY_AT_SOURCE | Flag.DIFFERENCE)) == 4
    assert points["flags"].to_list().count(int(Flag.DIFFERENCE)) == 385


def test_real_epochs_are_calibrated(shared: Path) -> None:
    points = ZtfForced().parse(real(shared), QUIET)
    columns = ("source_ref", "mjd", "flux_ujy", "flux_err_ujy")
    # 100.575 DN of 26.2024 are 12.065 uJy, less the baseline of 1.0948 uJy of the g band
    assert points.select(columns).row(0) == (
        "453350081515", pytest.approx(58207.3502546, abs=1e-7), pytest.approx(10.970281),
        pytest.approx(10.495090),
    )  # fmt: skip
    assert points["limit_mag"][0] == pytest.approx(19.6001095)
    last = points.row(-1, named=True)
    assert (last["source_ref"], last["mag"], last["mag_err"]) == (
        "1887479571515", pytest.approx(20.092576), pytest.approx(0.1060923),
    )  # fmt: skip
    brightest = ref(points, "1637213871515")
    assert brightest["mag"] == pytest.approx(14.1403618)
    assert brightest["flux_ujy"] == points["flux_ujy"].max()


def test_a_real_file_that_was_cut_off_is_refused(shared: Path) -> None:
    whole = real(shared)
    with pytest.raises(Rejected) as refusal:
        ZtfForced().parse(whole[: whole.rindex(b"\n", 0, -200) + 1], QUIET)
    assert refusal.value.code == "schema-drift"
