"""Positions as people write them in one line: degrees or hours, with colons, blanks or letters."""

import re

from engine.errors import Rejected

LONGEST = 100
EXAMPLES = "151.76854 -66.18089 or 10:07:04.45 -66:10:51.2"
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)")
_BETWEEN = re.compile(r"[\s,;:hdms°'\"′″’”#]*")
_SIGNS = str.maketrans({"−": "-", "–": "-", "º": "°"})


def read_position(text: str) -> tuple[float, float]:
    """Return (ra_deg, dec_deg) of one line that has both, RA first.

    Two numbers are degrees, unless an ``h`` follows the first; four or six are hours, minutes, seconds and
    degrees, minutes, seconds. What has a sign begins the declination.

    Raises
    ------
    Rejected
        ``bad-position``: not readable; ``position-range``: outside 0..360 or -90..90.
    """
    line = text.strip().translate(_SIGNS)
    if len(line) > LONGEST:
        raise _unreadable()
    numbers = list(_NUMBER.finditer(line))
    if _BETWEEN.fullmatch(_NUMBER.sub("#", line).lower()) is None or "#" in line:
        raise _unreadable()
    split = _where_dec_begins([number.group() for number in numbers])
    ra, dec = ([number.group() for number in part] for part in (numbers[:split], numbers[split:]))
    is_hours = len(ra) > 1 or line[numbers[0].end() :].lstrip().lower().startswith("h")
    ra_deg = _sexagesimal(ra) * (15.0 if is_hours else 1.0)
    dec_deg = _sexagesimal(dec)
    if not (0.0 <= ra_deg <= 360.0 and -90.0 <= dec_deg <= 90.0):
        raise Rejected(
            "RA goes from 0 to 360 degrees or 24 hours, Dec from -90 to 90 degrees.", code="position-range"
        )
    return ra_deg % 360.0, dec_deg


def _where_dec_begins(numbers: list[str]) -> int:
    signed = [place for place, number in enumerate(numbers) if place and number[0] in "+-"]
    split = signed[0] if len(signed) == 1 else len(numbers) // 2
    is_even = bool(signed) or len(numbers) in (2, 4, 6)
    if len(signed) > 1 or not is_even or not 1 <= split <= 3 or not 1 <= len(numbers) - split <= 3:
        raise _unreadable()
    return split


def _sexagesimal(parts: list[str]) -> float:
    """Return whole units, minutes and seconds as one number; the sign is of all of them."""
    whole, *rest = (abs(float(part)) for part in parts)
    if any(value >= 60.0 for value in rest) or any("." in part for part in parts[:-1]):
        raise _unreadable()
    size = whole + sum(value / 60.0**place for place, value in enumerate(rest, start=1))
    return -size if parts[0].startswith("-") else size


def _unreadable() -> Rejected:
    return Rejected(f"Write a position as RA and Dec, such as {EXAMPLES}.", code="bad-position")
