"""Designations of Solar System bodies: which of a target's names is one, and what kind of body it is.

References
----------
https://www.minorplanetcenter.net/iau/info/DesDoc.html
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from engine.errors import Rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Designation:
    """A body's designation as the Minor Planet Center writes it: ``12893``, ``2024 YR4``, ``2P``, ``3I``."""

    text: str
    is_comet: bool = False  # comets have several orbits, and no H and G


_COMET = re.compile(r"([CPDXAI])[/ ]?(\d{4})\s?([A-HJ-Y][A-HJ-Z]?\d{1,3}(?:-[A-Z]{1,2})?)(?:\s.*)?")
_NUMBERED_COMET = re.compile(r"(\d{1,4})([PDI])(?:[/\s-].*)?")
_PROVISIONAL = re.compile(r"(?:\(\d+\)\s*)?([1A]\d{3}|20\d\d)\s?([A-HJ-Y][A-HJ-Z])(\d{0,3})")
_SURVEY = re.compile(r"(\d{4})\s(P-L|T-[123])")
_NUMBER = re.compile(r"\(?(\d{1,7})\)?(?:\s+[A-Za-z'].*)?")


def designation_of(name: str) -> Designation | None:
    """Return the designation that a name is, None where it is none; the name belongs to a moving target.

    A number alone or before a name is that of a minor planet: ``12893``, ``(1) Ceres``, ``1 Ceres``.
    """
    text = " ".join(name.split())
    if match := _COMET.fullmatch(text):
        return Designation(text=f"{match[1]}/{match[2]} {match[3]}", is_comet=match[1] != "A")
    if match := _NUMBERED_COMET.fullmatch(text):
        return Designation(text=match[1] + match[2], is_comet=True)
    if match := _PROVISIONAL.fullmatch(text):
        return Designation(text=f"{match[1]} {match[2]}{match[3]}")
    if match := _SURVEY.fullmatch(text):
        return Designation(text=text)
    if match := _NUMBER.fullmatch(text):
        return Designation(text=str(int(match[1])))
    return None


def first_designation(names: Iterable[str]) -> Designation | None:
    """Return the designation of the first name that is one."""
    return next((found for name in names if (found := designation_of(name))), None)


def needed_designation(names: Iterable[str], *, title: str) -> Designation:
    """Return the first designation among the names.

    Raises
    ------
    Rejected
        ``no-designation``
    """
    found = first_designation(names)
    if found is None:
        raise Rejected(
            f"{title} knows bodies by designation: give the target a name such as 12893, 2024 YR4, 2P or "
            "C/2025 N1.",
            code="no-designation",
        )
    return found
