"""A finder chart: stars about a target as discs, the brighter the larger, with arrows, scale and cross."""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import polars as pl
from numpy.typing import NDArray

from portal.drawing import Disc, Drawing, Line, Picture, Shape, Words
from portal.words import _, marked, several

SIDE_PX = 680
_STRIP_PX = 96  # below the sky: what it shows, in words and sizes
_FEWEST, _MOST_LABELS = 250, 14
_LABEL_FIELD = 0.44  # of the side: labels farther out would be cut, or run into the bar
_APART_PX = 34.0  # between two labels
_RADII_PX = (0.9, 9.0)
_PX_PER_MAG = 1.05
_BARS_ARCMIN = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)


class Turn(StrEnum):
    """How a chart lies, so that it looks as the field does in a telescope."""

    NORTH_UP = marked("North up, east left")
    SOUTH_UP = marked("South up, east right")
    MIRRORED = marked("North up, east right")


_SIGNS = {Turn.NORTH_UP: (-1.0, -1.0), Turn.SOUTH_UP: (1.0, 1.0), Turn.MIRRORED: (1.0, -1.0)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inks:
    """The colours of a chart."""

    sky: str = "#ffffff"
    star: str = "#0f1b2e"
    words: str = "#34445e"
    mark: str = "#be185d"


ON_PAPER = Inks()
AT_NIGHT = Inks(sky="#0b1324", star="#f2f6ff", words="#a8b7d1", mark="#fb7185")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Patch:
    """Pixels of a frame on the plane of the chart: north up, east left, the target in the middle."""

    pixels: NDArray[np.uint8]  # (ny, nx, 4)
    side_arcmin: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Field:
    """What a chart shows; ``stars`` has ``east_arcmin``, ``north_arcmin`` and ``mag``, none of them null."""

    stars: pl.DataFrame
    side_arcmin: float
    limit_mag: float
    title: str
    place: str
    origin: str  # whose stars these are
    patch: Patch | None = None


def limit_at_first(stars: pl.DataFrame) -> float:
    """Return the magnitude to which a chart of these stars is neither empty nor crowded."""
    faintest = stars["mag"].sort().head(_FEWEST)
    return math.ceil(2.0 * float(faintest[-1])) / 2.0 if len(faintest) else 20.0


def finder_chart(field: Field, *, turn: Turn = Turn.NORTH_UP, inks: Inks = ON_PAPER) -> Drawing:
    """Return the chart of a field."""
    drawn = field.stars.filter(pl.col("mag") <= field.limit_mag).sort("mag")
    east_sign, north_sign = _SIGNS[turn]
    scale = SIDE_PX / field.side_arcmin
    places = [
        (SIDE_PX / 2 + east_sign * east * scale, SIDE_PX / 2 + north_sign * north * scale, mag)
        for east, north, mag in drawn.select("east_arcmin", "north_arcmin", "mag").iter_rows()
    ]
    inside = [each for each in places if 0 <= each[0] <= SIDE_PX and 0 <= each[1] <= SIDE_PX]
    shapes: list[Shape] = []
    if field.patch is not None:
        shapes.append(_picture(field.patch, scale, turn))
    shapes += [
        Disc(x=x, y=y, radius=_radius(mag, field.limit_mag), fill=inks.star, stroke=inks.sky, width=0.6)
        for x, y, mag in inside
    ]
    shapes += _labels(inside, inks)
    shapes += _cross(inks) + _arrows(turn, inks) + _bar(scale, inks) + _strip(field, len(inside), inks)
    return Drawing(width=SIDE_PX, height=SIDE_PX + _STRIP_PX, ground=inks.sky, shapes=shapes)


def _radius(mag: float, limit_mag: float) -> float:
    return min(_RADII_PX[0] + _PX_PER_MAG * max(limit_mag - mag, 0.0), _RADII_PX[1])


def _picture(patch: Patch, scale: float, turn: Turn) -> Shape:
    pixels = patch.pixels
    if turn == Turn.SOUTH_UP:
        pixels = pixels[::-1, ::-1]
    elif turn == Turn.MIRRORED:
        pixels = pixels[:, ::-1]
    side = patch.side_arcmin * scale
    corner = (SIDE_PX - side) / 2
    return Picture(x=corner, y=corner, width=side, height=side, pixels=np.ascontiguousarray(pixels))


def _labels(places: list[tuple[float, float, float]], inks: Inks) -> list[Shape]:
    """Return the magnitudes of some stars that stand apart, to compare the target with."""
    shapes: list[Shape] = []
    taken = [(SIDE_PX / 2, SIDE_PX / 2)]
    for x, y, mag in places:
        away = max(abs(x - SIDE_PX / 2), abs(y - SIDE_PX / 2)) / SIDE_PX
        near = any(math.hypot(x - x2, y - y2) < _APART_PX for x2, y2 in taken)
        if near or away > _LABEL_FIELD or (x < 90 and y < 100):  # the arrows stand there
            continue
        taken.append((x, y))
        is_left = -90 < x - SIDE_PX / 2 < 0 and abs(y - SIDE_PX / 2) < 90  # the cross stands to the right
        shapes.append(
            Words(
                x=x - 11 if is_left else x + 11,
                y=y + 4,
                text=f"{mag:.1f}",
                colour=inks.words,
                size=12,
                anchor="end" if is_left else "start",
            )
        )
        if len(shapes) == _MOST_LABELS:
            break
    return shapes


def _cross(inks: Inks) -> list[Shape]:
    middle, near, far = SIDE_PX / 2, 10.0, 34.0
    ends = (((near, 0), (far, 0)), ((-near, 0), (-far, 0)), ((0, near), (0, far)), ((0, -near), (0, -far)))
    return [
        Line(points=tuple((middle + x, middle + y) for x, y in end), colour=inks.mark, width=2.0)
        for end in ends
    ]


def _arrows(turn: Turn, inks: Inks) -> list[Shape]:
    """Return the arrows to north and east, in the upper left corner."""
    east_sign, north_sign = _SIGNS[turn]
    x, y, long = 50.0, 54.0, 26.0
    shapes: list[Shape] = []
    for dx, dy, name in ((0.0, north_sign, _("N")), (east_sign, 0.0, _("E"))):
        tip = (x + dx * long, y + dy * long)
        back = (tip[0] - dx * 7, tip[1] - dy * 7)
        sides = ((back[0] - dy * 4, back[1] - dx * 4), tip, (back[0] + dy * 4, back[1] + dx * 4))
        shapes.append(Line(points=((x, y), tip), colour=inks.words, width=1.6))
        shapes.append(Line(points=sides, colour=inks.words, width=1.6))
        at = (tip[0] + dx * 10, tip[1] + dy * 10 + 5)
        shapes.append(Words(x=at[0], y=at[1], text=name, colour=inks.words, size=14, anchor="middle"))
    return shapes


def _bar(scale: float, inks: Inks) -> list[Shape]:
    """Return a bar about a fifth of the chart long, and how long it is on the sky."""
    length_arcmin = min(_BARS_ARCMIN, key=lambda each: abs(each * scale - SIDE_PX / 5))
    right, y = SIDE_PX - 22.0, SIDE_PX - 22.0
    left = right - length_arcmin * scale
    text = f"{length_arcmin:g} arcmin" if length_arcmin >= 1 else f"{60 * length_arcmin:g} arcsec"
    ends = [Line(points=((x, y - 5), (x, y + 5)), colour=inks.words, width=1.6) for x in (left, right)]
    line = Line(points=((left, y), (right, y)), colour=inks.words, width=1.6)
    words = Words(x=(left + right) / 2, y=y - 9, text=text, colour=inks.words, size=13, anchor="middle")
    return [*ends, line, words]


def _strip(field: Field, stars: int, inks: Inks) -> list[Shape]:
    edge = SIDE_PX - 0.5
    frame = ((0.5, 0.5), (edge, 0.5), (edge, edge), (0.5, edge), (0.5, 0.5))
    side = f"{field.side_arcmin:g} x {field.side_arcmin:g} arcmin"
    whose = several("{count} star, {origin}", "{count} stars, {origin}", stars, origin=field.origin)
    shapes: list[Shape] = [
        Line(points=frame, colour=inks.words, width=1.0),
        Words(x=14, y=SIDE_PX + 30, text=field.title, colour=inks.star, size=20),
        Words(x=14, y=SIDE_PX + 54, text=f"{field.place}   {side}", colour=inks.words, size=13),
        Words(x=14, y=SIDE_PX + 76, text=whose, colour=inks.words, size=13),
    ]
    bright = math.floor(field.limit_mag) - 7
    for number in range(4):
        mag, x = bright + 2 * number + 1, SIDE_PX - 180.0 + 48.0 * number
        radius = _radius(mag, field.limit_mag)
        shapes.append(Disc(x=x, y=SIDE_PX + 28, radius=radius, fill=inks.star))
        shapes.append(Words(x=x, y=SIDE_PX + 56, text=str(mag), colour=inks.words, size=13, anchor="middle"))
    return [
        *shapes,
        Words(
            x=SIDE_PX - 108,
            y=SIDE_PX + 76,
            text=_("magnitude"),
            colour=inks.words,
            size=12,
            anchor="middle",
        ),
    ]
