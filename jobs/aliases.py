"""The task `aliases`: what else a new target is called, and how it moves, so that archives know it."""

import logging
from dataclasses import dataclass, field

from engine.brokers.asking.client import HttpClient
from engine.brokers.gaia_alerts import INDEX_URL
from engine.brokers.names import ogle_ews
from engine.brokers.names.other_names import KNOWERS, OtherNames
from engine.brokers.protocol import Asks, Http
from engine.brokers.registry import served
from engine.errors import Rejected, Transient
from engine.target import Target
from jobs.kept_answers import KeptAnswers
from jobs.progress import Progress
from lake.archives import request_all
from lake.opening import Lake
from lake.queue import Job
from lake.rights import SYSTEM
from lake.targets import add_alias, fill_proper_motion, get_target

logger = logging.getLogger(__name__)

_NEWS_D = 1.0  # the list of this year's events grows


def find_aliases(lake: Lake, job: Job, progress: Progress) -> str:
    """Return which names came for the target ``target_id``, in words."""
    with HttpClient(secrets=lake.settings.secrets) as http:
        return find_aliases_by(http, lake, job, progress)


def find_aliases_by(http: Http, lake: Lake, job: Job, progress: Progress) -> str:
    """Do what ``find_aliases`` does with an ``Http`` of one's own.

    What a person wrote stays: names are only added, and a proper motion only where there is none.

    Raises
    ------
    Rejected
        ``unknown-target``; ``not-asked``: it is simulated, or has no fixed place.
    Transient
        Somebody cannot be asked now; what the others knew is stored.
    """
    target = get_target(lake.operations, int(job.args["target_id"]), SYSTEM)
    if target.simulated or target.designation:
        raise Rejected(f"Nothing fixed on the sky is called {target.name}.", code="not-asked")
    kept = _with_lists(lake, http)
    ended = _Ended()
    for number, (title, ask) in enumerate(KNOWERS.items()):
        progress(f"Asking {title}", number / len(KNOWERS))
        try:
            found = ask(kept, target)
        except (Rejected, Transient) as trouble:
            if trouble.code != "needs-account":
                ended.troubles.append(trouble)
            continue
        _add_names(lake, target, found, ended)
        ended.is_moving |= _fill_motion(lake, target, found)
    if ended.added:
        by_name = [info for info in served(lake.settings.secrets) if info.asks == Asks.NAME]
        request_all(lake.operations, by_name, target)
    return ended.told(target)


def _with_lists(lake: Lake, http: Http) -> Http:
    """Return an ``Http`` that fetches the lists which all targets share only now and then."""
    folder = lake.settings.data_dir / "kept"
    *earlier, this_year = (ogle_ews.index_url(year) for year in ogle_ews.years())
    lasting = KeptAnswers(http, folder, urls=[INDEX_URL, *earlier])
    return KeptAnswers(lasting, folder, urls=[this_year], keep_d=_NEWS_D)


def _add_names(lake: Lake, target: Target, found: OtherNames, ended: "_Ended") -> None:
    """Add the names that are new to a target; one that another target has is left to it."""
    for source, name in found.aliases:
        if name.casefold() == target.name.casefold():
            continue
        try:
            before = get_target(lake.operations, target.target_id or 0, SYSTEM).aliases
            after = add_alias(lake.operations, target.target_id or 0, source, name).aliases
        except Rejected as refusal:
            if refusal.code != "name-taken":
                raise
            _tell_taken(lake, target, name, ended)
        else:
            ended.added += [name] if len(after) > len(before) else []


def _tell_taken(lake: Lake, target: Target, name: str, ended: "_Ended") -> None:
    """Tell whose name it is; not of a private target, as everybody reads how jobs of public ones ended."""
    logger.info("target %s: another target is called %s", target.target_id, name)
    try:
        other = get_target(lake.operations, name, None)
    except Rejected:
        return
    ended.taken.append(f"{name}, which is the target {other.name}")


def _fill_motion(lake: Lake, target: Target, found: OtherNames) -> bool:
    if found.pm_ra_mas_yr is None or found.pm_dec_mas_yr is None:
        return False
    return fill_proper_motion(
        lake.operations,
        target.target_id or 0,
        pm_ra_mas_yr=found.pm_ra_mas_yr,
        pm_dec_mas_yr=found.pm_dec_mas_yr,
    )


@dataclass(slots=True, kw_only=True)
class _Ended:
    """What came of asking, as it comes."""

    added: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    troubles: list[Rejected | Transient] = field(default_factory=list)
    is_moving: bool = False

    def told(self, target: Target) -> str:
        """Return how it ended; raise where somebody is to be asked again."""
        for trouble in self.troubles:
            if isinstance(trouble, Transient):
                raise trouble
        names = ", ".join(self.added) or "nothing new"
        motion = "; its proper motion came" if self.is_moving else ""
        taken = f" Left out: {'; '.join(self.taken)}." if self.taken else ""
        why = "".join(f" {trouble.reason}" for trouble in self.troubles)
        return f"{target.name} is also called: {names}{motion}.{taken}{why}"
