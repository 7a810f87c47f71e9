"""An installation in a folder, served, with three people, two cameras and two targets."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api_server import PASSWORD, Served, running
from installations import settings_in

from engine.frame import Camera
from engine.target import Target, Visibility
from lake.observatories import Observatory, add_camera, add_observatory
from lake.opening import open_lake
from lake.people.accounts import create_user, issue_token
from lake.targets import create_target


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """Serve an installation with three people, two cameras and one private target."""
    lake = open_lake(settings_in(folder, TOMLAKE_UPLOAD_MAX_MB="3"))
    owner = create_user(lake.operations, "owner", PASSWORD, full_name="An Owner")
    other = create_user(lake.operations, "other", PASSWORD)
    staff = create_user(lake.operations, "staff", PASSWORD, is_staff=True)
    site = add_observatory(
        lake.operations, Observatory(name="ROAD", longitude_deg=-68.2, latitude_deg=-22.9), by="owner"
    )
    for oname in ("ROAD_QHY600M", "ON"):
        add_camera(lake.operations, site.observatory_id or 0, Camera(name=oname), by="owner", oname=oname)
    for name, dec_deg, visibility in (
        ("Gaia22bpl", 12.0, Visibility.PUBLIC),
        ("Hidden1", 14.0, Visibility.PRIVATE),
    ):
        target = Target(name=name, ra_deg=100.0, dec_deg=dec_deg, visibility=visibility)
        create_target(lake.operations, target, by="owner")
    with running(lake) as port:
        yield Served(
            lake=lake,
            port=port,
            owner=owner,
            owner_token=issue_token(lake.operations, owner, name="test"),
            other_token=issue_token(lake.operations, other, name="test"),
            staff_token=issue_token(lake.operations, staff, name="test"),
        )
    lake.close()
