"""ADQL becomes SQL that means the same: geometry against astropy, and every refusal in words."""

import math
import time
from collections.abc import Iterator

import duckdb
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Rejected
from lake.adql.schema import SCHEMA, AdqlTable
from lake.adql.translating import translate
from lake.public.manifest import PublishedColumn

NAME = PublishedColumn(name="name", type="VARCHAR", ucd="meta.id", description="name")
RA = PublishedColumn(name="ra_deg", type="DOUBLE", unit="deg", ucd="pos.eq.ra;meta.main")
DEC = PublishedColumn(name="dec_deg", type="DOUBLE", unit="deg", ucd="pos.eq.dec;meta.main")
TARGETS = AdqlTable(
    schema=SCHEMA, name="targets", sql_name="targets", description="", columns=(NAME, RA, DEC)
)
ROWS = (("pole", 10.0, 89.9), ("west", 359.95, 0.0), ("east", 0.05, 0.0), ("south", 200.0, -90.0))
ra_deg = st.floats(0, 360)
dec_deg = st.floats(-90, 90)


@pytest.fixture(scope="module")
def base() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        connection.execute("CREATE TABLE targets (name VARCHAR, ra_deg DOUBLE, dec_deg DOUBLE)")
        connection.executemany("INSERT INTO targets VALUES (?, ?, ?)", ROWS)
        yield connection


def ask(base: duckdb.DuckDBPyConnection, adql: str) -> list[tuple[object, ...]]:
    return base.execute(translate(adql, [TARGETS]).sql).fetchall()


def names_in(base: duckdb.DuckDBPyConnection, shape: str) -> set[object]:
    rows = ask(base, f"SELECT name FROM targets WHERE 1 = CONTAINS(POINT(ra_deg, dec_deg), {shape})")
    return {name for (name,) in rows}


@given(ra_deg, dec_deg, ra_deg, dec_deg)
def test_a_distance_is_that_of_astropy(ra0: float, dec0: float, ra1: float, dec1: float) -> None:
    sql = translate(f"SELECT DISTANCE(POINT({ra0!r}, {dec0!r}), POINT({ra1!r}, {dec1!r}))", [TARGETS]).sql
    row = duckdb.sql(sql).fetchone()
    assert row is not None
    truth = SkyCoord(ra0, dec0, unit="deg").separation(SkyCoord(ra1, dec1, unit="deg")).deg
    assert math.isclose(row[0], truth, rel_tol=1e-9, abs_tol=2e-6)  # 7 mas, opposite on the sky


@given(
    ra_deg,
    st.floats(-89.9, 89.9),
    st.floats(-180, 180),
    st.floats(0.1, 60),
    st.floats(1, 100),
    st.floats(1, 100),
)
def test_a_box_holds_what_lies_between_its_four_great_circles(
    ra0: float, dec0: float, angle_deg: float, away_deg: float, width: float, height: float
) -> None:
    centre = SkyCoord(ra0, dec0, unit="deg")
    place = centre.directional_offset_by(angle_deg * units.deg, away_deg * units.deg)
    plane = place.transform_to(centre.skyoffset_frame()).cartesian
    sides = (
        abs(math.degrees(math.atan2(plane.y.value, plane.x.value))) - width / 2,
        abs(math.degrees(math.atan2(plane.z.value, plane.x.value))) - height / 2,
    )
    if min(map(abs, sides)) < 1e-6:
        return
    point, box = (
        f"{float(place.ra.deg)!r}, {float(place.dec.deg)!r}",
        f"{ra0!r}, {dec0!r}, {width!r}, {height!r}",
    )
    adql = f"SELECT CONTAINS(POINT({point}), BOX({box}))"
    assert duckdb.sql(translate(adql, [TARGETS]).sql).fetchone() == (int(max(sides) < 0),)


def test_a_circle_reaches_over_the_pole_and_over_ra_0(base: duckdb.DuckDBPyConnection) -> None:
    assert names_in(base, "CIRCLE('ICRS', 190, 89.95, 0.2)") == {"pole"}
    assert names_in(base, "CIRCLE(POINT(0, 0), 0.06)") == {"west", "east"}
    assert names_in(base, "CIRCLE(359.99, 0, 0.05)") == {"west"}
    assert names_in(base, "CIRCLE(17, -90, 1e-6)") == {"south"}
    assert len(names_in(base, "CIRCLE(0, 0, 180)")) == 4
    assert names_in(base, "BOX(0, 0, 0.2, 0.2)") == {"west", "east"}
    assert names_in(base, "BOX(190, 90, 0.3, 0.3)") == {"pole"}


def test_contains_is_a_number_and_intersects_takes_a_point_either_way(
    base: duckdb.DuckDBPyConnection,
) -> None:
    point, shape = "POINT(ra_deg, dec_deg)", "CIRCLE(0, 0, 1)"
    inside = ask(base, f"SELECT SUM(CONTAINS({point}, {shape})) FROM targets")
    outside = ask(base, f"SELECT COUNT(*) FROM targets WHERE 0 = CONTAINS({point}, {shape})")
    either = ask(base, f"SELECT COUNT(*) FROM targets WHERE INTERSECTS({shape}, {point}) = 1")
    assert (inside, outside, either) == ([(2,)], [(2,)], [(2,)])


@pytest.mark.parametrize(
    ("adql", "rows"),
    [
        ("SELECT TOP 1 name FROM tomlake.targets ORDER BY dec_deg", [("south",)]),
        ("SELECT tomlake.targets.name FROM tomlake.targets WHERE ra_deg = 10", [("pole",)]),
        ("SELECT name FROM targets ORDER BY dec_deg OFFSET 3", [("pole",)]),
        ("SELECT LOG(EXP(2)), LOG10(1000)", [(2.0, 3.0)]),
        ("SELECT LOG(LOG(EXP(1)))", [(0.0,)]),
        ("SELECT TRUNCATE(2.789, 1), TRUNCATE(2.789)", [(2.7, 2.0)]),
        ("SELECT MOD(7, 4), POWER(2, 3), CEILING(1.2), 7 / 2", [(3, 8.0, 2.0, 3.5)]),
        ("SELECT COORD1(POINT(1.5, 2)), COORD2(POINT('ICRS GEOCENTER', 1, 2.5))", [(1.5, 2.5)]),
        ("SELECT COUNT(*) FROM targets AS a JOIN targets AS b ON a.name = b.name", [(4,)]),
        ("SELECT COUNT(*) FROM targets a NATURAL JOIN targets b", [(4,)]),
        ("WITH t AS (SELECT name FROM targets) SELECT COUNT(*) FROM t", [(4,)]),
        ("SELECT name FROM targets WHERE ILIKE(name, 'P%')", [("pole",)]),
        ("SELECT 'it''s' || ' so' -- said\n", [("it's so",)]),
        ("SELECT 1 UNION SELECT 1", [(1,)]),
        ("SELECT 0.3333333333333333 - 100.0, .5, 2.", [(0.3333333333333333 - 100.0, 0.5, 2.0)]),
    ],
)
def test_the_words_of_adql_mean_what_the_standard_says(
    base: duckdb.DuckDBPyConnection, adql: str, rows: list[tuple[object, ...]]
) -> None:
    assert ask(base, adql) == [pytest.approx(row) if isinstance(row[0], float) else row for row in rows]


def test_columns_that_come_out_unchanged_keep_unit_and_ucd() -> None:
    some = translate("SELECT t.name AS star, ra_deg + 1 AS ra_deg, dec_deg FROM targets t", [TARGETS]).columns
    assert some == {"star": NAME, "dec_deg": DEC}
    assert translate("SELECT * FROM targets", [TARGETS]).columns == {
        "name": NAME,
        "ra_deg": RA,
        "dec_deg": DEC,
    }


@pytest.mark.parametrize(
    "adql",
    [
        "",
        "   ",
        "SELECT",
        "SELECT * FROM",
        "SELECT 1; SELECT 2",
        "SELECT name FROM nowhere",
        "SELECT name FROM a.tomlake.targets",
        "SELECT * FROM 'x.csv'",
        "SELECT POINT(1, 2)",
        "SELECT CONTAINS(POINT(1, 2), POINT(1, 2))",
        "SELECT CONTAINS(POINT(1), CIRCLE(1, 2, 3))",
        "SELECT CONTAINS(POINT('GALACTIC', 1, 2), CIRCLE(1, 2, 3))",
        "SELECT CONTAINS(POINT(1, 2), CIRCLE(1, 2))",
        "SELECT CONTAINS(POINT(1, 2), POLYGON(1, 2, 3, 4, 5, 6))",
        "SELECT CONTAINS(POINT(1, 2))",
        "SELECT DISTANCE(1, 2, 3)",
        "SELECT DISTANCE(POINT(DISTANCE(1, 2, 3, 4), 2), POINT(1, 2))",
        "SELECT DISTANCE(POINT((SELECT 1), 2), POINT(1, 2))",
        "SELECT AREA(CIRCLE(1, 2, 3))",
        "SELECT TOP name name FROM targets",
        "SELECT SUM(ra_deg) OVER () FROM targets",
        "SELECT CAST(name AS BLOB) FROM targets",
        "SELECT getenv('HOME')",
        "SELECT ? FROM targets",
        "SELECT [1, 2]",
        "SELECT '\x00'",
        "SELECT 'unfinished",
        "SELECT " + "(" * 500 + "1" + ")" * 500,
        "SELECT " + "NOT " * 4000 + "1",
        "SELECT '" + "x" * 20_001 + "'",
    ],
)
def test_what_is_not_understood_is_refused_in_one_sentence(adql: str) -> None:
    with pytest.raises(Rejected) as refusal:
        translate(adql, [TARGETS])
    assert refusal.value.code == "bad-adql"
    assert refusal.value.reason.endswith(".")
    assert "Token" not in refusal.value.reason


@pytest.mark.parametrize(
    "opening", ["(", "ABS(", "(SELECT * FROM ", "CASE WHEN 1=1 THEN (", "EXISTS (SELECT "]
)
def test_no_query_takes_long_to_read(opening: str) -> None:
    started_s = time.process_time()
    for depth in (10, 28, 400):
        with pytest.raises(Rejected):
            translate("SELECT * FROM targets WHERE " + opening * depth, [TARGETS])
    assert time.process_time() - started_s < 5


@given(st.text(max_size=60))
def test_any_text_is_translated_or_refused(text: str) -> None:
    for adql in (text, f"SELECT {text} FROM targets", f"SELECT name FROM targets WHERE {text}"):
        try:
            assert translate(adql, [TARGETS]).sql.lstrip("(").startswith(("SELECT", "WITH"))
        except Rejected as refusal:
            assert refusal.code == "bad-adql"
