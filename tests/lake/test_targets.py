from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from installations import settings_in
from sqlalchemy import Engine, delete, insert

from engine.errors import Rejected
from engine.lightcurve import light_curve
from engine.target import Target, Visibility, separation_arcsec
from lake.operations import open_operations, targets, writing
from lake.people.accounts import User
from lake.rights import SYSTEM, can_see
from lake.target_rows import row_of
from lake.targets import (
    Cone,
    Order,
    TargetFilter,
    add_alias,
    cone_search,
    create_target,
    delete_target,
    find_targets,
    get_target,
    target_row,
    update_summary,
    update_target,
)

ADA = User(user_id=1, username="ada")
BOB = User(user_id=2, username="bob")
PRIVATE = Visibility.PRIVATE
NEAR_EDGES = st.one_of(
    st.floats(0, 360, exclude_max=True), st.floats(0, 0.01), st.floats(359.99, 360, exclude_max=True)
)
NEAR_POLES = st.one_of(st.floats(-90, 90), st.floats(89.99, 90), st.floats(-90, -89.99))
POSITIONS = st.tuples(NEAR_EDGES, NEAR_POLES)
RADII_DEG = st.one_of(st.floats(1e-3, 180), st.floats(1e-4, 0.05))


@pytest.fixture(scope="module")
def engine_of_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = open_operations(settings_in(tmp_path_factory.mktemp("targets")).operations_url)
    yield opened
    opened.dispose()


@pytest.fixture
def operations(engine_of_module: Engine) -> Iterator[Engine]:
    yield engine_of_module
    _empty(engine_of_module)


def _empty(operations: Engine) -> None:
    with writing(operations) as connection:
        connection.execute(delete(targets))


def _make(operations: Engine, name: str, ra_deg: float, dec_deg: float, **values: object) -> Target:
    target = replace(Target(name=name, ra_deg=ra_deg, dec_deg=dec_deg), **values)  # type: ignore[arg-type]
    return create_target(operations, target, by="ada")


def _code(function: object, *args: object, **kwargs: object) -> str:
    with pytest.raises(Rejected) as refusal:
        function(*args, **kwargs)  # type: ignore[operator]
    return refusal.value.code


def _names(operations: Engine, wanted: TargetFilter, user: User | None = None) -> list[str]:
    return [row.target.name for row in find_targets(operations, wanted, user)[0]]


def test_a_target_comes_back_as_it_was_made(operations: Engine) -> None:
    made = _make(
        operations, "Gaia22dkv", 151.8, -66.2, classification="Microlensing Event", discovery_mjd=59800.5,
        pm_ra_mas_yr=-3.0, aliases=(("GAIA_ALERTS", "Gaia22dkv"), ("TNS", "AT2022abc")), simulated=True,
    )  # fmt: skip
    assert made.target_id is not None
    assert made.created_by == "ada"
    assert get_target(operations, made.target_id, None) == made
    assert get_target(operations, " gaia22DKV ", None) == made


def test_a_target_is_found_by_alias_by_id_in_digits_and_whatever_the_blanks(operations: Engine) -> None:
    made = _make(operations, "SN 2011fe", 210.8, 54.3, aliases=(("ZTF", "ZTF11abc"),))
    for name in ("ztf11abc", "sn2011FE", str(made.target_id)):
        assert get_target(operations, name, None).target_id == made.target_id
    assert _code(get_target, operations, "nobody", None) == "unknown-target"
    assert _code(get_target, operations, 10**9, None) == "unknown-target"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"name": "  "}, "name-empty"),
        ({"name": "a/b"}, "name-characters"),
        ({"dec_deg": 90.1}, "bad-cone"),
        ({"ra_deg": float("nan")}, "bad-cone"),
        ({"classification": "Alien"}, "bad-class"),
        ({"importance": 11.0}, "bad-importance"),
        ({"cadence_d": -1.0}, "bad-cadence"),
        ({"description": "x" * 5000}, "description-too-long"),
        ({"aliases": (("ZTF", " "),)}, "bad-alias"),
        ({"discovery_mjd": 1e9}, "bad-date"),
        ({"discovery_mjd": float("nan")}, "bad-date"),
        ({"embargo_until_mjd": -1e300}, "bad-date"),
    ],
)
def test_a_target_with_an_impossible_value_is_refused(
    operations: Engine, values: dict[str, object], code: str
) -> None:
    target = replace(Target(name="odd", ra_deg=1.0, dec_deg=1.0), **values)  # type: ignore[arg-type]
    assert _code(create_target, operations, target, by="ada") == code


def test_no_two_targets_share_a_name_or_an_alias(operations: Engine) -> None:
    _make(operations, "One", 10.0, 10.0, aliases=(("ZTF", "ZTF1"),))
    for number, (name, aliases) in enumerate(
        [("one", ()), ("ztf1", ()), ("Two", (("TNS", "ONE"),)), ("Two", (("TNS", "ztf1"),))]
    ):
        target = Target(name=name, ra_deg=20.0 + number, dec_deg=0.0, aliases=aliases)
        assert _code(create_target, operations, target, by="ada") == "name-taken"


def test_one_target_may_have_one_name_from_two_sources(operations: Engine) -> None:
    made = _make(operations, "Twin", 10.0, 10.0, aliases=(("ZTF", "Twin"), ("ANTARES", "Twin")))
    again = add_alias(operations, made.target_id or 0, "ZTF", "twin")
    assert again.aliases == (("ANTARES", "Twin"), ("ZTF", "Twin"))
    more = add_alias(operations, made.target_id or 0, "ATLAS", "ATLAS1")
    assert ("ATLAS", "ATLAS1") in more.aliases
    other = _make(operations, "Other", 50.0, 10.0)
    assert _code(add_alias, operations, other.target_id, "ATLAS", "atlas1") == "name-taken"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((0.0002, 0.0), (359.9998, 0.0)),
        ((10.0, 89.9999), (190.0, 89.9996)),
        ((10.0, -90.0), (200.0, -89.9995)),
        ((100.0, 80.0), (100.004, 80.0)),
    ],
)
def test_a_target_within_3_arcsec_is_refused_at_poles_and_across_ra_0(
    operations: Engine, first: tuple[float, float], second: tuple[float, float]
) -> None:
    assert separation_arcsec(*first, *second) < 3.0
    _make(operations, "First", *first)
    target = Target(name="Second", ra_deg=second[0], dec_deg=second[1])
    assert _code(create_target, operations, target, by="ada") == "duplicate-position"


def test_the_limit_for_duplicates_is_3_arcsec(operations: Engine) -> None:
    _make(operations, "First", 100.0, 60.0)
    near = Target(name="Near", ra_deg=100.0, dec_deg=60.0 + 2.999 / 3600)
    assert _code(create_target, operations, near, by="ada") == "duplicate-position"
    _make(operations, "Far", 100.0, 60.0 + 3.001 / 3600)


def test_of_many_at_once_only_one_gets_the_position(operations: Engine) -> None:
    def attempt(number: int) -> str:
        try:
            _make(operations, f"Try {number}", 30.0, 5.0)
        except Rejected as refusal:
            return refusal.code
        return "made"

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(attempt, range(16)))
    assert outcomes == ["duplicate-position"] * 15 + ["made"]


def test_the_name_of_a_private_neighbour_is_not_told(operations: Engine) -> None:
    _make(operations, "Secret", 30.0, 5.0, visibility=PRIVATE)
    with pytest.raises(Rejected, match="a private target"):
        create_target(operations, Target(name="New", ra_deg=30.0, dec_deg=5.0), by="bob")


@pytest.fixture(scope="module")
def sky(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, dict[str, tuple[float, float]]]]:
    """Give targets all over the sky, crowded at both poles and on both sides of RA 0."""
    operations = open_operations(settings_in(tmp_path_factory.mktemp("sky")).operations_url)
    rng = np.random.default_rng(22)
    ra_deg = np.concatenate([rng.uniform(0, 360, 80), rng.normal(0, 0.01, 20) % 360, [0.0, 0.0, 180.0]])
    dec_deg = np.concatenate(
        [
            np.degrees(np.arcsin(rng.uniform(-1, 1, 40))),
            90 - rng.exponential(0.05, 20),
            rng.exponential(0.05, 20) - 90,
            rng.uniform(-80, 80, 20),
            [90.0, -90.0, 89.99],
        ]
    )
    places = {f"T{number:03}": place for number, place in enumerate(zip(ra_deg, dec_deg, strict=True))}
    rows = [
        row_of(Target(name=name, ra_deg=float(ra), dec_deg=float(dec))) | {"created_mjd": 60000.0}
        for name, (ra, dec) in places.items()
    ]
    with writing(operations) as connection:
        connection.execute(insert(targets), rows)
    yield operations, places
    operations.dispose()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(centre=POSITIONS, radius_deg=RADII_DEG, near=st.none() | st.integers(0, 102), toward=st.floats(0, 360))
@example(centre=(2.225e-308, 0.0), radius_deg=91.0, near=None, toward=0.0)
def test_a_cone_holds_exactly_the_targets_that_the_sphere_says(
    sky: tuple[Engine, dict[str, tuple[float, float]]],
    centre: tuple[float, float],
    radius_deg: float,
    near: int | None,
    toward: float,
) -> None:
    operations, places = sky
    if near is not None:  # a centre that has a target just inside: random ones hardly meet in small cones
        star = SkyCoord(*places[f"T{near:03}"], unit="deg")
        moved = star.directional_offset_by(toward * units.deg, 0.999 * radius_deg * units.deg)
        centre = (float(moved.ra.deg), float(moved.dec.deg))
    coordinates = SkyCoord(list(places.values()), unit="deg")
    true_arcsec = dict(zip(places, coordinates.separation(SkyCoord(*centre, unit="deg")).arcsec, strict=True))
    assume(all(abs(value - 3600 * radius_deg) > 1e-5 for value in true_arcsec.values()))
    expected = sorted(name for name, value in true_arcsec.items() if value < 3600 * radius_deg)
    found = cone_search(operations, *centre, radius_deg, None)
    assert sorted(target.name for target, _ in found) == expected
    cone = Cone(ra_deg=centre[0], dec_deg=centre[1], radius_deg=radius_deg)
    assert _names(operations, TargetFilter(cone=cone)) == expected
    for target, arcsec in found:
        assert arcsec == pytest.approx(true_arcsec[target.name], abs=1e-5)
    assert [arcsec for _, arcsec in found] == sorted(arcsec for _, arcsec in found)


def test_a_cone_beyond_the_sky_is_refused(operations: Engine) -> None:
    assert _code(cone_search, operations, 10.0, 91.0, 1.0, None) == "bad-cone"
    assert _code(cone_search, operations, 10.0, 0.0, -1.0, None) == "bad-cone"


@pytest.mark.parametrize("user", [None, BOB, ADA, SYSTEM])
def test_python_and_sql_agree_on_who_sees_a_private_target(operations: Engine, user: User | None) -> None:
    made = [_make(operations, "Open", 1.0, 1.0), _make(operations, "Shut", 2.0, 2.0, visibility=PRIVATE)]
    allowed = sorted(target.name for target in made if can_see(target, user))
    assert _names(operations, TargetFilter(), user) == allowed
    assert find_targets(operations, TargetFilter(), user)[1] == len(allowed)
    assert sorted(target.name for target, _ in cone_search(operations, 1.5, 1.5, 5.0, user)) == allowed
    for target in made:
        if target.name in allowed:
            assert get_target(operations, target.name, user) == target
        else:
            assert _code(get_target, operations, target.name, user) == "unknown-target"
    assert ("Shut" in allowed) == (user in (ADA, SYSTEM))


def test_filters_narrow_a_list(operations: Engine) -> None:
    _make(operations, "Alpha_1*", 350.0, 1.0, classification="SN", importance=3.0, description="In a dwarf")
    _make(operations, "Beta", 10.0, -40.0, importance=9.0, simulated=True, aliases=(("ZTF", "ZTF19xyz"),))
    _make(operations, "Gamma", 120.0, 60.0, importance=0.0)
    cases = {
        TargetFilter(name="ALPHA"): ["Alpha_1*"],
        TargetFilter(name="_1"): ["Alpha_1*"],
        TargetFilter(name="*"): ["Alpha_1*"],
        TargetFilter(name="19X"): ["Beta"],
        TargetFilter(exact_name="gamma"): ["Gamma"],
        TargetFilter(exact_name="gam"): [],
        TargetFilter(description="DWARF"): ["Alpha_1*"],
        TargetFilter(classification="SN"): ["Alpha_1*"],
        TargetFilter(simulated=True): ["Beta"],
        TargetFilter(importance_min=3.0): ["Alpha_1*", "Beta"],
        TargetFilter(importance_max=3.0): ["Alpha_1*", "Gamma"],
        TargetFilter(dec_min_deg=0.0, dec_max_deg=30.0): ["Alpha_1*"],
        TargetFilter(ra_min_deg=340.0, ra_max_deg=20.0): ["Alpha_1*", "Beta"],
        TargetFilter(ra_min_deg=20.0, ra_max_deg=340.0): ["Gamma"],
        TargetFilter(brighter_than_mag=25.0): [],
    }
    for wanted, names in cases.items():
        assert _names(operations, wanted) == names, wanted


def test_pages_and_orders_show_every_target_once(operations: Engine) -> None:
    for number in range(7):
        made = _make(operations, f"T{number}", number * 10.0, 0.0, importance=float(number % 3))
        if number % 2:
            update_summary(
                operations, made.target_id or 0, _curve(made.target_id or 0, [(60000.0 + number, 15.0)])
            )
    for order in Order:
        for descending in (False, True):
            pages = [
                find_targets(
                    operations, TargetFilter(order=order, descending=descending, page=page, page_size=3), None
                )
                for page in (1, 2, 3, 4)
            ]
            shown = [row.target.name for rows, _ in pages for row in rows]
            assert sorted(shown) == [f"T{number}" for number in range(7)]
            assert {total for _, total in pages} == {7}
    assert _code(find_targets, operations, TargetFilter(page=0), None) == "bad-page"
    newest_first = _names(operations, TargetFilter(order=Order.LAST_MJD, descending=True))
    assert newest_first[:3] == ["T5", "T3", "T1"]
    rows, _ = find_targets(operations, TargetFilter(order=Order.PRIORITY, descending=True), None)
    assert [row.priority for row in rows] == sorted((row.priority for row in rows), reverse=True)


def _curve(target_id: int, mags: list[tuple[float, float]], band: str = "g(GaiaSP)") -> pl.DataFrame:
    rows = [
        {
            "target_id": target_id,
            "source": "upload",
            "source_ref": f"{band}{mjd}",
            "mjd": mjd,
            "band": band,
            "mag": mag,
        }
        for mjd, mag in mags
    ]
    return light_curve(pl.DataFrame(rows))


def test_the_summary_tells_the_newest_optical_magnitude_and_not_limits_or_infrared(
    operations: Engine,
) -> None:
    made = _make(operations, "T", 10.0, 0.0)
    number = made.target_id or 0
    limit = (
        _curve(number, [(60900.0, 19.0)]).drop("point_id").rename({"mag": "limit_mag", "limit_mag": "mag"})
    )
    optical = [(60000.0 + day, 15.0 + day / 100) for day in range(100)]
    curve = pl.concat(
        [_curve(number, optical), _curve(number, [(60800.0, 9.0)], "WISE(W1)"), light_curve(limit)]
    )
    update_summary(operations, number, curve)
    row = target_row(operations, made)
    assert (row.points, row.last_mag, row.last_band, row.last_mjd) == (102, 15.99, "g(GaiaSP)", 60099.0)
    assert 2 <= len(row.sparkline) <= 40
    assert list(row.sparkline) == sorted(row.sparkline)
    update_summary(operations, number, curve.clear())
    assert target_row(operations, made).last_mag is None


def test_only_its_maker_and_staff_may_change_or_delete_a_target(operations: Engine) -> None:
    made = _make(operations, "T", 10.0, 0.0, aliases=(("ZTF", "ZTF1"),))
    changed = replace(made, name="U", ra_deg=11.0, importance=1.0, created_by="bob", aliases=())
    assert _code(update_target, operations, changed, user=BOB) == "no-right"
    assert _code(delete_target, operations, made.target_id, user=BOB) == "no-right"
    expected = replace(made, name="U", ra_deg=11.0, importance=1.0)
    assert update_target(operations, changed, user=ADA) == expected
    assert get_target(operations, "u", None) == expected
    assert len(cone_search(operations, 11.0, 0.0, 0.001, None)) == 1
    delete_target(operations, made.target_id or 0, user=SYSTEM)
    assert _code(get_target, operations, "ZTF1", None) == "unknown-target"
    assert (_make(operations, "T", 10.0, 0.0).target_id or 0) > (made.target_id or 0)


def test_a_target_may_move_a_little_but_not_onto_another(operations: Engine) -> None:
    made, other = _make(operations, "T", 10.0, 0.0), _make(operations, "U", 10.01, 0.0)
    moved = replace(made, ra_deg=10.0001)
    assert update_target(operations, moved, user=ADA) == moved
    assert _code(update_target, operations, replace(made, ra_deg=10.0101), user=ADA) == "duplicate-position"
    assert _code(update_target, operations, replace(made, name="u"), user=ADA) == "name-taken"
    assert get_target(operations, other.target_id or 0, None) == other
