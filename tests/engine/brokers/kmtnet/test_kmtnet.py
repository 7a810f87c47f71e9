"""KMTNet: series of three sites, hostile tar files, events by name and list, real series."""

import gzip
import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from recorded_http import RecordedHttp

from engine.brokers.kmtnet import INFO, SITE, Kmtnet, rows_of
from engine.brokers.protocol import Query
from engine.brokers.reading.bundle import bundled, parts_of
from engine.brokers.reading.compressed import files_of_tar
from engine.errors import Rejected, Transient

FILES = ("KMTA12_I", "KMTA14_I", "KMTC12_I", "KMTC14_I")
LINE = "KMT-{}-BLG-{:04d} BLG01.0001 1 1 {} {} 9000.5 10.0 0.1 18.0 18.0\n"
FAR = LINE.format(2019, 1, "17:00:00.00", "-20:00:00.0").encode()


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "kmtnet" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    folder = answers / "kmtnet" / "rows"
    return bundled({path.name: path.read_bytes() for path in sorted(folder.iterdir())})


def tar_gz(*members: tuple[tarfile.TarInfo | str, bytes]) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as archive:
        for named, body in members:
            member = tarfile.TarInfo(named) if isinstance(named, str) else named
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return whole.getvalue()


def test_the_hand_made_rows_become_these_points(rows: bytes, query: Query) -> None:
    points = Kmtnet().parse(rows, query)
    assert points.select("source_ref", "facility", "camera", "mag").rows() == [
        ("KMTA01/9000.50000", "KMTNet SSO", "KMTA01", 20.0),
        ("KMTC01/2459000.60000", "KMTNet CTIO", "KMTC01", 20.1),
        ("KMTA01/9001.50000", "KMTNet SSO", "KMTA01", None),
        ("KMTA01/9004.50000", "KMTNet SSO", "KMTA01", None),
    ]
    # 20 mag are 1584.893 units: 100 of error are 0.0685044 mag
    assert points["mag_err"][0] == pytest.approx(0.0685053, abs=1e-6)
    assert points["limit_mag"][2:].to_list() == pytest.approx([18.7525750, 21.2525750], abs=1e-6)


def test_short_and_whole_dates_are_the_same(rows: bytes, query: Query) -> None:
    points = Kmtnet().parse(rows, query)
    assert points["mjd"][1] - points["mjd"][0] == pytest.approx(0.1, abs=1e-5)  # the Earth moves
    assert points["mjd"][0] == pytest.approx(59000.0, abs=510.0 / 86400.0)


@pytest.mark.parametrize(
    "series",
    [b"", b"9000.5 1 1 20 0.1\n", b"# HJD \\Delta_flux mag\n9000.5 1 20\n",
     b"# HJD \\Delta_flux flux_err mag mag_err\n9000.5 1 much 20 0.1\n",
     b"# HJD \\Delta_flux flux_err mag mag_err\n1.5 1 1 20 0.1\n9e6 1 1 20 0.1\n",
     b"# HJD \\Delta_flux flux_err mag mag_err\n9000.5 1 1 20\n"],
)  # fmt: skip
def test_broken_series_are_drift(query: Query, series: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        Kmtnet().parse(bundled({"KMTA01_I.pysis": series}), query)
    assert refusal.value.code == "schema-drift"


def test_a_strange_part_of_a_bundle_is_drift(query: Query) -> None:
    with pytest.raises(Rejected) as refusal:
        Kmtnet().parse(bundled({"README.txt": b"# HJD"}), query)
    assert refusal.value.code == "schema-drift"


def test_an_event_is_asked_by_its_name_and_only_series_are_kept(query: Query) -> None:
    packed = tar_gz(
        ("pysis/KMTS01_I.pysis", b"# HJD\n"), ("./KMTA01_I.pysis", b"# HJD\n"), ("00README", b"x")
    )
    http = RecordedHttp(answers={"KB180003/pysis/pysis.tar.gz": packed})
    body = Kmtnet().fetch(replace(query, names=("KMT-2018-BLG-0003",)), http)
    assert list(parts_of(body, title="")) == ["KMTA01_I.pysis", "KMTS01_I.pysis"]
    assert http.questions == [f"{SITE}2018/data/KB180003/pysis/pysis.tar.gz"]


def test_an_event_is_found_by_its_position_nearest_first(query: Query) -> None:
    near = "".join(
        LINE.format(2019, number, ra, "-30:00:00.00")
        for number, ra in ((7, "18:00:00.10"), (8, "18:00:00.01"), (9, "06:00:00.00"))
    )
    http = RecordedHttp(
        answers={
            "2019/listpage.dat": near.encode(),
            "listpage.dat": FAR,
            "KB190008/": tar_gz(("KMTA01_I.pysis", b"# HJD\n")),
        }
    )
    assert list(parts_of(Kmtnet().fetch(query, http), title="")) == ["KMTA01_I.pysis"]


def test_a_place_without_events_and_a_season_that_is_not_public_are_empty(query: Query) -> None:
    http = RecordedHttp(answers={"listpage.dat": FAR})
    assert Kmtnet().fetch(query, http) == b""
    assert set(INFO.index_urls) <= set(http.questions)
    near = LINE.format(2025, 1, "18:00:00.00", "-30:00:00.00").encode()
    hidden = RecordedHttp(answers={"2025/listpage.dat": near, "listpage.dat": FAR})
    assert Kmtnet().fetch(query, hidden) == b""


def test_a_missing_list_or_a_page_is_no_empty_sky(query: Query) -> None:
    with pytest.raises(Rejected):
        Kmtnet().fetch(query, RecordedHttp(answers={}))
    with pytest.raises(Transient):
        Kmtnet().fetch(query, RecordedHttp(answers={"listpage.dat": b"<html></html>"}))


def link(kind: bytes, name: str = "KMTA01_I.pysis", target: str = "/etc/passwd") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def test_links_devices_and_hidden_files_of_a_tar_are_left_out() -> None:
    packed = tar_gz(
        (link(tarfile.SYMTYPE), b""), (link(tarfile.LNKTYPE, "KMTA02_I.pysis", "nowhere"), b""),
        (link(tarfile.CHRTYPE), b""), (link(tarfile.DIRTYPE), b""), ("._KMTA01_I.pysis", b"mac"),
        ("../../../etc/KMTC01_I.pysis", b"inside memory only"),
    )  # fmt: skip
    assert files_of_tar(packed, title="a test") == {"KMTC01_I.pysis": b"inside memory only"}


@pytest.mark.parametrize(
    "packed",
    [
        b"no tar file at all", tar_gz(("KMTA01_I.pysis", b"x" * 5000))[:60],
        gzip.decompress(tar_gz(("KMTA01_I.pysis", b"x" * 5000)))[:2000],
        tar_gz(("a/KMTA01_I.pysis", b"one"), ("b/KMTA01_I.pysis", b"another")),
        tar_gz(*((f"KMTA{number}", b"") for number in range(501))),
        gzip.compress(b"\0" * (65 * 1024 * 1024)), b"\x1f\x8b damaged",
    ],
    ids=["not a tar", "cut off gzip", "cut off tar", "two of one name", "too many", "too large", "damaged"],
)  # fmt: skip
def test_hostile_tar_files_are_drift(packed: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        files_of_tar(packed, title="a test")
    assert refusal.value.code == "schema-drift"


def real(shared: Path, name: str) -> bytes:
    return (shared / "archives" / "kmtnet" / name).read_bytes()


@pytest.mark.parametrize(
    ("name", "seen", "limits", "first", "last"),
    [
        ("KMTA12_I", 280, 16, ("KMTA12/8171.20494", 19.1618), ("KMTA12/8398.90722", 20.1010)),
        ("KMTA14_I", 67, 0, ("KMTA14/8171.25122", 19.9771), ("KMTA14/8209.24582", 19.4562)),
        ("KMTC12_I", 75, 2, ("KMTC12/8168.82854", 20.0050), ("KMTC12/8209.87260", 19.1328)),
        ("KMTC14_I", 169, 0, ("KMTC14/8168.83125", 20.0785), ("KMTC14/8209.91212", 19.1564)),
    ],
)
def test_real_series_are_read_exactly(
    shared: Path, query: Query, *, name: str, seen: int, limits: int, first: tuple[str, float],
    last: tuple[str, float],
) -> None:  # fmt: skip
    part = real(shared, f"KB180003_{name}.pysis")  # in that of KMTA12 five more rows are commented out
    points = Kmtnet().parse(bundled({f"{name}.pysis": part}), query)
    assert (points["mag"].count(), points["limit_mag"].count()) == (seen, limits)
    assert points.select("source_ref", "mag").row(0) == first
    assert points.select("source_ref", "mag").row(-1) == last
    # the archive's error of a magnitude is what the fainter side of the flux's error gives
    table = (
        rows_of(part)
        .with_columns(flux=10 ** ((28.0 - pl.col("mag")) / 2.5))
        .filter(pl.col("flux") >= 3 * pl.col("flux_err"))
    )
    theirs = -2.5 * (1.0 - table["flux_err"] / table["flux"]).log10()
    assert (theirs - table["mag_err"]).abs().max() == pytest.approx(0.0, abs=1e-4)


def test_numbers_of_a_real_row(shared: Path, query: Query) -> None:
    points = Kmtnet().parse(bundled({"KMTA12_I.pysis": real(shared, "KB180003_KMTA12_I.pysis")}), query)
    assert points["mag_err"][0] == pytest.approx(0.13100368185)
    limits = points.filter(pl.col("source_ref") == "KMTA12/8214.28714")
    assert limits["limit_mag"].to_list() == pytest.approx([19.39898763742])


def test_a_real_packed_event_is_read_as_a_whole(shared: Path, query: Query) -> None:
    members = [(f"{name}.pysis", real(shared, f"KB180003_{name}.pysis")) for name in FILES]
    packed = tar_gz(*members, ("00README.txt", real(shared, "KB180003_00README.txt")))
    http = RecordedHttp(answers={"KB180003": packed})
    points = Kmtnet().parse(Kmtnet().fetch(replace(query, name="KMT-2018-BLG-0003"), http), query)
    assert points.group_by("facility").len().sort("facility").rows() == [
        ("KMTNet CTIO", 246), ("KMTNet SSO", 363),
    ]  # fmt: skip


def test_a_real_series_in_v_has_no_magnitudes_and_gives_no_points(shared: Path, query: Query) -> None:
    part = real(shared, "KMT-2017-BLG-2573_KMTS19_V_5rows.pysis")
    assert rows_of(part).columns[:6] == ["HJD", "dflux", "flux_err", "fwhm", "sky", "secz"]
    assert len(rows_of(part)) == 5
    assert Kmtnet().parse(bundled({"KMTS19_V.pysis": part}), query).is_empty()
