"""What pages show of the archives: how each fares, what each said of a target, and who is still at work."""

from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from engine.brokers.protocol import Asks, BrokerInfo
from engine.brokers.reach import reason_not_to_ask
from engine.brokers.registry import BROKERS, served
from engine.errors import Rejected
from engine.target import Target
from engine.times import mjd_now
from lake.archives import (
    ArchiveHealth,
    Harvest,
    asked_now,
    harvests_of_target,
    list_archive_health,
    request_harvest,
)
from lake.people.accounts import User
from lake.rights import can_see
from portal.fmt import ago_text
from portal.opened import lake, settings
from portal.words import _, marked, several

WELL, RESTS, NEEDS_ACCOUNT = marked("well"), marked("rests"), marked("needs an account")
BY_FILE, NEW, TROUBLE = marked("by file"), marked("not asked yet"), marked("trouble")
NAMED_MOST = 4
_HOURS = 24.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How far the archives are with a target."""

    answered: int
    asked: int
    still: tuple[str, ...]  # titles of the archives that have not answered

    @property
    def sentence(self) -> str:
        """Return it in words."""
        told = {
            "answered": self.answered,
            "asked": self.asked,
            "archives": ", ".join(self.still[:NAMED_MOST]),
        }
        if len(self.still) <= NAMED_MOST:
            return _("{answered} of {asked} archives have answered. Still asked: {archives}.", **told)
        return _(
            "{answered} of {asked} archives have answered. Still asked: {archives} and {others} more.",
            others=len(self.still) - NAMED_MOST,
            **told,
        )


def asking(target_id: int) -> Asking | None:
    """Return how far the archives are with a target, or None where all have answered."""
    open_jobs = asked_now(lake().operations, target_id)
    if not open_jobs:
        return None
    still = {job.args["source"] for job in open_jobs}
    said = harvests_of_target(lake().operations, target_id)
    answered = sum(each.answered_mjd is not None and each.archive not in still for each in said)
    titles = tuple(sorted(_titles().get(key, key) for key in still))
    return Asking(answered=answered, asked=answered + len(still), still=titles)


def archives_table() -> pl.DataFrame:
    """Return how every archive fares, those in trouble first."""
    health = {each.archive: each for each in list_archive_health(lake().operations)}
    rows = [_health_row(known.info, health.get(known.info.key)) for known in BROKERS]
    told = pl.DataFrame(rows, schema=_HEALTH_COLUMNS).sort("State", "Archive")
    states = [_(state) for state in told["State"]]
    return told.with_columns(pl.Series("State", states, dtype=pl.String()))


def target_archives_table(target: Target) -> pl.DataFrame:
    """Return what each archive said of a target."""
    said = {each.archive: each for each in harvests_of_target(lake().operations, target.target_id or 0)}
    asked = {job.args["source"] for job in asked_now(lake().operations, target.target_id or 0)}
    infos = served(settings().secrets)
    rows = [
        _said_row(info, target, said.get(info.key), is_asked=info.key in asked)
        for info in infos
        if info.key in said or not reason_not_to_ask(info, target)
    ]
    return pl.DataFrame(rows, schema=_SAID_COLUMNS).sort(
        "Points", "Archive", descending=[True, False], nulls_last=True
    )


def ask_again(target: Target, user: User | None) -> str:
    """Ask every archive that can know a target again; return what to tell the person.

    Raises
    ------
    Rejected
        ``no-right``: nobody is signed in, or may not see the target.
    """
    if user is None or not can_see(target, user):
        raise Rejected("Sign in to have the archives asked again.", code="no-right")
    able = [info for info in served(settings().secrets) if not reason_not_to_ask(info, target)]
    for info in able:
        request_harvest(lake().operations, info.key, target.target_id or 0)
    return several("{count} archive is asked now.", "{count} archives are asked now.", len(able))


def facts_of(key: str) -> BrokerInfo | None:
    """Return what is known of an archive."""
    return next((known.info for known in BROKERS if known.info.key == key), None)


@lru_cache(maxsize=1)
def _titles() -> dict[str, str]:
    return {known.info.key: known.info.title for known in BROKERS}


def _health_row(info: BrokerInfo, health: ArchiveHealth | None) -> dict[str, object]:
    state = _state(info, health)
    variable = f"TOMLAKE_{info.account.upper()}"
    reason = _("Set {variable}.", variable=variable) if state == NEEDS_ACCOUNT else ""
    return {
        "Archive": info.title,
        "State": state,
        "Last answer": "–" if health is None else _ago(health.last_success_mjd),
        "Seconds": None if health is None else health.latency_s,
        "Failures": 0 if health is None else health.failures,
        "Says": reason or (_(health.reason) if health else ""),
        "Next try": _next_try(health) if state == RESTS else "",
        "Covers": _(info.coverage),
        "Key": info.key,
    }


def _state(info: BrokerInfo, health: ArchiveHealth | None) -> str:
    return state_of(info, health, has_account=info.account in settings().secrets)


def state_of(info: BrokerInfo, health: ArchiveHealth | None, *, has_account: bool) -> str:
    """Return in a word how an archive fares."""
    if info.asks == Asks.FILE:
        return BY_FILE
    if info.account and not has_account:
        return NEEDS_ACCOUNT
    if health is None:
        return NEW
    if (health.rests_until_mjd or 0.0) > mjd_now():
        return RESTS
    return TROUBLE if health.failures else WELL


def _next_try(health: ArchiveHealth | None) -> str:
    if health is None or health.rests_until_mjd is None:
        return ""
    hours = (health.rests_until_mjd - mjd_now()) * _HOURS
    if hours >= 1:
        return _("in {hours} h", hours=f"{hours:.1f}")
    return _("in {minutes} min", minutes=max(1, round(hours * 60)))


def _said_row(info: BrokerInfo, target: Target, said: Harvest | None, *, is_asked: bool) -> dict[str, object]:
    if is_asked:
        words = _(said.reason) if said and said.reason else _("asked now")
    elif said is None or said.asked_mjd is None:
        words = _(reason_not_to_ask(info, target)) or _(NEW)
    else:
        words = _(said.reason) or ("" if said.rows else _("never saw it"))
    return {
        "Archive": info.title,
        "Points": said.rows if said else None,
        "Answered": _ago(said.answered_mjd if said else None),
        "Says": words,
        "Cite": info.citation,
    }


def _ago(mjd: float | None) -> str:
    return "–" if mjd is None else ago_text(mjd)


_HEALTH_COLUMNS: dict[str, pl.DataType] = {
    "Archive": pl.String(),
    "State": pl.Enum([TROUBLE, RESTS, NEEDS_ACCOUNT, WELL, NEW, BY_FILE]),
    "Last answer": pl.String(),
    "Seconds": pl.Float64(),
    "Failures": pl.Int64(),
    "Says": pl.String(),
    "Next try": pl.String(),
    "Covers": pl.String(),
    "Key": pl.String(),
}
_SAID_COLUMNS: dict[str, pl.DataType] = {
    "Archive": pl.String(),
    "Points": pl.Int64(),
    "Answered": pl.String(),
    "Says": pl.String(),
    "Cite": pl.String(),
}
