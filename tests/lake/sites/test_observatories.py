from dataclasses import replace

import pytest

from engine.errors import Rejected
from engine.frame import Camera
from lake.opening import Lake
from lake.sites.observatories import (
    Observatory,
    add_camera,
    add_observatory,
    camera_by_oname,
    list_cameras,
    list_observatories,
)

ROAD = Observatory(
    name="ROAD", longitude_deg=-68.2, latitude_deg=-22.9, altitude_m=2400.0, telescope="ODK 16"
)
QHY = Camera(name="QHY 600", gain_e_adu=0.8, read_noise_e=3.5, saturation_adu=62000.0, pixel_scale_arcsec=0.9)


def _named(name: str) -> Observatory:
    return replace(ROAD, name=name)


def test_a_camera_is_found_by_its_oname_and_knows_its_site(lake: Lake) -> None:
    site = add_observatory(lake.operations, _named("Cerro One"), by="ada")
    registered = add_camera(lake.operations, site.observatory_id or 0, QHY, by="ada")
    assert registered.oname == "Cerro_One_QHY_600"
    found, camera = camera_by_oname(lake.operations, "cerro_one_qhy_600")
    assert found == site
    assert camera == replace(
        QHY, facility="Cerro One", longitude_deg=-68.2, latitude_deg=-22.9, altitude_m=2400.0
    )
    assert registered in list_cameras(lake.operations)
    assert site in list_observatories(lake.operations)


def test_an_oname_may_be_chosen_but_not_twice(lake: Lake) -> None:
    site = add_observatory(lake.operations, _named("Two"), by="ada")
    add_camera(lake.operations, site.observatory_id or 0, QHY, by="ada", oname="TWO_A")
    with pytest.raises(Rejected) as refusal:
        add_camera(lake.operations, site.observatory_id or 0, QHY, by="ada", oname="two_a")
    assert refusal.value.code == "oname-taken"


def test_two_observatories_do_not_share_a_name(lake: Lake) -> None:
    add_observatory(lake.operations, _named("Three"), by="ada")
    with pytest.raises(Rejected) as refusal:
        add_observatory(lake.operations, _named("THREE"), by="bob")
    assert refusal.value.code == "observatory-taken"


@pytest.mark.parametrize(
    "values", [{"name": " "}, {"latitude_deg": 91.0}, {"longitude_deg": -181.0}, {"altitude_m": float("nan")}]
)
def test_an_observatory_off_the_earth_is_refused(lake: Lake, values: dict[str, object]) -> None:
    with pytest.raises(Rejected) as refusal:
        add_observatory(lake.operations, replace(_named("Odd"), **values), by="ada")  # type: ignore[arg-type]
    assert refusal.value.code == "bad-observatory"


@pytest.mark.parametrize(
    "values",
    [{"name": ""}, {"gain_e_adu": 0.0}, {"read_noise_e": -1.0}, {"pixel_scale_arcsec": float("nan")}],
)
def test_a_camera_with_an_impossible_value_is_refused(lake: Lake, values: dict[str, object]) -> None:
    with pytest.raises(Rejected) as refusal:
        add_camera(lake.operations, 1, replace(QHY, **values), by="ada")  # type: ignore[arg-type]
    assert refusal.value.code == "bad-camera"


def test_unknown_observatories_and_onames_are_refused(lake: Lake) -> None:
    for attempt in (
        lambda: camera_by_oname(lake.operations, "NOWHERE_CAM"),
        lambda: add_camera(lake.operations, 10**6, QHY, by="ada"),
    ):
        with pytest.raises(Rejected) as refusal:
            attempt()
        assert refusal.value.code == "unknown-observatory"
