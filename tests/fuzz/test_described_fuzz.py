"""What OpenAPI tells is true, whatever is sent: schemathesis, every check, as user, staff and nobody."""

import os
from collections.abc import Iterator

import httpx
import pytest
from api_server import Served, add_people, add_site, served
from described import BHTOM_AND_VO, V1, Run, fuzz
from installations import settings_in
from public_lakes import add_points, published

from engine.target import Target
from lake.opening import open_lake
from lake.snapshots import create_snapshot
from lake.targets import create_target
from portal.api import sql
from portal.security.throttle import Throttle

IN_THE_GATE = 2
EXAMPLES = int(os.environ.get("TOMLAKE_FUZZ_EXAMPLES", IN_THE_GATE))  # make fuzz asks for more
# what staff and nobody may is in the permission matrix: the gate has no time to fuzz as each of them
PEOPLE = ["user"] if EXAMPLES <= IN_THE_GATE else ["user", "staff", "nobody"]
MOST_S = 120 * EXAMPLES


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve an installation in which the examples of the descriptions are true."""
    lake = open_lake(settings_in(tmp_path_factory.mktemp("fuzz") / "data", TOMLAKE_UPLOAD_MAX_MB="3"))
    people = add_people(lake)
    add_site(lake, {"ROAD_QHY600M": "QHY"})
    target = Target(name="Gaia22dkv", ra_deg=151.76854, dec_deg=-66.18089)
    add_points(lake, create_target(lake.operations, target, by="owner"), 20)
    create_snapshot(lake, "paper-2026a", by="staff")
    published(lake)
    # here one address asks for all: what it may ask in a minute is tested elsewhere
    sql.desk_of(lake.settings).throttle = Throttle(attempts=1_000_000, window_s=60.0)
    with served(lake, people) as installation:
        yield installation
    sql.desk_of(lake.settings).sandbox.close()


def check(run: Run, what: str) -> None:
    print(f"{what}: {run.requests} requests")
    assert run.is_clean, run.report
    with_every_route = 30 if what.startswith("v1") else 80
    assert run.requests > with_every_route


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("description", ["v1", "bhtom"])
def test_no_request_meets_a_fault_or_an_answer_that_is_not_described(
    fuzzed: Served, description: str, who: str
) -> None:
    token = {"user": fuzzed.owner_token, "staff": fuzzed.staff_token, "nobody": ""}[who]
    address = V1 if description == "v1" else BHTOM_AND_VO
    check(fuzz(fuzzed.url, address, token=token, examples=EXAMPLES, max_s=MOST_S), f"{description}, {who}")


def test_the_fuzz_finds_what_is_not_described(fuzzed: Served) -> None:
    """Told of a route that is not there, schemathesis says so: its silence means something."""
    told = httpx.get(f"{fuzzed.url}{V1}", trust_env=False).json()
    told["paths"] = {"/versions": told["paths"]["/version"]}
    run = fuzz(fuzzed.url, V1, token="", examples=1, max_s=60, told=told)
    assert not run.is_clean
    assert "404" in run.report
