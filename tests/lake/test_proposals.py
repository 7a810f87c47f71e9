"""Proposals: what is new, who sees it, and how it becomes a target or does not."""

from dataclasses import replace

import polars as pl
import pytest

from engine.brokers.streams.protocol import Rule, candidates
from engine.errors import Rejected
from engine.target import Target, Visibility
from lake.opening import Lake
from lake.people.accounts import User
from lake.proposals import (
    MOST_NEW,
    Proposal,
    ProposalState,
    accept,
    accept_for,
    dismiss,
    get_proposal,
    list_proposals,
    store_candidates,
)
from lake.queue import list_jobs
from lake.targets import create_target, delete_target, update_target
from lake.watches import Watch, add_watch

ANA = User(user_id=1, username="ana")
BEN = User(user_id=2, username="ben")
STAFF = User(user_id=3, username="chief", is_staff=True)
ARCSEC = 1 / 3600


@pytest.fixture
def watch(lake: Lake, request: pytest.FixtureRequest) -> Watch:
    """Return a watch of the test's own."""
    wanted = Watch(name=request.node.name[:80], stream="fink_ztf", rule=Rule(classification="SN candidate"))
    return add_watch(lake.operations, wanted, by="ana")


def found(*rows: tuple[str, float], **more: object) -> pl.DataFrame:
    """Return candidates of these names at these right ascensions."""
    facts = {"dec_deg": 20.0, "mjd": 61312.0, "mag": 17.25, "band": "ZTF(zg)", "classification": "SN Ia"}
    return candidates([facts | {"name": name, "ra_deg": ra} | more for name, ra in rows])


def one(lake: Lake, watch: Watch, name: str, ra_deg: float, **more: object) -> Proposal:
    (number,) = store_candidates(lake.operations, watch, found((name, ra_deg), **more))
    return get_proposal(lake.operations, number, ANA)


def test_what_is_new_is_proposed_once(lake: Lake, watch: Watch) -> None:
    new = store_candidates(lake.operations, watch, found(("ZTF26aaaaaaa", 1.0), ("ZTF26aaaaaab", 2.0)))
    assert len(new) == 2
    again = store_candidates(lake.operations, watch, found(("ztf26AAAaaaa", 1.0), ("ZTF26aaaaaac", 3.0)))
    shown = list_proposals(lake.operations, ANA, watch_id=watch.watch_id)
    assert [proposal.proposal_id for proposal in shown] == [*again, *reversed(new)]
    assert (shown[0].mag, shown[0].band, shown[0].state) == (17.25, "ZTF(zg)", ProposalState.NEW)


def test_what_was_seen_last_stands_first(lake: Lake, watch: Watch) -> None:
    for name, seen_mjd in (("ZTF26m", 61312.0), ("ZTF26l", 61313.0), ("ZTF26n", None), ("ZTF26o", 61311.0)):
        one(lake, watch, name, 30.0 + len(name), mjd=seen_mjd)
    shown = list_proposals(lake.operations, ANA, watch_id=watch.watch_id)
    assert [proposal.name for proposal in shown] == ["ZTF26l", "ZTF26m", "ZTF26o", "ZTF26n"]


@pytest.mark.parametrize(("offset_arcsec", "is_new"), [(2.9, False), (3.1, True)])
def test_what_stands_at_a_target_is_linked_and_not_proposed(
    lake: Lake, watch: Watch, offset_arcsec: float, is_new: bool
) -> None:
    target = Target(name=f"Known {offset_arcsec}", ra_deg=50.0 + offset_arcsec, dec_deg=20.0)
    target = create_target(lake.operations, target, by="ben")
    rows = found(("ZTF26near", target.ra_deg), dec_deg=20.0 + offset_arcsec * ARCSEC)
    assert bool(store_candidates(lake.operations, watch, rows)) is is_new
    known = list_proposals(lake.operations, ANA, state=ProposalState.KNOWN, watch_id=watch.watch_id)
    assert [proposal.target for proposal in known] == ([] if is_new else [target.name])


def test_a_private_target_does_not_leak_through_what_stands_at_it(lake: Lake, watch: Watch) -> None:
    secret = Target(name="Secret one", ra_deg=60.0, dec_deg=20.0, visibility=Visibility.PRIVATE)
    create_target(lake.operations, secret, by="ben")
    assert store_candidates(lake.operations, watch, found(("ZTF26secret", 60.0))) == []
    for user, names in ((ANA, []), (BEN, ["Secret one"]), (STAFF, ["Secret one"]), (None, [])):
        known = list_proposals(lake.operations, user, state=ProposalState.KNOWN, watch_id=watch.watch_id)
        assert [proposal.target for proposal in known] == names


def test_proposals_are_for_everybody_signed_in_and_whose_watch_it_is_is_not(lake: Lake, watch: Watch) -> None:
    proposal = one(lake, watch, "ZTF26open", 70.0)
    assert list_proposals(lake.operations, None) == []
    with pytest.raises(Rejected) as refusal:
        get_proposal(lake.operations, proposal.proposal_id, None)
    assert refusal.value.code == "unknown-proposal"
    assert get_proposal(lake.operations, proposal.proposal_id, BEN).watch == ""
    assert get_proposal(lake.operations, proposal.proposal_id, STAFF).watch == watch.name
    assert proposal.watch == watch.name


def test_an_accepted_proposal_is_a_target_of_whoever_accepted_it(lake: Lake, watch: Watch) -> None:
    proposal = one(lake, watch, "ZTF26accept", 80.0)
    target = accept(lake, proposal.proposal_id, user=BEN)
    assert (target.name, target.created_by, target.classification) == ("ZTF26accept", "ben", "SN")
    assert (target.ra_deg, target.dec_deg, target.discovery_mjd) == (80.0, 20.0, 61312.0)
    assert "17.25 mag ZTF(zg) on 2026-09-29" in target.description
    decided = get_proposal(lake.operations, proposal.proposal_id, ANA)
    assert (decided.state, decided.target, decided.decided_by) == (
        ProposalState.ACCEPTED,
        "ZTF26accept",
        "ben",
    )
    asked = {job.args.get("target_id") for job in list_jobs(lake.operations, kind="harvest")}
    assert str(target.target_id) in asked
    with pytest.raises(Rejected) as refusal:
        accept(lake, proposal.proposal_id, user=ANA)
    assert refusal.value.code == "already-decided"


def test_the_same_object_in_another_watch_is_known_then(lake: Lake, watch: Watch) -> None:
    other = Watch(name="another", stream="fink_ztf", rule=watch.rule)
    second = one(lake, add_watch(lake.operations, other, by="ben"), "ZTF26twice", 85.0)
    accept(lake, one(lake, watch, "ZTF26twice", 85.0).proposal_id, user=ANA)
    after = get_proposal(lake.operations, second.proposal_id, BEN)
    assert (after.state, after.target) == (ProposalState.KNOWN, "ZTF26twice")


def test_a_target_that_stands_there_by_now_is_linked_in_place_of_a_second_one(
    lake: Lake, watch: Watch
) -> None:
    proposal = one(lake, watch, "ZTF26late", 90.0)
    there = create_target(lake.operations, Target(name="Was first", ra_deg=90.0, dec_deg=20.0), by="ben")
    assert accept(lake, proposal.proposal_id, user=ANA) == there
    assert get_proposal(lake.operations, proposal.proposal_id, ANA).state == ProposalState.KNOWN


def test_a_private_target_that_stands_there_by_now_stays_private(lake: Lake, watch: Watch) -> None:
    proposal = one(lake, watch, "ZTF26hidden", 95.0)
    hidden = Target(name="Hidden one", ra_deg=95.0, dec_deg=20.0, visibility=Visibility.PRIVATE)
    create_target(lake.operations, hidden, by="ben")
    with pytest.raises(Rejected) as refusal:
        accept(lake, proposal.proposal_id, user=ANA)
    assert "Hidden" not in refusal.value.reason
    assert get_proposal(lake.operations, proposal.proposal_id, ANA).state == ProposalState.NEW


def test_a_dismissed_proposal_does_not_come_back_but_may_be_accepted_after_all(
    lake: Lake, watch: Watch
) -> None:
    proposal = one(lake, watch, "ZTF26dull", 100.0)
    assert dismiss(lake.operations, [proposal.proposal_id], user=BEN) == 1
    assert dismiss(lake.operations, [proposal.proposal_id], user=BEN) == 0
    assert store_candidates(lake.operations, watch, found(("ZTF26dull", 100.0))) == []
    assert accept(lake, proposal.proposal_id, user=ANA).name == "ZTF26dull"
    assert dismiss(lake.operations, [proposal.proposal_id], user=BEN) == 0


def test_a_name_that_no_target_can_have_becomes_an_alias(lake: Lake, watch: Watch) -> None:
    target = accept(lake, one(lake, watch, "PNV J1/2 (a)", 110.0).proposal_id, user=ANA)
    assert (target.name, target.aliases) == ("PNV J1_2 _a_", (("Fink ZTF", "PNV J1/2 (a)"),))


def test_a_target_made_by_the_rule_belongs_to_the_maker_of_the_watch(lake: Lake, watch: Watch) -> None:
    proposal = one(lake, watch, "ZTF26auto", 120.0)
    assert accept_for(lake, watch, proposal.proposal_id).created_by == "ana"
    assert get_proposal(lake.operations, proposal.proposal_id, BEN).decided_by == "a watch"


def test_an_accepted_proposal_is_hidden_with_its_target(lake: Lake, watch: Watch) -> None:
    proposal = one(lake, watch, "ZTF26embargo", 130.0)
    target = accept(lake, proposal.proposal_id, user=ANA)
    update_target(lake.operations, replace(target, visibility=Visibility.PRIVATE), user=ANA)
    assert get_proposal(lake.operations, proposal.proposal_id, ANA).target == "ZTF26embargo"
    with pytest.raises(Rejected):
        get_proposal(lake.operations, proposal.proposal_id, BEN)


def test_a_proposal_outlives_its_target(lake: Lake, watch: Watch) -> None:
    proposal = one(lake, watch, "ZTF26deleted", 135.0)
    target = accept(lake, proposal.proposal_id, user=ANA)
    delete_target(lake.operations, target.target_id or 0, user=ANA)
    after = get_proposal(lake.operations, proposal.proposal_id, BEN)
    assert (after.state, after.target_id, after.target) == (ProposalState.ACCEPTED, None, "")


def test_one_answer_never_floods_the_list(lake: Lake, watch: Watch) -> None:
    many = found(*((f"ZTF26x{number:04d}", 200.0 + number / 100) for number in range(MOST_NEW + 50)))
    assert len(store_candidates(lake.operations, watch, many)) == MOST_NEW
    assert len(store_candidates(lake.operations, watch, many)) == 50
    assert len(list_proposals(lake.operations, ANA, watch_id=watch.watch_id, limit=20)) == 20
