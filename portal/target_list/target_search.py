"""What a list of targets shows: a visitor's choices as the lake takes them; pages and exports ask here."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from engine.errors import Rejected
from engine.times import mjd_now
from engine.visibility.night import tonight
from engine.written_position import read_position
from lake.opening import Lake
from lake.people.accounts import User
from lake.people.saved_lists import SavedList, lists_of, targets_of_list
from lake.remembered import Remembered
from lake.sites.telescopes import telescope_named
from lake.target_groups import get_group, list_groups
from lake.targets import Cone, TargetFilter, get_target
from lake.tonight import Asked, up_tonight
from portal.target_list.choices import MINE, Choices
from portal.words import _

_NONE = frozenset[int]()
_UP: Remembered[frozenset[int]] = Remembered(most_bytes=8 << 20)
_BYTES_PER_ID = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What the lake is asked, and in one sentence each what of the choices cannot be."""

    wanted: TargetFilter
    refusals: tuple[str, ...] = ()


def search_of(lake: Lake, chosen: Choices, user: User | None) -> Search:
    """Return the first page of what was chosen; what cannot be understood fits no target, and says why."""
    wanted, refusals = chosen.target_filter(1), []
    for apply in _STEPS:
        try:
            wanted = apply(lake, chosen, wanted, user)
        except Rejected as refusal:
            refusals.append(_(refusal.reason))
            wanted = replace(wanted, target_ids=_NONE)
    return Search(wanted=wanted, refusals=tuple(refusals))


def group_names(lake: Lake, user: User | None) -> list[str]:
    """Return the groups of targets that a visitor may see."""
    return [group.name for group in list_groups(lake.operations, user)]


def saved_lists(lake: Lake, user: User | None) -> list[SavedList]:
    """Return what a visitor saved."""
    return [] if user is None else lists_of(lake.operations, user)


def _near(lake: Lake, chosen: Choices, wanted: TargetFilter, user: User | None) -> TargetFilter:
    if not chosen.near.strip():
        return wanted
    ra_deg, dec_deg = _centre(lake, chosen.near.strip(), user)
    return replace(wanted, cone=Cone(ra_deg=ra_deg, dec_deg=dec_deg, radius_deg=chosen.radius / 60.0))


def _centre(lake: Lake, near: str, user: User | None) -> tuple[float, float]:
    try:
        return read_position(near)
    except Rejected as refusal:
        try:
            target = get_target(lake.operations, near.replace("\0", ""), user)
        except Rejected:
            words = refusal.reason.removesuffix(".")
            raise Rejected(f"{words}; or the name of a target.", code=refusal.code) from None
        return target.ra_deg, target.dec_deg


def _of_group(lake: Lake, chosen: Choices, wanted: TargetFilter, user: User | None) -> TargetFilter:
    if not chosen.group:
        return wanted
    group = get_group(lake.operations, user, group_id=None, name=chosen.group.replace("\0", ""))
    return replace(wanted, group_id=group.group_id)


def _of_list(lake: Lake, chosen: Choices, wanted: TargetFilter, user: User | None) -> TargetFilter:
    if not chosen.saved:
        return wanted
    if chosen.saved not in {each.list_id for each in saved_lists(lake, user) if each.is_set}:
        raise Rejected(
            "This saved list is not yours, or is gone: its owner can make it a group of targets.",
            code="unknown-list",
        )
    return replace(wanted, target_ids=targets_of_list(lake.operations, chosen.saved, user))


def _mine(_lake: Lake, chosen: Choices, wanted: TargetFilter, user: User | None) -> TargetFilter:
    if MINE not in chosen.flags:
        return wanted
    if user is None:
        raise Rejected("Sign in to see which targets are yours.", code="sign-in")
    return replace(wanted, made_by=user.username)


def _up(lake: Lake, chosen: Choices, wanted: TargetFilter, user: User | None) -> TargetFilter:
    """Keep what can be seen tonight; the last step, so that little is left to compute for."""
    if not chosen.up:
        return wanted
    telescope = telescope_named(lake.operations, chosen.up.replace("\0", ""))
    now_mjd = mjd_now()
    asked = Asked(telescope=telescope, day=tonight(telescope.site, now_mjd))
    # the order and the moment of a filter by age change with every run: neither says what is up
    same = (lake.store, asked, tuple(chosen.filters.items()), user)

    def make() -> frozenset[int]:
        return up_tonight(lake.operations, asked, wanted, user, now_mjd=now_mjd)

    up = _UP.found(lake.operations, same)
    if up is None:
        up = _UP.made(lake.operations, same, make, size_bytes=_size)
    return replace(wanted, target_ids=up or _NONE)


def _size(ids: frozenset[int]) -> int:
    return _BYTES_PER_ID * (len(ids) + 10)


Step = Callable[[Lake, Choices, TargetFilter, User | None], TargetFilter]
_STEPS: tuple[Step, ...] = (_near, _of_group, _of_list, _mine, _up)
