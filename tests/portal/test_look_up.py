"""A name is looked up on the page that adds targets: the form is filled, and nobody waits for long."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import cast

import pytest
from page_visits import visit
from recorded_http import Answer, RecordedHttp
from requests import ConnectTimeout, PreparedRequest, Response
from requests.adapters import HTTPAdapter
from sqlalchemy import delete
from streamlit.testing.v1 import AppTest

from engine.brokers.asking.client import HttpClient
from engine.errors import Transient
from lake.opening import Lake
from lake.operations import targets, writing
from lake.targets import get_target
from portal.target_list.look_up import CATALOGUES, LIMITS, look_up, use_http

SignIn = Callable[[str], None]
# By hand, in the form of Gaia's index.
INDEX = (
    b"#Name, Date, RaDeg, DecDeg, AlertMag, Class, Comment, TNSid\n"
    b'Gaia99lku,2024-02-01 09:34:15,263.5,-42.5,18.62,"ULENS","a, b",AT2024lku\n'
)


@pytest.fixture
def answers(built_full_lake: Lake) -> Iterator[Callable[[Answer], RecordedHttp]]:
    """Let the page's catalogues answer from bytes; what was added by them is taken away afterwards."""

    def use(answer: Answer) -> RecordedHttp:
        http = RecordedHttp(answers={"http": answer})
        use_http(lambda: nullcontext(http))
        return http

    yield use
    use_http()
    with writing(built_full_lake.operations) as connection:
        connection.execute(delete(targets).where(targets.c.name.startswith("Gaia99")))


def fill_in(at: AppTest, service: str, term: str) -> AppTest:
    at.selectbox(key="catalogue_service").set_value(service)
    at.text_input(key="catalogue_term").set_value(term)
    return next(button for button in at.button if button.label == "Fill in").click().run()


def add(at: AppTest) -> AppTest:
    return next(button for button in at.button if button.label == "Add target").click().run()


def test_the_form_is_filled_and_all_that_the_catalogue_said_is_kept(
    full_lake: Lake,
    observer_session: str,
    signed_in: SignIn,
    answers: Callable[[Answer], RecordedHttp],
) -> None:
    signed_in(observer_session)
    answers(INDEX)
    at = fill_in(visit("targets"), "Gaia Alerts", "gaia99LKU")
    assert not at.exception
    assert at.text_input(key="new_target_name").value == "Gaia99lku"
    assert at.text_input(key="new_target_ra").value == "263.500000"
    assert at.selectbox(key="new_target_class").value == "Microlensing Event"
    captions = "".join(str(one.value) for one in at.caption)
    assert r"Kept with it\: AT2024lku; discovered 1 Feb 2024" in captions
    assert not add(at).exception
    made = get_target(full_lake.operations, "AT2024lku", None)
    assert (made.name, made.created_by, made.dec_deg) == ("Gaia99lku", "ben", -42.5)
    assert made.discovery_mjd == pytest.approx(60341.39878, abs=1e-5)


def test_a_place_that_the_person_changed_is_another_object(
    full_lake: Lake,
    observer_session: str,
    signed_in: SignIn,
    answers: Callable[[Answer], RecordedHttp],
) -> None:
    signed_in(observer_session)
    answers(INDEX.replace(b"lku", b"oth"))
    at = fill_in(visit("targets"), "Gaia Alerts", "Gaia99oth")
    at.text_input(key="new_target_ra").set_value("10.0")
    assert not add(at).exception
    made = get_target(full_lake.operations, "Gaia99oth", None)
    assert (made.ra_deg, made.aliases, made.discovery_mjd) == (10.0, (), None)


@pytest.mark.parametrize("service", CATALOGUES)
def test_a_catalogue_that_is_down_leaves_the_form_as_it_was(
    service: str,
    full_lake: Lake,
    observer_session: str,
    signed_in: SignIn,
    answers: Callable[[Answer], RecordedHttp],
) -> None:
    signed_in(observer_session)
    answers(Transient("It cannot be reached; it is asked again later.", code="unreachable"))
    at = fill_in(visit("targets"), service, "170587116732416143" if "LSST" in service else "Gaia22dkv")
    assert not at.exception
    assert len(at.warning) >= 1
    assert not at.text_input(key="new_target_name").value


def test_nobody_asks_a_catalogue_without_signing_in(full_lake: Lake) -> None:
    assert not [box for box in visit("targets").selectbox if box.label == "Catalogue"]


def test_a_slow_catalogue_is_left_alone_after_the_limit() -> None:
    begun, go_on = threading.Event(), threading.Event()

    class Slow(RecordedHttp):
        def get(self, *_given: object, **_more: object) -> bytes:
            begun.set()
            go_on.wait(20.0)
            return INDEX

    use_http(lambda: nullcontext(Slow(answers={})))
    try:
        started_s = time.monotonic()
        answer = look_up("Gaia Alerts", "Gaia22dkv", limit_s=0.2)
        assert time.monotonic() - started_s < 5.0
        assert begun.is_set()
        assert answer.target is None
        assert "did not answer within 0.2 s" in answer.refusal
    finally:
        go_on.set()
        use_http()


def test_no_question_is_more_patient_than_the_person() -> None:
    waited: list[float] = []

    class Timed(HTTPAdapter):
        def send(self, request: PreparedRequest, **how: object) -> Response:
            _connect_s, read_s = cast("tuple[float, float]", how["timeout"])
            waited.append(read_s)
            raise ConnectTimeout(request=request)

    with HttpClient(LIMITS, adapter=Timed(), sleep=lambda _: None) as http:
        for ask, patience_s in ((http.get, 240.0), (http.post, 240.0), (http.get, 2.0)):
            with pytest.raises(Transient):
                ask("http://catalogue.example", timeout_s=patience_s)
    assert waited == [9.0, 9.0, 2.0]


def test_a_real_index_of_gaia_is_searched_within_the_time_of_a_page(
    shared: Path, answers: Callable[[Answer], RecordedHttp]
) -> None:
    answers((shared / "archives" / "gaia_alerts" / "alerts_subset.csv").read_bytes())
    found = look_up("Gaia Alerts", "Gaia24aom").target
    assert found is not None
    assert found.name == "Gaia24aom"
