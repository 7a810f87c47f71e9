"""The whole lake of the permission matrix of the portal, and what is found in it."""

from dataclasses import dataclass, replace
from pathlib import Path

from shared_files import (
    add_archive_points,
    add_ephemeris,
    add_files_of,
    add_reference_stars,
    fail_a_file,
)
from shared_things import (
    FILES,
    TARGETS,
    VISITORS,
    Places,
    Thing,
    account,
    add_camera_of,
    add_own_things,
    add_people,
    add_thing,
    ask_archives,
)

from lake.opening import Lake, open_lake
from lake.people.accounts import User, find_user, open_session
from lake.settings import read_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """A lake, its things by kind, and the session of each visitor who has an account."""

    lake: Lake
    things: dict[str, Thing]
    places: Places
    sessions: dict[str, str]

    def user(self, visitor: str) -> User | None:
        """Return a visitor as the lake knows them."""
        return find_user(self.lake.operations, visitor)


def build_shared(folder: Path) -> Shared:
    """Return a lake in a new folder with everything in it."""
    settings = read_settings({"TOMLAKE_DATA": str(folder), "TOMLAKE_SIGN_UP": "approved"})
    lake = open_lake(settings)
    group_id = add_people(lake)
    things = {}
    for kind in TARGETS:
        thing = add_camera_of(lake, add_thing(lake, kind, group_id))
        add_archive_points(lake, thing.target, thing.word)
        add_ephemeris(lake, thing.target)
        things[kind] = add_files_of(lake, thing, group_id)
    add_reference_stars(lake, [each.target for each in things.values()])
    for kind in FILES:
        thing = add_camera_of(lake, replace(things["public"], kind=kind))
        things[kind] = add_files_of(lake, thing, group_id)
    dead_job_id = fail_a_file(lake, things["private"].target, things["private"].word)
    for number, kind in enumerate(TARGETS):
        ask_archives(lake, things[kind], number)
    places = add_own_things(lake, things, group_id, dead_job_id)
    sessions = {name: open_session(lake.operations, account(lake, name)) for name in VISITORS[1:]}
    return Shared(lake=lake, things=things, places=places, sessions=sessions)
