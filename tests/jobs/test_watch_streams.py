"""The task `watch`: due rules are put to their streams, and what is new is proposed, or made where asked."""

import json
from collections.abc import Iterator

import pytest
from installations import opened_in
from recorded_http import Answer, RecordedHttp
from sqlalchemy import delete, func, select

from engine.brokers.streams.protocol import Rule
from engine.errors import Rejected, Transient
from engine.target import Target
from engine.times import JD_MINUS_MJD, mjd_now
from jobs.clock import Clock
from jobs.tasks import TASKS
from jobs.watch_streams import (
    MOST_MADE,
    OVERLAP_D,
    ask_stream,
    enqueue_due_streams,
    span_of,
    watch_streams_by,
)
from lake.opening import Lake
from lake.operations import jobs, reading, targets, watches, writing
from lake.proposals import ProposalState, list_proposals
from lake.public.origin import Origin, write_origin
from lake.queue import Kinds, claim, finish
from lake.rights import SYSTEM
from lake.targets import create_target
from lake.watches import KIND, Watch, add_watch, get_watch, set_active

RULE = Rule(classification="SN candidate", brighter_than_mag=19.0, newer_than_d=10.0)
YESTERDAY_JD = mjd_now() - 1.0 + JD_MINUS_MJD


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    lake = opened_in(tmp_path_factory.mktemp("watch") / "data")
    yield lake
    lake.close()


@pytest.fixture
def lake(opened: Lake) -> Lake:
    with writing(opened.operations) as connection:
        for table in (jobs, watches, targets):
            connection.execute(delete(table))
    return opened


def alert(name: str, ra_deg: float, **more: object) -> dict[str, object]:
    """Return an alert as Fink sends it, made by hand, of yesterday."""
    row = {"i:objectId": name, "i:ra": ra_deg, "i:dec": 20.0, "i:jd": YESTERDAY_JD, "i:fid": 1}
    return row | {"i:jdstarthist": YESTERDAY_JD - 1.0, "i:magpsf": 18.0, "i:isdiffpos": "t"} | more


def answered(*alerts: dict[str, object]) -> RecordedHttp:
    return RecordedHttp(answers={"fink": json.dumps(alerts).encode()})


def new_watch(lake: Lake, **more: object) -> Watch:
    return add_watch(lake.operations, Watch(name="sn", stream="fink_ztf", rule=RULE, **more), by="ana")  # type: ignore[arg-type]


def asked(lake: Lake, http: RecordedHttp, watch: Watch) -> str:
    return ask_stream(http, lake, watch, lambda _step, _part: None)


def count_targets(lake: Lake) -> int:
    with reading(lake.operations) as connection:
        return int(connection.execute(select(func.count()).select_from(targets)).scalar_one())


def names(lake: Lake, state: ProposalState = ProposalState.NEW) -> list[str]:
    return [proposal.name for proposal in list_proposals(lake.operations, SYSTEM, state=state)]


def test_the_kind_is_known_to_the_workers() -> None:
    assert KIND in TASKS


def test_a_watch_proposes_and_makes_no_target(lake: Lake) -> None:
    watch = new_watch(lake)
    told = asked(lake, answered(alert("ZTF26a", 1.0), alert("ZTF26faint", 2.0, **{"i:magpsf": 20.0})), watch)
    assert told == "Fink ZTF has 1 that fit, 1 of them new."
    assert names(lake) == ["ZTF26a"]
    assert count_targets(lake) == 0
    after = get_watch(lake.operations, watch.watch_id, SYSTEM)
    assert (after.reason, after.code) == (told, "")
    assert after.answered_mjd == pytest.approx(mjd_now(), abs=0.01)


def test_only_a_rule_that_says_so_makes_targets_and_never_too_many(lake: Lake) -> None:
    create_target(lake.operations, Target(name="ZTF26b0001", ra_deg=300.0, dec_deg=0.0), by="ben")
    watch = new_watch(lake, makes_targets=True)
    alerts = [alert(f"ZTF26b{number:04d}", number / 10) for number in range(MOST_MADE + 5)]
    told = asked(lake, answered(*alerts), watch)
    assert told.endswith(f"; {MOST_MADE - 1} became targets.")  # one name is taken: it waits for a person
    assert count_targets(lake) == MOST_MADE
    assert len(names(lake)) == 6
    assert "ZTF26b0001" in names(lake)


def test_the_next_question_is_only_about_what_came_since(lake: Lake) -> None:
    watch, now_mjd = new_watch(lake), mjd_now()
    first = span_of(watch, now_mjd)
    assert (first.since_mjd, first.until_mjd) == (now_mjd - 10.0, now_mjd)
    asked(lake, answered(), watch)
    again = span_of(get_watch(lake.operations, watch.watch_id, SYSTEM), now_mjd)
    assert again.since_mjd == pytest.approx(now_mjd - OVERLAP_D, abs=0.01)
    assert again.first_seen_mjd == now_mjd - 10.0


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Transient("down", code="archive-down"), "archive-down"),
        (b"[1]", "schema-drift"),
        (b"<html>", "answer-is-a-page"),
    ],
)
def test_a_stream_that_does_not_answer_is_told_and_asked_the_same_again(
    lake: Lake, answer: Answer, code: str
) -> None:
    watch = new_watch(lake)
    with pytest.raises((Rejected, Transient)):
        asked(lake, RecordedHttp(answers={"fink": answer}), watch)
    after = get_watch(lake.operations, watch.watch_id, SYSTEM)
    assert (after.code, after.answered_mjd) == (code, None)
    asked(lake, answered(), after)
    assert get_watch(lake.operations, watch.watch_id, SYSTEM).code == ""


def test_the_clock_puts_a_due_watch_into_the_queue_and_a_worker_asks(lake: Lake) -> None:
    watch = new_watch(lake)
    clock = Clock(lake.settings, lake.operations, brokers=())
    assert clock.enqueue_watches() == 1
    clock.stop()
    job = claim(lake.operations, "test", kinds=Kinds(only=[KIND]))
    assert job is not None
    told = watch_streams_by(answered(alert("ZTF26c", 3.0)), lake, job, lambda _step, _part: None)
    assert finish(lake.operations, job, told)
    assert names(lake) == ["ZTF26c"]
    set_active(lake.operations, watch.watch_id, False, user=SYSTEM)
    http = answered(alert("ZTF26d", 4.0))
    assert "rests" in watch_streams_by(http, lake, job, lambda _step, _part: None)
    assert not http.questions


def test_two_watches_of_one_stream_are_never_asked_at_once(lake: Lake) -> None:
    new_watch(lake)
    add_watch(lake.operations, Watch(name="other", stream="fink_ztf", rule=RULE), by="ana")
    assert enqueue_due_streams(lake.settings, lake.operations) == 2
    assert claim(lake.operations, "one", kinds=Kinds(only=[KIND])) is not None
    assert claim(lake.operations, "two", kinds=Kinds(only=[KIND])) is None


def test_a_copy_of_a_public_lake_watches_nothing(lake: Lake) -> None:
    new_watch(lake)
    origin = Origin(url="x", version="1", made_utc="", lake_version=1, licence="", citation="")
    write_origin(lake.settings, origin)
    assert enqueue_due_streams(lake.settings, lake.operations) == 0
    (lake.settings.data_dir / "clone.json").unlink()
    assert enqueue_due_streams(lake.settings, lake.operations) == 1
