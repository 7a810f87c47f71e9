"""A light curve that is read in pieces is the one that is read at once, whatever is left out of it."""

import polars as pl
import pytest

from benchmarks.data import long_curve
from engine.formats.curve import Curve, LongCurve
from engine.formats.registry import format_named
from engine.lightcurve import Flag
from engine.target import Target
from lake.given_curve import Asked, Selection, curve_in_pieces, given_curve
from lake.opening import Lake, open_lake
from lake.provenance import new_batch
from lake.seen import Closed
from lake.settings import read_settings
from lake.upkeep.maintain import Scope, maintain

POINTS, SHA256 = 150_000, "a" * 64
TARGET = Target(target_id=3, name="Long", ra_deg=10.0, dec_deg=20.0)


@pytest.fixture(scope="module", params=["kept up", "as they came"])
def lake(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Lake:
    """Return a lake with one long light curve, in one file or in several with rows deleted."""
    opened = open_lake(read_settings({"TOMLAKE_DATA": str(tmp_path_factory.mktemp("long") / "data")}))
    points = long_curve(3, POINTS).with_columns(
        source_ref=pl.when(pl.col("source") == "upload")
        .then(pl.format(SHA256 + ":{}", pl.col("source_ref")))
        .otherwise("source_ref"),
        flags=pl.when(pl.int_range(pl.len()) % 70 == 0)
        .then(pl.col("flags") | int(Flag.HIDDEN))
        .otherwise("flags")
        .cast(pl.UInt32),
    )
    opened.store.ingest(pl.concat([points, long_curve(4, 1000)]), batch=new_batch("test", "test"))
    opened.store.append_points(points.gather_every(50), batch=new_batch("test", "test"))
    if request.param == "kept up":
        maintain(opened, Scope.FULL, tell=lambda *_: None)
    return opened


@pytest.mark.parametrize(
    ("wanted", "closed"),
    [
        (Selection(), Closed()),
        (Selection(), Closed(upload_ids=frozenset({1}), files=frozenset({(3, SHA256)}))),
        (Selection(bands=("ZTF(zr)", "ZTF(zg)"), without_repeats=True), Closed()),
        (Selection(since_mjd=58_600.0, before_mjd=59_000.0), Closed(files=frozenset({(3, SHA256)}))),
        (Selection(without_repeats=True), Closed(files=frozenset({(3, SHA256)}))),
        (Selection(sources=("atlas", "upload")), Closed(files=frozenset({(3, SHA256)}))),
    ],
    ids=[
        "all",
        "closed upload",
        "bands without repeats",
        "a time",
        "without repeats or a closed upload",
        "sources without a closed upload",
    ],
)
def test_pieces_are_the_whole(lake: Lake, wanted: Selection, closed: Closed) -> None:
    version = lake.store.version()
    asked = Asked(target=TARGET, version=version, closed=closed)
    long = curve_in_pieces(lake, asked, wanted)
    whole = given_curve(lake, asked, wanted)
    assert isinstance(long, LongCurve)
    assert (long.total, long.bands()) == (whole.total, whole.bands())
    assert 0 < whole.total <= POINTS - POINTS // 70, "what is hidden is in neither"
    assert pl.concat(long.slices()).equals(pl.concat(whole.slices()))
    assert SHA256 not in "".join(whole.points["source_ref"]) or not closed.files
    for key in ("csv", "json"):
        pieces = format_named(key).pieces
        assert b"".join(pieces(long)) == b"".join(pieces(whole))


def test_a_short_light_curve_is_read_at_once(lake: Lake) -> None:
    short = Target(target_id=4, name="Short", ra_deg=30.0, dec_deg=20.0)
    asked = Asked(target=short, version=lake.store.version(), closed=Closed())
    curve = curve_in_pieces(lake, asked, Selection())
    assert isinstance(curve, Curve)
    assert curve.total == 1000
