"""The filters of the target list: kept by the session, told by the address, understood by the lake."""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from engine.target import CLASSES
from lake.targets import Order, TargetFilter

ANY_CLASS = "Any class"
CLASS_CHOICES = (ANY_CLASS, *CLASSES)
FAINTEST_MAG = 24.0
BRIGHTEST_MAG = 6.0
PAGE_SIZE = 50
SHOWN: dict[str, bool | None] = {"All": None, "Observed": False, "Simulated": True}
ORDERS: dict[str, tuple[Order, bool]] = {
    "Most wanted": (Order.PRIORITY, True),
    "Last observed": (Order.LAST_MJD, True),
    "Brightest": (Order.LAST_MAG, False),
    "Most important": (Order.IMPORTANCE, True),
    "Most points": (Order.POINTS, True),
    "Newest": (Order.CREATED, True),
    "Name": (Order.NAME, False),
}
_ADDRESS = "targets_address"  # what this page wrote into the address last


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a visitor chose; the defaults narrow nothing."""

    name: str = ""
    classification: str = ANY_CLASS
    brighter: float = FAINTEST_MAG
    importance: float = 0.0
    show: str = "All"
    order: str = "Most wanted"

    def address(self) -> dict[str, str]:
        """Return what stands in the address: only what differs from the defaults."""
        plain = Choices()
        return {
            ADDRESS_WORDS[name]: f"{value:g}" if isinstance(value, float) else str(value)
            for name in FIELDS
            if (value := getattr(self, name)) != getattr(plain, name)
        }

    def target_filter(self, page: int) -> TargetFilter:
        """Return one page of the list as the lake understands it."""
        order, descending = ORDERS.get(self.order, ORDERS["Most wanted"])
        return TargetFilter(
            name=self.name,
            classification="" if self.classification == ANY_CLASS else self.classification,
            brighter_than_mag=self.brighter if self.brighter < FAINTEST_MAG else None,
            importance_min=self.importance or None,
            simulated=SHOWN.get(self.show),
            order=order,
            descending=descending,
            page=page,
            page_size=PAGE_SIZE,
        )


FIELDS = ("name", "classification", "brighter", "importance", "show", "order")
# not "name": the browser's Back button brings the target page's ?name= along
ADDRESS_WORDS = {"name": "q", "classification": "class"} | {name: name for name in FIELDS[2:]}


def key(field: str) -> str:
    """Return the name under which the session keeps a choice."""
    return f"targets_{field}"


def of_address(query: Mapping[str, str]) -> Choices:
    """Return the choices in an address; what it does not understand counts as not chosen."""
    plain = Choices()
    return Choices(
        name=query.get("q", "")[:100],
        classification=_one_of(CLASS_CHOICES, query.get("class"), plain.classification),
        brighter=_between(BRIGHTEST_MAG, FAINTEST_MAG, query.get("brighter"), plain.brighter),
        importance=_between(0.0, 10.0, query.get("importance"), plain.importance),
        show=_one_of(tuple(SHOWN), query.get("show"), plain.show),
        order=_one_of(tuple(ORDERS), query.get("order"), plain.order),
    )


def seed(session: MutableMapping[str | int, Any], query: Mapping[str, str]) -> None:
    """Fill the session's choices: from an address that came from outside, else with what was there before."""
    asked = {word: query[word] for word in ADDRESS_WORDS.values() if word in query}
    if asked and asked != session.get(_ADDRESS):
        chosen = of_address(query)
        session.update({key(name): getattr(chosen, name) for name in FIELDS})
    for name in FIELDS:
        session.setdefault(key(name), getattr(Choices(), name))


def remember(session: MutableMapping[str | int, Any], chosen: Choices) -> dict[str, str]:
    """Return the address of the choices, which :func:`seed` will know as its own."""
    address = chosen.address()
    session[_ADDRESS] = address
    return address


def _one_of(choices: tuple[str, ...], asked: str | None, default: str) -> str:
    return asked if asked in choices else default


def _between(least: float, most: float, asked: str | None, default: float) -> float:
    try:
        number = float(asked or default)
    except ValueError:
        return default
    return number if least <= number <= most else default
