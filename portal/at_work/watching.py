"""What the page of new alerts shows and changes: proposals, watches and streams; rights are the lake's."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.brokers.streams.criteria import rule_of, told
from engine.brokers.streams.protocol import StreamInfo
from engine.brokers.streams.registry import STREAMS, stream
from engine.errors import Rejected
from lake.people.accounts import User
from lake.proposals import Proposal, ProposalState, accept, dismiss, list_proposals
from lake.watches import Watch, add_watch, list_watches, request_watch, set_active
from portal.deed import outcome
from portal.fmt import ago_text, mag_text
from portal.opened import lake
from portal.words import _, marked, several

PAGE_SIZE = 20
MOST_SHOWN = 1000
ANY_WATCH = marked("Any watch")
STATES: dict[str, ProposalState] = {
    marked("New"): ProposalState.NEW,
    marked("Accepted"): ProposalState.ACCEPTED,
    marked("Dismissed"): ProposalState.DISMISSED,
    marked("Known"): ProposalState.KNOWN,
}
DEFAULT_EVERY_H = 6.0
_DECIDED: dict[ProposalState, str] = {
    ProposalState.NEW: marked("new by {person}"),
    ProposalState.ACCEPTED: marked("accepted by {person}"),
    ProposalState.DISMISSED: marked("dismissed by {person}"),
    ProposalState.KNOWN: marked("known by {person}"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedProposal:
    """A proposal in words; texts of brokers are plain and must be escaped where they are drawn."""

    proposal: Proposal
    stream: str  # its title
    place: str
    facts: str  # brightness, class, when it was seen
    history: str  # who found it and who decided
    may_accept: bool
    may_dismiss: bool


def proposals_listed(user: User | None, *, state: str, watch: str = ANY_WATCH) -> list[ListedProposal]:
    """Return the proposals in a state, of all watches or of one of the visitor's own."""
    watch_id = labels(watches_of(user), user).get(watch)
    found = list_proposals(
        lake().operations,
        user,
        state=STATES.get(state, ProposalState.NEW),
        watch_id=watch_id,
        limit=MOST_SHOWN,
    )
    return [_listed(each) for each in found]


def _listed(each: Proposal) -> ListedProposal:
    mag = f"{mag_text(each.mag)} mag {each.band}".strip() if each.mag is not None else _("no magnitude")
    classification = each.classification or _("no class")
    chance = "" if each.probability is None else f" ({each.probability:.0%})"
    seen = _("not said when") if each.seen_mjd is None else _("seen {ago}", ago=ago_text(each.seen_mjd))
    return ListedProposal(
        proposal=each,
        stream=stream(each.stream).info.title,
        place=f"{each.ra_deg:.5f} {each.dec_deg:+.5f}",
        facts=f"{mag}, {classification}{chance}, {seen}",
        history=_history(each),
        may_accept=each.state in (ProposalState.NEW, ProposalState.DISMISSED),
        may_dismiss=each.state == ProposalState.NEW,
    )


def _history(each: Proposal) -> str:
    """Return who found a proposal and who decided."""
    ago = ago_text(each.found_mjd)
    found = (
        _("found {ago} by {watch}", ago=ago, watch=each.watch) if each.watch else _("found {ago}", ago=ago)
    )
    if not each.decided_by:
        return found
    return f"{found}, {_(_DECIDED[each.state], person=each.decided_by)}"


def accept_proposal(user: User, proposal_id: int) -> str:
    """Make a target of a proposal; return what to tell the person."""
    try:
        target = accept(lake(), proposal_id, user=user)
    except Rejected as refusal:
        return _(refusal.reason)
    return _("{target} is a target; the archives are asked for it.", target=target.name)


def dismiss_proposals(user: User, proposal_ids: list[int]) -> str:
    """Put proposals aside; return what to tell the person."""
    try:
        count = dismiss(lake().operations, proposal_ids, user=user)
    except Rejected as refusal:
        return _(refusal.reason)
    return several(
        "{count} proposal put aside; not proposed again.",
        "{count} proposals put aside; not proposed again.",
        count,
    )


def watches_of(user: User | None) -> list[Watch]:
    """Return a person's own watches; staff see all."""
    return list_watches(lake().operations, user)


def labels(watches: Sequence[Watch], user: User | None) -> dict[str, int]:
    """Return the numbers of watches by name; somebody else's is named with its maker."""
    own = "" if user is None else user.username
    return {
        each.name if each.created_by == own else f"{each.name} ({each.created_by})": each.watch_id
        for each in watches
    }


def rule_text(watch: Watch) -> str:
    """Return what a watch does in plain words."""
    does = _(
        "{stream}, every {hours} h: {rule}.",
        stream=stream(watch.stream).info.title,
        hours=f"{watch.every_h:g}",
        rule=told(watch.rule),
    )
    return " ".join((does, _("Makes targets by itself."))) if watch.makes_targets else does


def streams() -> dict[str, StreamInfo]:
    """Return the streams that can be watched, by title."""
    return {each.info.title: each.info for each in STREAMS}


def make_watch(user: User, info: StreamInfo, name: str, criteria: dict[str, object], **more: float) -> str:
    """Add a watch; return a refusal, or an empty text.

    Parameters
    ----------
    more
        ``every_h``, and ``makes_targets`` as 0 or 1.
    """
    try:
        wanted = Watch(
            name=name,
            stream=info.key,
            rule=rule_of({word: value for word, value in criteria.items() if value not in ("", None)}),
            every_h=more.get("every_h", DEFAULT_EVERY_H),
            makes_targets=bool(more.get("makes_targets", 0)),
        )
        add_watch(lake().operations, wanted, by=user.username)
    except Rejected as refusal:
        return _(refusal.reason)
    return ""


def ask_now(user: User, watch: Watch) -> str:
    """Ask a stream soon; return what to tell the person."""
    title = stream(watch.stream).info.title
    return outcome(
        lambda: request_watch(lake().operations, watch.watch_id, user=user),
        _("{stream} is asked; look again in a minute.", stream=title),
    )


def let_rest(user: User, watch: Watch, *, rests: bool) -> str:
    """Let a watch rest or go on; return what to tell the person."""
    changed = set_active(lake().operations, watch.watch_id, not rests, user=user)
    if changed.is_active:
        return _("{watch} goes on.", watch=changed.name)
    return _("{watch} rests.", watch=changed.name)
