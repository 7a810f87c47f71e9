"""Names to positions: those who can know a name of its form are asked in turn, the first answer counts."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from engine.brokers.names import gaia_alerts, ned, simbad, small_bodies, tns, vsx
from engine.brokers.names.forms import alert_of, asked_name, is_body, is_survey_name, transient_of
from engine.brokers.protocol import Http
from engine.errors import Rejected, Transient
from engine.target import Target

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Knower:
    """Somebody who may know a name: ``find`` refuses with ``unknown-name`` where they do not."""

    title: str
    find: Callable[[Http, str], Target]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What a name means, and who said so."""

    target: Target
    by: str


GAIA_ALERTS = Knower(title=gaia_alerts.TITLE, find=gaia_alerts.find)
TNS = Knower(title=tns.TITLE, find=tns.find)
SIMBAD = Knower(title=simbad.TITLE, find=simbad.find)
VSX = Knower(title=vsx.TITLE, find=vsx.find)
NED = Knower(title=ned.TITLE, find=ned.find)
JPL = Knower(title=small_bodies.TITLE, find=small_bodies.find)


def knowers_of(name: str) -> tuple[Knower, ...]:
    """Return who can know a name of this form, in the order in which they are asked."""
    if is_body(name):
        return (JPL,)
    if alert_of(name):
        return (GAIA_ALERTS, SIMBAD)
    if transient_of(name):
        return (TNS, GAIA_ALERTS, SIMBAD, NED)
    if is_survey_name(name):
        return (TNS, SIMBAD, NED)
    return (SIMBAD, VSX, NED, JPL)


def resolve(http: Http, name: str) -> Resolved:
    """Return the object of this name, told by the first who knows it.

    Raises
    ------
    Rejected
        ``unknown-name``: everybody was asked, and nobody knows it; ``not-all-asked``: nobody knows it, but
        somebody gave no answer that can be read; ``ambiguous-name``; the codes of ``checked_name``.
    Transient
        Nobody knows it, but somebody cannot be asked now.
    """
    asked = asked_name(name)
    knowers = knowers_of(asked)
    without_account: list[str] = []
    troubles: list[Rejected | Transient] = []
    for knower in knowers:
        try:
            return Resolved(target=knower.find(http, asked), by=knower.title)
        except Transient as trouble:
            troubles.append(trouble)
        except Rejected as refusal:
            if refusal.code == "ambiguous-name":
                raise
            if refusal.code == "needs-account":
                without_account.append(knower.title)
            elif refusal.code != "unknown-name":
                logger.warning("%s gave no answer that can be read: %s", knower.title, refusal.reason)
                troubles.append(refusal)
    raise _nobody_knows(asked, [knower.title for knower in knowers], without_account, troubles)


def _nobody_knows(
    name: str, titles: list[str], without_account: list[str], troubles: list[Rejected | Transient]
) -> Rejected | Transient:
    passing = next((trouble for trouble in troubles if isinstance(trouble, Transient)), None)
    if passing is not None:
        return Transient(
            f"Nobody who answers knows {name!r}, but: {passing.reason}",
            code=passing.code,
            retry_after_s=passing.retry_after_s,
        )
    if troubles:
        return Rejected(
            f"Nobody who answers knows {name!r}, but: {troubles[0].reason} Give a position.",
            code="not-all-asked",
        )
    asked = ", ".join(title for title in titles if title not in without_account) or "nobody"
    more = f" ({', '.join(without_account)} needs an account)" if without_account else ""
    return Rejected(
        f"No archive knows {name!r}, asked were {asked}{more}: check the name, or give a position.",
        code="unknown-name",
    )
