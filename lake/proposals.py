"""Proposals: what a watch found on the sky, until somebody makes a target of it or puts it aside."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

import polars as pl
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    Select,
    and_,
    case,
    func,
    insert,
    or_,
    select,
    update,
)

from engine.brokers.class_words import class_of
from engine.brokers.streams.registry import stream
from engine.errors import Rejected
from engine.target import DESCRIPTION_MAX_CHARS, DUPLICATE_RADIUS_ARCSEC, Target
from engine.times import datetime_of, mjd_now
from lake.adding import add_target
from lake.opening import Lake
from lake.operations import proposals, reading, serialised, targets, watches, writing
from lake.people.accounts import User
from lake.rights import SYSTEM, visible_to
from lake.target_list import cone_search
from lake.target_rows import Cone, name_key, within
from lake.watches import Watch, watched_by

BY_ITSELF = "a watch"  # not which one: that is its maker's
MOST_NEW = 200  # of one answer; the rest comes with the next one
_RADIUS_DEG = DUPLICATE_RADIUS_ARCSEC / 3600.0
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9 _.+\-*'\[\]@#]")


class ProposalState(StrEnum):
    """Where a proposal stands."""

    NEW = "new"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"
    KNOWN = "known"  # a target stood there already; never shown for decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """An object of the public sky that a watch found, as far as the person who looks may know."""

    proposal_id: int
    watch_id: int
    watch: str  # its name; empty where it is somebody else's
    stream: str
    name: str
    ra_deg: float
    dec_deg: float
    seen_mjd: float | None
    first_mjd: float | None
    mag: float | None
    band: str
    classification: str
    probability: float | None
    link: str
    found_mjd: float
    state: ProposalState
    target_id: int | None
    target: str  # its name
    decided_by: str
    decided_mjd: float | None


def store_candidates(operations: Engine, watch: Watch, found: pl.DataFrame) -> list[int]:
    """Return the numbers of the new proposals.

    A candidate within 3 arcsec of a target is linked to it and not proposed; one that the watch found before
    is left as it stands.
    """
    with writing(operations) as connection:
        serialised(connection, "proposals")
        query = select(proposals.c.name_key).where(proposals.c.watch_id == watch.watch_id)
        before = set(connection.execute(query).scalars())
        new: list[int] = []
        for candidate in found.iter_rows(named=True):
            key = name_key(candidate["name"])
            if key in before:
                continue
            if len(new) >= MOST_NEW:
                break
            before.add(key)
            target_id = _target_at(connection, candidate["ra_deg"], candidate["dec_deg"])
            proposal_id = _insert(connection, watch, candidate, target_id)
            new += [] if target_id else [proposal_id]
        return new


def list_proposals(
    operations: Engine,
    user: User | None,
    *,
    state: ProposalState = ProposalState.NEW,
    watch_id: int | None = None,
    limit: int = 200,
) -> list[Proposal]:
    """Return proposals in a state, what was seen last first, as far as somebody may see them; nobody none."""
    if user is None:
        return []
    conditions = [proposals.c.state == state.value]
    if watch_id is not None:
        conditions.append(proposals.c.watch_id == watch_id)
    order = (proposals.c.seen_mjd.desc().nulls_last(), proposals.c.proposal_id.desc())
    query = _seen_by(user).where(*conditions).order_by(*order).limit(limit)
    with reading(operations) as connection:
        return [_proposal_of(row) for row in connection.execute(query).mappings()]


def get_proposal(operations: Engine, proposal_id: int, user: User | None) -> Proposal:
    """Return a proposal.

    Raises
    ------
    Rejected
        ``unknown-proposal``: there is none that this person may see.
    """
    row = None
    if user is not None:
        with reading(operations) as connection:
            query = _seen_by(user).where(proposals.c.proposal_id == proposal_id)
            row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise Rejected(f"There is no proposal {proposal_id}.", code="unknown-proposal")
    return _proposal_of(row)


def accept(lake: Lake, proposal_id: int, *, user: User, decided_by: str = "") -> Target:
    """Return the target that a proposal became; its archives are asked at once.

    A target that stands there by now, and that the person may see, is linked in place of a second one.

    Raises
    ------
    Rejected
        ``unknown-proposal``; ``already-decided``; or as ``create_target``.
    """
    proposal = get_proposal(lake.operations, proposal_id, user)
    if proposal.state not in (ProposalState.NEW, ProposalState.DISMISSED):
        raise Rejected(f"{proposal.name} is {proposal.state} already.", code="already-decided")
    around = cone_search(lake.operations, proposal.ra_deg, proposal.dec_deg, _RADIUS_DEG, user)
    near = [target for target, _ in around if not target.designation]
    target = near[0] if near else add_target(lake, target_of(proposal), by=user.username)
    state = ProposalState.KNOWN if near else ProposalState.ACCEPTED
    with writing(lake.operations) as connection:
        serialised(connection, "proposals")
        this = proposals.c.proposal_id == proposal_id
        _decide(connection, this, state, by=decided_by or user.username, target_id=target.target_id)
        others = and_(
            proposals.c.state == ProposalState.NEW.value, proposals.c.name_key == name_key(proposal.name)
        )
        _decide(connection, others, ProposalState.KNOWN, by="", target_id=target.target_id)
    return target


def dismiss(operations: Engine, proposal_ids: Sequence[int], *, user: User) -> int:
    """Return how many new proposals were put aside; they are not proposed again."""
    visible = [get_proposal(operations, proposal_id, user).proposal_id for proposal_id in proposal_ids]
    with writing(operations) as connection:
        serialised(connection, "proposals")
        these = and_(proposals.c.proposal_id.in_(visible), proposals.c.state == ProposalState.NEW.value)
        return _decide(connection, these, ProposalState.DISMISSED, by=user.username)


def accept_for(lake: Lake, watch: Watch, proposal_id: int) -> Target:
    """Return the target that a watch made by itself, because its rule says so, in the name of its maker."""
    maker = User(user_id=SYSTEM.user_id, username=watch.created_by, is_staff=True)
    return accept(lake, proposal_id, user=maker, decided_by=BY_ITSELF)


def target_of(proposal: Proposal) -> Target:
    """Return what a proposal would be as a target."""
    info = stream(proposal.stream).info
    name = _NOT_IN_NAMES.sub("_", proposal.name)
    seen = "" if proposal.mag is None else f" {proposal.mag:.2f} mag {proposal.band}".rstrip()
    when = "" if proposal.seen_mjd is None else f" on {datetime_of(proposal.seen_mjd):%Y-%m-%d}"
    said = f"{info.title}: {proposal.classification or 'no class'}{seen}{when}. {proposal.link}"
    return Target(
        name=name,
        ra_deg=proposal.ra_deg,
        dec_deg=proposal.dec_deg,
        classification=class_of(proposal.classification),
        description=said[:DESCRIPTION_MAX_CHARS],
        discovery_mjd=proposal.first_mjd if proposal.first_mjd is not None else proposal.seen_mjd,
        importance=5.0,
        aliases=((info.title, proposal.name),) if name != proposal.name else (),
    )


def _seen_by(user: User) -> Select[Any]:
    """Return the proposals that a person may see: all but those whose target is kept from this person."""
    named = case((watched_by(user), watches.c.name), else_="")
    visible = targets.c.target_id.is_not(None)
    return (
        select(
            proposals,
            named.label("watch"),
            watches.c.stream,
            func.coalesce(targets.c.name, "").label("target"),
        )
        .join(watches, watches.c.watch_id == proposals.c.watch_id)
        .outerjoin(targets, and_(targets.c.target_id == proposals.c.target_id, visible_to(user)))
        .where(or_(proposals.c.target_id.is_(None), visible))
    )


def _target_at(connection: Connection, ra_deg: float, dec_deg: float) -> int | None:
    cone = Cone(ra_deg=ra_deg, dec_deg=dec_deg, radius_deg=_RADIUS_DEG)
    query = select(targets.c.target_id).where(within(cone), targets.c.designation == "").limit(1)
    return connection.execute(query).scalars().first()


def _insert(connection: Connection, watch: Watch, candidate: Mapping[str, Any], target_id: int | None) -> int:
    row = {
        "watch_id": watch.watch_id,
        "name": candidate["name"],
        "name_key": name_key(candidate["name"]),
        "seen_mjd": candidate["mjd"],
        "found_mjd": mjd_now(),
        "state": (ProposalState.KNOWN if target_id else ProposalState.NEW).value,
        "target_id": target_id,
    } | {name: candidate[name] for name in _SAME}
    return int(
        connection.execute(insert(proposals).values(row).returning(proposals.c.proposal_id)).scalar_one()
    )


_SAME = ("ra_deg", "dec_deg", "first_mjd", "mag", "band", "classification", "probability", "link")


def _decide(
    connection: Connection,
    these: ColumnElement[bool],
    state: ProposalState,
    *,
    by: str,
    target_id: int | None = None,
) -> int:
    values = {"state": state.value, "decided_by": by, "decided_mjd": mjd_now(), "target_id": target_id}
    return connection.execute(update(proposals).where(these).values(values)).rowcount


def _proposal_of(row: RowMapping) -> Proposal:
    values = {field.name: row[field.name] for field in fields(Proposal)}
    return Proposal(**values | {"state": ProposalState(row["state"])})
