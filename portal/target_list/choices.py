"""The filters of the target list: kept by the session, told by the address, understood by the lake."""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, fields
from typing import Any

from engine.target import CLASSES
from engine.times import mjd_now
from lake.targets import Order, TargetFilter
from portal.words import marked

ANY_CLASS = marked("Any class")
CLASS_CHOICES = (ANY_CLASS, *CLASSES)
FAINTEST_MAG = 24.0
BRIGHTEST_MAG = 6.0
RADIUS_ARCMIN = 60.0
RADIUS_MAX_ARCMIN = 10_800.0
POINTS_MAX = 1_000_000_000
TEXT_MAX_CHARS = 100
PAGE_SIZE = 50
SHOWN: dict[str, bool | None] = {marked("All"): None, marked("Observed"): False, marked("Simulated"): True}
ANY_TIME, NEVER = marked("Any time"), marked("Never")
SEEN_WITHIN_D = {marked("Last day"): 1.0, marked("Last week"): 7.0, marked("Last month"): 30.0}
NOT_SEEN_FOR_D = {marked("Not for a month"): 30.0, marked("Not for a year"): 365.25}
SEEN = (ANY_TIME, *SEEN_WITHIN_D, *NOT_SEEN_FOR_D, NEVER)
OVERDUE, MOVES = marked("Overdue"), marked("Solar System")
CLOSED, MINE = marked("Not public"), marked("Mine")
FLAGS = (OVERDUE, MOVES, CLOSED, MINE)
VIEWS = (marked("List"), marked("Cards"), marked("Sky"))
ORDERS: dict[str, tuple[Order, bool]] = {
    marked("Most wanted"): (Order.PRIORITY, True),
    marked("Last observed"): (Order.LAST_MJD, True),
    marked("Brightest"): (Order.LAST_MAG, False),
    marked("Most important"): (Order.IMPORTANCE, True),
    marked("Most points"): (Order.POINTS, True),
    marked("Newest"): (Order.CREATED, True),
    marked("Right ascension"): (Order.RA, False),
    marked("Class"): (Order.CLASSIFICATION, False),
    marked("Name"): (Order.NAME, False),
}
_ADDRESS = "targets_address"  # what this page wrote into the address last


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a visitor chose; the defaults narrow nothing."""

    name: str = ""
    classification: str = ANY_CLASS
    near: str = ""  # a position, or a target's name
    radius: float = RADIUS_ARCMIN
    brighter: float = FAINTEST_MAG
    fainter: float = BRIGHTEST_MAG
    importance: float = 0.0
    points: int = 0
    most_points: int = 0  # 0: any number
    seen: str = ANY_TIME
    flags: tuple[str, ...] = ()
    group: str = ""  # of targets, by name
    saved: int = 0  # the number of a list of chosen targets, its owner's alone
    up: str = ""  # observatory from which it can be seen tonight
    show: str = "All"
    order: str = "Most wanted"
    view: str = "List"

    def address(self) -> dict[str, str]:
        """Return what stands in the address: only what differs from the defaults."""
        plain = Choices()
        return {
            ADDRESS_WORDS[name]: _written(value)
            for name in FIELDS
            if (value := getattr(self, name)) != getattr(plain, name)
        }

    @property
    def filters(self) -> dict[str, str]:
        """Return what of the address narrows the list: not how it is shown."""
        told = self.address()
        return {word: told[word] for word in told if word not in (ADDRESS_WORDS["order"], "view")}

    def target_filter(self, page: int) -> TargetFilter:
        """Return one page of the list as the lake understands it, apart from what must be looked up."""
        order, descending = ORDERS.get(self.order, ORDERS["Most wanted"])
        now_mjd = mjd_now()
        within_d, not_for_d = SEEN_WITHIN_D.get(self.seen), NOT_SEEN_FOR_D.get(self.seen)
        return TargetFilter(
            name=self.name[:TEXT_MAX_CHARS].replace("\0", ""),
            classification="" if self.classification == ANY_CLASS else self.classification,
            brighter_than_mag=self.brighter if self.brighter < FAINTEST_MAG else None,
            fainter_than_mag=self.fainter if self.fainter > BRIGHTEST_MAG else None,
            importance_min=self.importance or None,
            points_min=self.points or None,
            points_max=self.most_points or None,
            seen_since_mjd=None if within_d is None else now_mjd - within_d,
            seen_before_mjd=None if not_for_d is None else now_mjd - not_for_d,
            is_seen=False if self.seen == NEVER else None,
            is_overdue=OVERDUE in self.flags,
            moves=True if MOVES in self.flags else None,
            is_closed=CLOSED in self.flags,
            simulated=SHOWN.get(self.show),
            order=order,
            descending=descending,
            page=page,
            page_size=PAGE_SIZE,
        )


FIELDS = tuple(field.name for field in fields(Choices))
# not "name": the browser's Back button brings the target page's ?name= along
ADDRESS_WORDS = {name: name for name in FIELDS} | {
    "name": "q", "classification": "class", "saved": "list", "most_points": "points_max",
}  # fmt: skip


def key(field: str) -> str:
    """Return the name under which the session keeps a choice."""
    return f"targets_{field}"


def of_address(query: Mapping[str, str]) -> Choices:
    """Return the choices in an address; what it does not understand counts as not chosen."""
    plain = Choices()
    told = {name: query.get(word, "") for name, word in ADDRESS_WORDS.items()}
    chosen: dict[str, Any] = {name: told[name][:TEXT_MAX_CHARS] for name in _TEXTS}
    for name, limits in _RANGES.items():
        usual = getattr(plain, name)
        chosen[name] = type(usual)(_between(*limits, told[name], usual))
    for name, choices in _ONE_OF.items():
        chosen[name] = _one_of(choices, told[name], getattr(plain, name))
    return Choices(**chosen, flags=tuple(flag for flag in FLAGS if flag in told["flags"].split(",")))


_TEXTS = ("name", "near", "group", "up")
_RANGES = {
    "radius": (0.01, RADIUS_MAX_ARCMIN),
    "brighter": (BRIGHTEST_MAG, FAINTEST_MAG),
    "fainter": (BRIGHTEST_MAG, FAINTEST_MAG),
    "importance": (0.0, 10.0),
    "points": (0, POINTS_MAX),
    "most_points": (0, POINTS_MAX),
    "saved": (0, 2**31 - 1),
}
_ONE_OF = {
    "classification": CLASS_CHOICES,
    "seen": SEEN,
    "show": tuple(SHOWN),
    "order": tuple(ORDERS),
    "view": VIEWS,
}


def seed(session: MutableMapping[str | int, Any], query: Mapping[str, str]) -> None:
    """Fill the session's choices: from an address that came from outside, else with what was there before."""
    asked = {word: query[word] for word in ADDRESS_WORDS.values() if word in query}
    if asked and asked != session.get(_ADDRESS):
        chosen = of_address(query)
        choose(session, chosen)
    for name in FIELDS:
        session.setdefault(key(name), _of_widget(getattr(Choices(), name)))


def choose(session: MutableMapping[str | int, Any], chosen: Choices) -> None:
    """Let the session hold these choices and no others, from the first page on."""
    session.update({key(name): _of_widget(getattr(chosen, name)) for name in FIELDS})
    session[key("page")] = 1


def remember(session: MutableMapping[str | int, Any], chosen: Choices) -> dict[str, str]:
    """Return the address of the choices, which :func:`seed` will know as its own."""
    address = chosen.address()
    session[_ADDRESS] = address
    return address


def _of_widget(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _one_of(choices: tuple[str, ...], asked: str, default: str) -> str:
    return asked if asked in choices else default


def _between(least: float, most: float, asked: str, default: float) -> float:
    try:
        number = float(asked or default)
    except ValueError:
        return default
    return number if least <= number <= most else default
