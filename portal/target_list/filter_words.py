"""The filters of the target list in words, for people who opened a shared address."""

from collections.abc import Mapping

from portal.target_list.choices import CLOSED, MINE, MOVES, OVERDUE, Choices
from portal.words import _, marked

_SEEN = {  # within a sentence, as the flags below
    "Last day": marked("seen: last day"),
    "Last week": marked("seen: last week"),
    "Last month": marked("seen: last month"),
    "Not for a month": marked("seen: not for a month"),
    "Not for a year": marked("seen: not for a year"),
    "Never": marked("seen: never"),
}
_FLAGS = {
    OVERDUE: marked("overdue"),
    MOVES: marked("solar system"),
    CLOSED: marked("not public"),
    MINE: marked("mine"),
}
_SHOWN = {"Observed": marked("observed"), "Simulated": marked("simulated")}


def filters_told(chosen: Choices, lists: Mapping[int, str]) -> list[str]:
    """Return each filter in a few words, in the reader's language; what is not chosen is not told."""
    told = chosen.filters
    words = {
        "q": _("name has “{name}”", name=chosen.name),
        "class": chosen.classification,
        "near": _("within {radius}′ of {place}", radius=f"{chosen.radius:g}", place=chosen.near),
        "brighter": _("brighter than {mag} mag", mag=f"{chosen.brighter:g}"),
        "fainter": _("fainter than {mag} mag", mag=f"{chosen.fainter:g}"),
        "importance": _("importance from {importance}", importance=f"{chosen.importance:g}"),
        "points": _("points from {number}", number=f"{chosen.points:,}"),
        "points_max": _("points up to {number}", number=f"{chosen.most_points:,}"),
        "seen": _(_SEEN.get(chosen.seen, "")),
        "flags": ", ".join(_(_FLAGS[flag]) for flag in chosen.flags),
        "group": _("group {name}", name=chosen.group),
        "list": _("list {name}", name=lists.get(chosen.saved, str(chosen.saved))),
        "up": _("up tonight from {telescope}", telescope=chosen.up),
        "show": _(_SHOWN.get(chosen.show, "")),
    }
    return [sentence for word, sentence in words.items() if word in told]


def list_named(number: int, named: Mapping[int, str]) -> str:
    """Return what a saved list is called, one that its reader cannot see by its number."""
    return named[number] if number in named else _("list {name}", name=number)
