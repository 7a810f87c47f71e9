"""Watches: who may make, see and stop them, and when the clock asks."""

import pytest
from sqlalchemy import select, update

from engine.brokers.streams.protocol import Rule
from engine.errors import Rejected
from engine.times import mjd_now
from lake.opening import Lake
from lake.operations import jobs, reading, users, watches, writing
from lake.people.accounts import User, create_user
from lake.rights import SYSTEM
from lake.watches import (
    KIND,
    MOST_WATCHES,
    Watch,
    add_watch,
    enqueue_due_watches,
    get_watch,
    list_watches,
    request_watch,
    set_active,
)

ANA = User(user_id=1, username="ana")
BEN = User(user_id=2, username="ben")
STAFF = User(user_id=3, username="chief", is_staff=True)
RULE = Rule(classification="SN candidate", brighter_than_mag=18.0)


def wanted(name: str, **more: object) -> Watch:
    return Watch(**{"name": name, "stream": "fink_ztf", "rule": RULE} | more)  # type: ignore[arg-type]


def set_asked(lake: Lake, watch: Watch, hours_ago: float) -> None:
    with writing(lake.operations) as connection:
        this = update(watches).where(watches.c.watch_id == watch.watch_id)
        connection.execute(this.values(asked_mjd=mjd_now() - hours_ago / 24.0))


def waiting(lake: Lake, watch: Watch) -> int:
    """Return how many jobs ask for a watch."""
    with reading(lake.operations) as connection:
        rows = connection.execute(select(jobs.c.args).where(jobs.c.kind == KIND)).scalars()
        return sum(args == {"watch_id": str(watch.watch_id)} for args in rows)


def test_a_watch_comes_back_as_it_was_made(lake: Lake) -> None:
    made = add_watch(lake.operations, wanted("  bright   supernovae ", every_h=12.0), by="ana")
    assert made.name == "bright supernovae"
    assert get_watch(lake.operations, made.watch_id, ANA) == made
    assert get_watch(lake.operations, "Bright Supernovae", ANA).rule == RULE


def test_a_watch_is_seen_by_its_maker_and_staff_only(lake: Lake) -> None:
    made = add_watch(lake.operations, wanted("anas own"), by="ana")
    assert made in list_watches(lake.operations, ANA)
    assert made in list_watches(lake.operations, STAFF)
    assert made not in list_watches(lake.operations, BEN)
    assert list_watches(lake.operations, None) == []
    for stranger in (BEN, None):
        for name in (made.watch_id, made.name):
            with pytest.raises(Rejected) as refusal:
                get_watch(lake.operations, name, stranger)
            assert refusal.value.code == "unknown-watch"
    with pytest.raises(Rejected):
        set_active(lake.operations, made.watch_id, False, user=BEN)
    with pytest.raises(Rejected):
        request_watch(lake.operations, made.watch_id, user=BEN)


def test_two_people_may_use_one_name_and_staff_then_give_the_number(lake: Lake) -> None:
    first = add_watch(lake.operations, wanted("novae"), by="ana")
    add_watch(lake.operations, wanted("Novae"), by="ben")
    assert get_watch(lake.operations, "novae", ANA) == first
    with pytest.raises(Rejected) as refusal:
        get_watch(lake.operations, "novae", STAFF)
    assert refusal.value.code == "ambiguous-name"
    with pytest.raises(Rejected) as refusal:
        add_watch(lake.operations, wanted("NOVAE"), by="ana")
    assert refusal.value.code == "name-taken"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"stream": "nonsense"}, "unknown-stream"),
        ({"rule": Rule()}, "bad-rule"),
        ({"rule": Rule(classification="x", brighter_than_mag=99.0)}, "bad-rule"),
        ({"name": "  "}, "bad-name"),
        ({"name": "a\x00b"}, "bad-name"),
        ({"every_h": 0.1}, "bad-interval"),
        ({"stream": "gaia_alerts", "every_h": 6.0}, "bad-interval"),
    ],
)
def test_a_watch_that_cannot_be_is_refused(lake: Lake, more: dict[str, object], code: str) -> None:
    with pytest.raises(Rejected) as refusal:
        add_watch(
            lake.operations, wanted("refused", **more) if "name" not in more else wanted(**more), by="x"
        )  # type: ignore[arg-type]
    assert refusal.value.code == code


def test_nobody_has_too_many_watches(lake: Lake) -> None:
    for number in range(MOST_WATCHES):
        add_watch(lake.operations, wanted(f"w{number}"), by="greedy")
    with pytest.raises(Rejected) as refusal:
        add_watch(lake.operations, wanted("one more"), by="greedy")
    assert refusal.value.code == "many-watches"


def test_the_clock_asks_a_new_watch_at_once_and_then_when_it_is_due(lake: Lake) -> None:
    enqueue_due_watches(lake.operations)
    made = add_watch(lake.operations, wanted("due", every_h=6.0), by="ana")
    assert enqueue_due_watches(lake.operations) == 1
    assert enqueue_due_watches(lake.operations) == 0
    assert waiting(lake, made) == 1
    set_asked(lake, made, 5.9)
    assert enqueue_due_watches(lake.operations) == 0
    set_asked(lake, made, 6.1)
    assert enqueue_due_watches(lake.operations) == 1
    assert waiting(lake, made) == 1  # the first still waits: never two for one watch


def test_a_watch_that_rests_is_not_asked(lake: Lake) -> None:
    made = add_watch(lake.operations, wanted("resting"), by="ana")
    set_active(lake.operations, made.watch_id, False, user=ANA)
    enqueue_due_watches(lake.operations)
    assert waiting(lake, made) == 0
    set_active(lake.operations, made.watch_id, True, user=STAFF)
    enqueue_due_watches(lake.operations)
    assert waiting(lake, made) == 1


def test_the_watches_of_a_closed_account_rest(lake: Lake) -> None:
    create_user(lake.operations, "gone", "a long enough password")
    made = add_watch(lake.operations, wanted("left behind"), by="gone")
    with writing(lake.operations) as connection:
        connection.execute(update(users).where(users.c.username == "gone").values(is_active=False))
    enqueue_due_watches(lake.operations)
    assert waiting(lake, made) == 0


def test_a_person_may_ask_now_but_not_again_and_again(lake: Lake) -> None:
    made = add_watch(lake.operations, wanted("impatient"), by="ana")
    request_watch(lake.operations, made.watch_id, user=ANA)
    assert waiting(lake, made) == 1
    with pytest.raises(Rejected) as refusal:
        request_watch(lake.operations, made.watch_id, user=ANA)
    assert refusal.value.code == "asked-lately"
    set_asked(lake, made, 1.0)
    assert request_watch(lake.operations, made.watch_id, user=SYSTEM) > 0
