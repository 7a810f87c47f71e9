"""An installation in a folder, served, with three people, two cameras and two targets."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api_server import Served, add_people, add_site, served
from installations import settings_in

from engine.target import Target, Visibility
from lake.opening import open_lake
from lake.targets import create_target


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """Serve an installation with three people, two cameras and one private target."""
    lake = open_lake(settings_in(folder, TOMLAKE_UPLOAD_MAX_MB="3"))
    people = add_people(lake, full_name="An Owner")
    add_site(lake, {oname: oname for oname in ("ROAD_QHY600M", "ON")})
    for name, dec_deg, visibility in (
        ("Gaia22bpl", 12.0, Visibility.PUBLIC),
        ("Hidden1", 14.0, Visibility.PRIVATE),
    ):
        target = Target(name=name, ra_deg=100.0, dec_deg=dec_deg, visibility=visibility)
        create_target(lake.operations, target, by="owner")
    with served(lake, people) as installation:
        yield installation
