"""A FITS header read leniently: broken cards, strings for numbers and decimal commas do no harm.

The standard is FITS 4.0 (Pence et al. 2010, A&A 524, A42); observers' software keeps to it loosely, so
values stay text until a reader asks for a number or an angle.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

CARD_BYTES = 80
_LONGEST_TEXT = 2000
_LONGEST_ANGLE = 40
_EMPTY_WORDS = frozenset(
    {"", "N/A", "NA", "NONE", "NAN", "NULL", "UNKNOWN", "UNDEFINED", "NOTAVAILABLE", "-"}
)
_QUOTED = re.compile(r"'((?:[^']|'')*)'?")
_HIERARCH = re.compile(r"HIERARCH\s+([^=]+?)\s*=\s*(.*)")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[EeDd][-+]?\d+)?")
_DECIMAL_COMMA = re.compile(r"^([-+]?\d+),(\d+)")
_SEXAGESIMAL = re.compile(
    r"^([-+]?)\s*(\d{1,3})\s*[:\sdhDH°]\s*[-+]?(\d{1,2})\s*[:\sm'M′]?\s*(?:[-+]?(\d{1,2}(?:[.,]\d*)?)\s*[s\"S″]?)?\s*$"
)


@dataclass(frozen=True, slots=True)
class Card:
    """One keyword's value as text, without quotes, and its comment."""

    text: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """The cards of one header by keyword (the first of several wins), and its HISTORY and COMMENT."""

    cards: Mapping[str, Card] = field(default_factory=dict)
    history: str = ""

    def __contains__(self, keyword: str) -> bool:
        return keyword in self.cards

    def text(self, *keywords: str) -> str:
        """Return the first value that says something, else an empty string."""
        return next((text for _, text in self.filled(*keywords)), "")

    def filled(self, *keywords: str) -> Iterator[tuple[str, str]]:
        """Yield keyword and value of those keywords that say something, in the order asked."""
        for keyword in keywords:
            card = self.cards.get(keyword)
            if card is not None and card.text.upper() not in _EMPTY_WORDS:
                yield keyword, card.text

    def comment(self, keyword: str) -> str:
        """Return the comment of a keyword in lower case, empty when there is none."""
        card = self.cards.get(keyword)
        return card.comment.lower() if card is not None else ""

    def number(self, *keywords: str) -> float | None:
        """Return the first value that is a finite number, else None."""
        numbers = (number_of(text) for _, text in self.filled(*keywords))
        return next((number for number in numbers if number is not None), None)

    def whole(self, keyword: str, default: int = 0) -> int:
        """Return a value as a whole number, the default when it is none or absurdly large."""
        number = self.number(keyword)
        return default if number is None or abs(number) > 1e15 else int(number)

    def angle(self, *keywords: str) -> float | None:
        """Return the first value that is a number or sexagesimal, in the unit of its leading part."""
        angles = (angle_of(text) for _, text in self.filled(*keywords))
        return next((angle for angle in angles if angle is not None), None)

    def over(self, base: "Header") -> "Header":
        """Return these cards on top of those of a primary header; a zero does not hide a value."""
        merged = dict(base.cards)
        merged.update({key: card for key, card in self.cards.items() if key not in merged or _says(card)})
        return Header(cards=merged, history=f"{base.history}\n{self.history}".strip())


def _says(card: Card) -> bool:
    return card.text.upper() not in _EMPTY_WORDS and number_of(card.text) != 0.0


def parse_header(block: bytes) -> Header:
    """Return the header in the bytes up to its END card; cards that cannot be understood are left out."""
    text = block.decode("latin-1")
    cards: dict[str, Card] = {}
    history: list[str] = []
    last = ""
    for start in range(0, len(text), CARD_BYTES):
        line = text[start : start + CARD_BYTES]
        keyword = line[:8].rstrip().upper()
        if keyword in ("HISTORY", "COMMENT"):
            history.append(line[8:].strip())
        elif keyword == "CONTINUE" and last:
            cards[last] = _continued(cards[last], line[8:])
        else:
            last = _keep(cards, line, keyword)
    return Header(cards=cards, history="\n".join(history))


def _keep(cards: dict[str, Card], line: str, keyword: str) -> str:
    value = line[9:] if line[8:9] == "=" else ""
    if keyword == "HIERARCH" and (found := _HIERARCH.match(line)):
        keyword, value = " ".join(found.group(1).split()), found.group(2)
    if not keyword or not value or keyword in cards:
        return ""
    cards[keyword] = _card(value)
    return keyword


def _card(value: str) -> Card:
    stripped = value.strip()
    if quoted := _QUOTED.match(stripped):
        rest = stripped[quoted.end() :].partition("/")[2]
        return Card(quoted.group(1).replace("''", "'").strip(), rest.strip())
    text, _, comment = stripped.partition("/")
    return Card(text.strip(), comment.strip())


def _continued(card: Card, value: str) -> Card:
    more = _card(value)
    text = card.text.removesuffix("&") + more.text
    return Card(text[:_LONGEST_TEXT], f"{card.comment} {more.comment}".strip()[:_LONGEST_TEXT])


def number_of(text: str) -> float | None:
    """Return the number at the start of a text: ``60.0 s``, ``1,5`` and ``6.0D+01`` are understood."""
    found = _NUMBER.match(_DECIMAL_COMMA.sub(r"\1.\2", text.strip()))
    if found is None:
        return None
    number = float(found.group().upper().replace("D", "E"))
    return number if math.isfinite(number) else None


def angle_of(text: str) -> float | None:
    """Return ``12 34 56.7``, ``-0:30:00`` or ``12.58`` in the unit of the leading part."""
    found = _SEXAGESIMAL.match(text.strip()) if len(text) <= _LONGEST_ANGLE else None
    if found is None:
        return number_of(text)
    sign, whole, minutes, seconds = found.groups()
    value = int(whole) + int(minutes) / 60.0 + float((seconds or "0").replace(",", ".")) / 3600.0
    return -value if sign == "-" else value


def is_sexagesimal(text: str) -> bool:
    """Return whether an angle was written as ``hh mm ss`` or ``dd:mm:ss``."""
    return len(text) <= _LONGEST_ANGLE and _SEXAGESIMAL.match(text.strip()) is not None
