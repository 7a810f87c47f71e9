"""What the pages show of signing in through other services; every change is the person's own."""

from dataclasses import dataclass

from lake.people.accounts import User
from lake.people.identities import identities_of, unlink
from portal.opened import lake, settings


@dataclass(frozen=True, slots=True, kw_only=True)
class WayIn:
    """A service through which people may sign in."""

    name: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedWay:
    """Who somebody is at a service, as they linked it."""

    identity_id: int
    title: str
    subject: str
    made_mjd: float


def ways_in() -> list[WayIn]:
    """Return the services that the settings name."""
    return [WayIn(name=each.name, title=each.title) for each in settings().providers]


def title_of(issuer: str) -> str:
    """Return what people call a service; one that the settings no longer name goes by its address."""
    return {each.issuer: each.title for each in settings().providers}.get(issuer, issuer)


def linked_ways(user: User) -> list[LinkedWay]:
    """Return what somebody linked."""
    return [
        LinkedWay(
            identity_id=each.identity_id,
            title=title_of(each.provider),
            subject=each.subject,
            made_mjd=each.made_mjd,
        )
        for each in identities_of(lake().operations, user)
    ]


def end_way(user: User, identity_id: int) -> None:
    """Unlink one of somebody's own identities.

    Raises
    ------
    Rejected
        ``no-password``, ``unknown-identity``.
    """
    unlink(lake().operations, user, identity_id)
