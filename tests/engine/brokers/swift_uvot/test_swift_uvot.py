"""Swift UVOT: SOUSA's files, in which a missing magnitude mostly means a star that is too bright."""

import json
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from recorded_http import RecordedHttp

from engine.brokers.protocol import Query
from engine.brokers.swift_uvot import FILES_URL, INDEX_URL, SwiftUvot, exposures, newest_file
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag

SN2011FE = Query(target_id=5, name="SN 2011fe", ra_deg=210.774208, dec_deg=54.273722)
SN2023IXF = Query(target_id=6, name="SN 2023ixf", ra_deg=210.910674, dec_deg=54.311650)


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "swift_uvot" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "swift_uvot" / "rows.dat").read_bytes()


@pytest.fixture
def index(answers: Path) -> bytes:
    return (answers / "swift_uvot" / "index.json").read_bytes()


def real(shared: Path, name: str) -> bytes:
    return (shared / "archives" / "swift_uvot" / name).read_bytes()


def test_rows_are_magnitudes_or_limits(rows: bytes, query: Query) -> None:
    points = SwiftUvot().parse(rows, query).sort("mjd")
    assert points.select("mjd", "band", "mag", "mag_err", "exptime_s").rows() == [
        (58000.0, "UVOT(UVW2)", None, None, 300.0),
        (58001.0, "UVOT(UVW2)", 16.0, 0.1, 200.0),
        (58001.01, "UVOT(V)", 11.5, 0.03, 10.0),
        (58004.01, "UVOT(V)", None, None, 10.0),
    ]
    # 19.5 and 18.0 at 3 sigma, 2.5 log10(5/3) = 0.5546 brighter at 5 sigma
    assert points["limit_mag"].to_list() == [
        pytest.approx(18.9454, abs=1e-4), None, None, pytest.approx(17.4454, abs=1e-4),
    ]  # fmt: skip


def test_a_saturated_star_is_never_a_limit(rows: bytes, query: Query) -> None:
    times = set(SwiftUvot().parse(rows, query)["mjd"])
    assert not times & {58002.0, 58003.0}  # no rate; a rate of nothing with a huge error


def test_a_magnitude_beyond_saturation_is_flagged(rows: bytes, query: Query) -> None:
    points = SwiftUvot().parse(rows, query).filter(pl.col("flags") == int(Flag.SATURATED))
    assert points["mag"].to_list() == [11.5]


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"58001.0100", b"5800.0100"), (b"UVW2 ", b"WHITE"), (b"16.000   0.100", b"bright   0.100"),
     (b"16.000   0.100", b"99.990   0.100"), (b"305.00", b"")],
)  # fmt: skip
def test_another_form_is_drift(rows: bytes, query: Query, old: bytes, new: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        SwiftUvot().parse(rows.replace(old, new, 1), query)
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize(
    ("names", "path"),
    [(("SN 2099zz",), "data/SN2099zz_uvotB25.0.dat"), (("AT2099zz",), "data/SN2099zz_uvotB25.0.dat"),
     (("Gaia99abc", "PS1-99xy"), "data/PS1-99xy_uvotB9.dat"), (("SN 2099z",), None)],
)  # fmt: skip
def test_the_newest_file_of_a_name_is_taken(index: bytes, names: tuple[str, ...], path: str | None) -> None:
    assert newest_file(index, names) == path


def test_a_list_that_is_not_whole_is_for_later(index: bytes) -> None:
    with pytest.raises(Transient):
        newest_file(index.replace(b"false", b"true"), ("SN 2099zz",))


def test_the_file_of_the_target_is_asked_for(rows: bytes, index: bytes, query: Query) -> None:
    http = RecordedHttp(answers={INDEX_URL: index, FILES_URL: rows})
    assert SwiftUvot().fetch(query, http) == rows
    assert http.questions[1] == f"{FILES_URL}/data/SN2099zz_uvotB25.0.dat"
    other = Query(target_id=1, name="V Invented", ra_deg=1.0, dec_deg=1.0)
    assert SwiftUvot().fetch(other, RecordedHttp(answers={INDEX_URL: index})) == b""


def test_a_page_is_never_an_empty_sky(query: Query) -> None:
    with pytest.raises(Transient):
        SwiftUvot().fetch(query, RecordedHttp(answers={INDEX_URL: b"<html>rate limit</html>"}))


def test_the_real_file_of_sn_2011fe_is_read_exactly(shared: Path) -> None:
    body = real(shared, "SOUSA_SN2011fe_uvotB15.1.dat")
    assert len(exposures(body)) == 1256
    points = SwiftUvot().parse(body, SN2011FE)
    # 1256 rows: 1053 magnitudes and 203 NULL, of which 198 have no rate: five are limits
    assert (len(points), points["mag"].count(), points["limit_mag"].count()) == (1058, 1053, 5)
    assert points.group_by("band").len().sort("band").rows() == [
        ("UVOT(B)", 87), ("UVOT(U)", 153), ("UVOT(UVM2)", 214), ("UVOT(UVW1)", 195), ("UVOT(UVW2)", 281),
        ("UVOT(V)", 128),
    ]  # fmt: skip
    limit = points.filter(pl.col("band") == "UVOT(UVW2)").row(0, named=True)
    assert (limit["mjd"], limit["mag"]) == (55797.9285, None)
    assert limit["limit_mag"] == pytest.approx(19.405 - 0.55462, abs=1e-4)
    peak = points.filter(pl.col("band") == "UVOT(V)", pl.col("mjd").is_between(55809.0, 55847.0))
    assert peak["limit_mag"].count() == 0  # SN 2011fe was at V = 10, not fainter than 18
    assert peak["mag"].max() < 12.5


def test_the_real_file_of_sn_2023ixf_is_read_exactly(shared: Path) -> None:
    body = real(shared, "SOUSA_SN2023ixf_uvotB23.1.dat")
    assert len(exposures(body)) == 233
    points = SwiftUvot().parse(body, SN2023IXF)
    # 233 rows: 56 magnitudes; of 177 NULL 116 have no rate, 60 a rate of nothing, one is a measured 2 sigma
    assert (len(points), points["mag"].count(), points["limit_mag"].count()) == (57, 56, 1)
    limit = points.filter(pl.col("limit_mag").is_not_null()).row(0, named=True)
    assert (limit["mjd"], limit["band"]) == (60128.6384, "UVOT(U)")
    assert limit["limit_mag"] == pytest.approx(17.598 - 0.55462, abs=1e-4)
    uvw2 = points.filter(pl.col("band") == "UVOT(UVW2)")
    assert uvw2.select("mjd", "mag", "mag_err", "exptime_s").row(0) == (60106.3541, 13.349, 0.033, 275.36)


@pytest.mark.parametrize("name", ["SOUSA_SN2011fe_uvotB15.1.dat", "SOUSA_SN2023ixf_uvotB23.1.dat"])
def test_real_times_are_middles_of_exposures(shared: Path, name: str) -> None:
    lines = real(shared, name).decode().splitlines()
    cells = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    short = sorted((float(row[1]), float(row[11]) / 86400) for row in cells if float(row[11]) < 900)

    def overlaps(share: float) -> int:
        """Count exposures that begin 10 s before another ends, if the time is at this share of each."""
        spans = sorted((mjd - share * long, mjd + (1 - share) * long) for mjd, long in short)
        return sum(one[1] - other[0] > 10 / 86400 for one, other in pairwise(spans))

    assert overlaps(0.5) == 0
    assert overlaps(0.0) > 0
    assert overlaps(1.0) > 0
