"""A CSV of observatories: every row's verdict, all or none, and twice is once."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from installations import settings_in
from sqlalchemy import Engine

from engine.errors import Rejected
from lake.operations import open_operations
from lake.people.accounts import User, create_user
from lake.people.audit import Kind, audit_log
from lake.sites.camera_approval import approve_camera, refuse_camera, update_camera, waiting_cameras
from lake.sites.facts import observatory_records
from lake.sites.importing import Fate, import_observatories, read_rows
from lake.sites.observatories import camera_by_oname, list_cameras, list_observatories

GOOD = (
    b"\xef\xbb\xbfObservatory Name;Longitude;lat;elevation;camera;ONAME;gain;Acknowledgements;binning\r\n"
    b"Hill;21.5;52.1;138;CCD1;HILL_A;1.5;We thank the hill.;2\r\n"
    b'Hill;;;;"CCD 2";;0.9;;\r\n'
    b";;;;;;;;\r\n"
)


@pytest.fixture
def operations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = open_operations(settings_in(tmp_path_factory.mktemp("import")).operations_url)
    yield opened
    opened.dispose()


@pytest.fixture
def staff(operations: Engine) -> User:
    return create_user(operations, "staff", "right horse", is_staff=True)


@pytest.fixture
def ada(operations: Engine) -> User:
    return create_user(operations, "ada", "right horse")


def test_a_dry_run_judges_every_row_and_stores_nothing(operations: Engine, ada: User) -> None:
    tried = import_observatories(operations, GOOD, by=ada)
    assert [(row.line, row.oname, row.fate) for row in tried.rows] == [
        (2, "HILL_A", Fate.NEW),
        (3, "Hill_CCD_2", Fate.NEW),
    ]
    assert not tried.is_stored
    assert list_observatories(operations) == []


def test_what_is_imported_is_known_the_second_time(operations: Engine, staff: User) -> None:
    made = import_observatories(operations, GOOD, by=staff, dry_run=False)
    assert made.is_stored
    site, camera = camera_by_oname(operations, "hill_a")
    assert (site.longitude_deg, site.latitude_deg, site.altitude_m) == (21.5, 52.1, 138.0)
    assert (camera.gain_e_adu, site.acknowledgement) == (1.5, "We thank the hill.")
    (record,) = observatory_records(operations)
    assert [dict(each.facts) for each in record.cameras] == [{"binning": 2.0}, {}]
    again = import_observatories(operations, GOOD, by=staff, dry_run=False)
    assert [row.fate for row in again.rows] == [Fate.KNOWN, Fate.KNOWN]
    assert len(list_cameras(operations)) == 2
    assert {line.deed for line in audit_log(operations, staff, kind=Kind.CHANGE)} == {"imported"}


@pytest.mark.parametrize(
    "row",
    ["Hill,21,92,CCD", "Hill,east,52,CCD", "Hill,,52,CCD", ",21,52,CCD", "Hill,21,52,", "Hill,nan,52,CCD",
     "Hill,21,52,a/b"],
)  # fmt: skip
def test_one_row_that_cannot_be_keeps_all_others_out(operations: Engine, staff: User, row: str) -> None:
    body = f"name,lon,lat,camera_name\nFirst,1,2,A\n{row}\nLast,3,4,B\n".encode()
    made = import_observatories(operations, body, by=staff, dry_run=False)
    assert [each.fate for each in made.rows] == [Fate.NEW, Fate.REFUSED, Fate.NEW]
    assert (made.refused, made.is_stored) == (1, False)
    assert list_observatories(operations) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"name\nx\n", b"name,camera_name,colour\nx,y,z\n", b"name,site,camera\nx,y,z\n",
     b"name,camera\nx,y,z\n", "name,camera\nŁ,y\n".encode("iso8859-2"), b"name,camera\n\x00,y\n",
     b'name,camera\n"x,y\n', b"n" * 1_000_001],
)  # fmt: skip
def test_what_is_no_table_of_observatories_is_refused_whole(body: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        read_rows(body)
    assert refusal.value.code == "bad-csv"


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: b"name,camera\n" + text.encode()))
def test_no_bytes_do_worse_than_be_refused(body: bytes) -> None:
    try:
        rows = read_rows(body)
    except Rejected as refusal:
        assert refusal.code == "bad-csv"
    else:
        assert all(row for _, row in rows)


def test_what_others_register_waits_for_staff_and_what_they_change_waits_anew(
    operations: Engine, ada: User, staff: User
) -> None:
    import_observatories(operations, GOOD, by=ada, dry_run=False)
    assert [each.oname for each in waiting_cameras(operations)] == ["HILL_A", "Hill_CCD_2"]
    with pytest.raises(Rejected) as refusal:
        approve_camera(operations, "HILL_A", by=ada)
    assert refusal.value.code == "no-right"
    assert approve_camera(operations, "hill_a", by=staff).is_approved
    assert camera_by_oname(operations, "Hill_CCD_2")[1].name == "CCD 2"  # waiting ones are measured with
    refuse_camera(operations, "Hill_CCD_2", by=staff)
    assert waiting_cameras(operations) == []
    with pytest.raises(Rejected) as refusal:
        camera_by_oname(operations, "Hill_CCD_2")
    assert refusal.value.code == "unknown-observatory"
    update_camera(operations, "HILL_A", {"gain_e_adu": 1.5}, {"binning": 1}, user=ada)  # the same gain
    assert waiting_cameras(operations) == []
    update_camera(operations, "HILL_A", {"gain_e_adu": 9.0}, {}, user=ada)
    assert [each.oname for each in waiting_cameras(operations)] == ["HILL_A"]
    stranger = create_user(operations, "eve", "right horse")
    for act, code in (
        (lambda: update_camera(operations, "HILL_A", {"gain_e_adu": 2.0}, {}, user=stranger), "no-right"),
        (lambda: update_camera(operations, "HILL_A", {"gain_e_adu": 0.0}, {}, user=ada), "bad-camera"),
        (lambda: update_camera(operations, "NONE", {}, {}, user=ada), "unknown-observatory"),
    ):
        with pytest.raises(Rejected) as refusal:
            act()
        assert refusal.value.code == code
