"""Do the archives still answer as they did? Real objects whose answers are known."""

from collections.abc import Iterator

import polars as pl
import pytest

from engine.brokers.asking.client import HttpClient
from engine.brokers.names.resolve import resolve
from engine.brokers.protocol import Query
from engine.brokers.reference import GAIA_URL, VIZIER_URL, fetch_references
from engine.brokers.registry import broker
from engine.errors import Transient

pytestmark = [pytest.mark.online, pytest.mark.enable_socket]

GAIA20FNR = Query(target_id=1, name="A star without a name", ra_deg=90.26701, dec_deg=-18.96770)


@pytest.fixture
def http() -> Iterator[HttpClient]:
    with HttpClient() as client:
        yield client


class WithoutGaia:
    """The live archives, but for Gaia's own."""

    def __init__(self, http: HttpClient) -> None:
        self.get = http.get

    def post(self, url: str, **_: object) -> bytes:
        raise Transient(f"{url} is left out", code="unreachable")


@pytest.mark.parametrize(("key", "least"), [("gaia_alerts", 20), ("neowise", 100)])
def test_an_archive_still_has_gaia20fnr(http: HttpClient, key: str, least: int) -> None:
    archive = broker(key)
    assert len(archive.parse(archive.fetch(GAIA20FNR, http), GAIA20FNR)) >= least


@pytest.mark.parametrize("route", [GAIA_URL, VIZIER_URL])
def test_reference_stars_come_by_both_routes(http: HttpClient, route: str) -> None:
    asked = http if route == GAIA_URL else WithoutGaia(http)
    stars = fetch_references(asked, ra_deg=90.26701, dec_deg=-18.96770, radius_deg=0.1)
    standard = stars.filter(pl.col("band") == "V(GaiaSP)")
    assert len(standard) >= 20
    assert standard["mag"].is_between(5.0, 19.0).all()


def test_simbad_places_a_star(http: HttpClient) -> None:
    target = resolve(http, "Barnard's star").target
    assert (target.ra_deg, target.dec_deg) == pytest.approx((269.452, 4.693), abs=0.01)
    assert dict(target.aliases)["Gaia DR3"] == "Gaia DR3 4472832130942575872"
