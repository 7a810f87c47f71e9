"""What lies at a target's place tells its other names and its motion, but only where it is surely the same.

Answers of SIMBAD, Gaia, the TNS and OGLE's list are made by hand in the forms of the services; those of
Gaia's alerts are the recorded ones beside the project.
"""

from pathlib import Path

import pytest
from recorded_http import RecordedHttp

from engine.brokers.gaia_alerts import INDEX_URL
from engine.brokers.names import ogle_ews, tns
from engine.brokers.names.other_names import of_gaia_alerts, of_gaia_dr3, of_ogle_ews, of_simbad, of_tns
from engine.brokers.reference import GAIA_URL
from engine.errors import Rejected
from engine.target import Target

HEAD = "main_id,ra,dec,pmra,pmdec,otype,alias\n"
GAIA_HEAD = "source_id,ra,dec,pmra,pmdec\n"
TARGET = Target(target_id=1, name="Mine 1", ra_deg=10.0, dec_deg=0.0)
LENSES = b"""Event        Field StarNo RA(J2000) Dec(J2000) Tmax(HJD) Tmax(UT) tau umin Amax Dmag fbl I_bl I0
2023-BLG-0001 BLG501.1 12 17:51:40.2 -29:53:26.0 2459900.1 2022-11-17.6 10.1 0.1 9.9 2.4 1.0 18.2 18.2
2023-BLG-0348 BLG505.2 99 17:51:40.3 -29:53:26.0 2459990.1 2023-02-15.6 20.1 0.1 9.9 2.4 1.0 17.2 17.2
"""


def simbad(*, by_name: str = "", cone: str = "") -> RecordedHttp:
    return RecordedHttp(answers={"asked.id": (HEAD + by_name).encode(), "CIRCLE": (HEAD + cone).encode()})


def test_the_object_of_the_name_counts_where_it_stands_at_the_target_s_place() -> None:
    here = simbad(by_name="V* A,10.0002,0.0,-5.5,2.25,V*,Gaia DR3 77\n", cone="X,10.0,0.0,,,*,Gaia DR3 88\n")
    found = of_simbad(here, TARGET)
    assert found.aliases == (("Gaia DR3", "Gaia DR3 77"),)
    assert (found.pm_ra_mas_yr, found.pm_dec_mas_yr) == (-5.5, 2.25)
    elsewhere = simbad(
        by_name="V* A,50.0,0.0,9.9,9.9,V*,Gaia DR3 77\n", cone="V* B Cyg,10.0,0.0,,,*,Gaia DR3 88\n"
    )
    assert of_simbad(elsewhere, TARGET).aliases == (("SIMBAD", "B Cyg"), ("Gaia DR3", "Gaia DR3 88"))


def test_two_objects_at_one_place_tell_nothing() -> None:
    two = "A,10.0,0.0,1.0,1.0,*,Gaia DR3 1\nB,10.0001,0.0,1.0,1.0,*,Gaia DR3 2\n"
    assert of_simbad(simbad(cone=two), TARGET).aliases == ()
    assert of_simbad(simbad(), TARGET).aliases == ()


def test_the_motion_of_what_stands_further_than_an_arcsecond_is_not_the_target_s() -> None:
    beside = of_simbad(simbad(by_name=f"V* A,{10 + 2 / 3600},0.0,-5.5,2.25,V*,Gaia DR3 77\n"), TARGET)
    assert beside.aliases
    assert beside.pm_ra_mas_yr is None


def test_a_fast_star_is_recognised_at_the_epoch_of_the_target() -> None:
    moved = 10.0 + 16 * 0.8 / 3600  # from J2000 to J2016
    body = f"{GAIA_HEAD}123,{moved!r},0.0,800.0,0.0\n456,{10.0 + 8 / 3600},0.0,,\n".encode()
    http = RecordedHttp(answers={GAIA_URL: body})
    found = of_gaia_dr3(http, TARGET)
    assert found.aliases == (("Gaia DR3", "Gaia DR3 123"),)
    assert found.pm_ra_mas_yr == 800.0
    assert f"{19 / 3600:.8f}" in http.questions[0]  # 3 arcsec, and what a star goes in 16 years


def test_two_stars_of_gaia_are_one_too_many() -> None:
    body = f"{GAIA_HEAD}1,10.0,0.0,1.0,1.0\n2,10.0005,0.0,1.0,1.0\n".encode()
    assert of_gaia_dr3(RecordedHttp(answers={GAIA_URL: body}), TARGET).aliases == ()


def test_the_only_transient_there_tells_all_its_names() -> None:
    listed = b'{"data": [{"objname": "2024abc", "prefix": "SN", "objid": 1}]}'
    told = (b'{"data": {"objname": "2024abc", "name_prefix": "SN", "radeg": 10.0, "decdeg": 0.0,'
            b' "internal_names": "ZTF24abcdefg, Gaia24xyz"}}')  # fmt: skip
    account = {"tns_key": "k", "tns_bot_id": "7", "tns_bot_name": "b"}
    http = RecordedHttp(answers={f"{tns.URL}/search": listed, f"{tns.URL}/object": told}, secrets=account)
    assert set(of_tns(http, TARGET).aliases) == {
        ("TNS", "SN2024abc"), ("ZTF", "ZTF24abcdefg"), ("Gaia Alerts", "Gaia24xyz"),
    }  # fmt: skip
    with pytest.raises(Rejected) as refusal:
        of_tns(RecordedHttp(answers={}), TARGET)
    assert refusal.value.code == "needs-account"


@pytest.mark.parametrize(("off_arcsec", "is_there"), [(0.0, True), (0.9, True), (1.1, False)])
def test_a_real_alert_is_found_within_an_arcsecond(shared: Path, off_arcsec: float, is_there: bool) -> None:
    index = (shared / "archives" / "gaia_alerts" / "alerts_subset.csv").read_bytes()
    target = Target(name="Mine", ra_deg=263.72436, dec_deg=-42.11582 + off_arcsec / 3600)
    found = of_gaia_alerts(RecordedHttp(answers={INDEX_URL: index}), target)
    assert found.aliases == ((("Gaia Alerts", "Gaia24aom"), ("TNS", "AT2024den")) if is_there else ())


def test_an_event_of_ogle_is_found_and_only_the_bulge_is_asked_for() -> None:
    http = RecordedHttp(answers={ogle_ews.index_url(2023): LENSES})
    target = Target(
        name="Mine", ra_deg=15 * (17 + 51 / 60 + 40.3 / 3600), dec_deg=-(29 + 53 / 60 + 26 / 3600)
    )
    assert of_ogle_ews(http, target).aliases == (
        ("OGLE", "OGLE-2023-BLG-0001"), ("OGLE", "OGLE-2023-BLG-0348"),
    )  # fmt: skip
    far = Target(name="Mine", ra_deg=target.ra_deg + 0.001, dec_deg=target.dec_deg)
    assert of_ogle_ews(http, far).aliases == ()
    before = len(http.questions)
    assert of_ogle_ews(http, TARGET).aliases == ()
    assert len(http.questions) == before


def test_a_list_of_ogle_in_another_form_is_drift() -> None:
    assert ogle_ews.events(b"Event Field\n") == []
    with pytest.raises(Rejected) as refusal:
        ogle_ews.events(b"2023-BLG-0001 268.1 -29.9\n")
    assert refusal.value.code == "schema-drift"
