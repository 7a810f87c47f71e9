"""Small drawings made of discs, lines, words and pictures, as SVG, PNG or PDF; no browser is needed."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Anchor = Literal["start", "middle", "end"]
_PIL_ANCHORS: dict[Anchor, str] = {"start": "ls", "middle": "ms", "end": "rs"}
_FINER = 2  # drawn so much larger and then made smaller, for smooth edges
_PDF_DPI = 150.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Disc:
    """A filled circle; without a fill a ring."""

    x: float
    y: float
    radius: float
    fill: str = ""
    stroke: str = ""
    width: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line from point to point."""

    points: tuple[tuple[float, float], ...]
    colour: str
    width: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A text whose base line begins, has its middle, or ends at a place."""

    x: float
    y: float
    text: str
    colour: str
    size: float = 14.0
    anchor: Anchor = "start"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """Pixels, shape (ny, nx, 4), over a rectangle; the first row is the upper one."""

    x: float
    y: float
    width: float
    height: float
    pixels: NDArray[np.uint8]


Shape = Disc | Line | Words | Picture


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawing:
    """Shapes on a ground, the later above the earlier; lengths are in pixels of the screen."""

    width: int
    height: int
    ground: str
    shapes: Sequence[Shape]


def svg_of(drawing: Drawing, *, title: str) -> str:
    """Return a drawing as SVG; ``title`` says in words what it shows."""
    size = f'width="{drawing.width}" height="{drawing.height}"'
    box = f'viewBox="0 0 {drawing.width} {drawing.height}"'
    ground = f'<rect width="100%" height="100%" fill="{drawing.ground}"/>'
    body = "".join(_svg(shape) for shape in drawing.shapes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} {size} font-family="sans-serif" role="img">'
        f"<title>{escape(title)}</title>{ground}{body}</svg>"
    )


def _svg(shape: Shape) -> str:
    match shape:
        case Disc(x=x, y=y, radius=radius, fill=fill, stroke=stroke, width=width):
            edge = f' stroke="{stroke}" stroke-width="{width:g}"' if stroke else ""
            return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.2f}" fill="{fill or "none"}"{edge}/>'
        case Line(points=points, colour=colour, width=width):
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}"/>'
        case Words(x=x, y=y, text=text, colour=colour, size=size, anchor=anchor):
            place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}"'
            return f'<text {place} fill="{colour}">{escape(text)}</text>'
        case Picture(x=x, y=y, width=width, height=height, pixels=pixels):
            body = io.BytesIO()
            Image.fromarray(pixels, "RGBA").save(body, "PNG")
            place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
            source = base64.b64encode(body.getvalue()).decode()
            return f'<image {place} href="data:image/png;base64,{source}"/>'


def png_of(drawing: Drawing, *, scale: float = 1.0) -> bytes:
    """Return a drawing as PNG, ``scale`` times as many pixels wide as it is on the screen."""
    body = io.BytesIO()
    _painted(drawing, scale).save(body, "PNG", optimize=False)
    return body.getvalue()


def pdf_of(drawing: Drawing) -> bytes:
    """Return a drawing as a page of PDF, to be printed."""
    body = io.BytesIO()
    _painted(drawing, 2.0).save(body, "PDF", resolution=_PDF_DPI)
    return body.getvalue()


def _painted(drawing: Drawing, scale: float) -> Image.Image:
    fine = scale * _FINER
    canvas = Image.new("RGB", (round(drawing.width * fine), round(drawing.height * fine)), drawing.ground)
    draw = ImageDraw.Draw(canvas)
    for shape in drawing.shapes:
        _paint(shape, canvas, draw, fine)
    return canvas.resize((round(drawing.width * scale), round(drawing.height * scale)), Image.Resampling.BOX)


def _paint(shape: Shape, canvas: Image.Image, draw: ImageDraw.ImageDraw, fine: float) -> None:
    match shape:
        case Disc(x=x, y=y, radius=radius, fill=fill, stroke=stroke, width=width):
            box = ((x - radius) * fine, (y - radius) * fine, (x + radius) * fine, (y + radius) * fine)
            draw.ellipse(box, fill=fill or None, outline=stroke or None, width=max(1, round(width * fine)))
        case Line(points=points, colour=colour, width=width):
            at = [(x * fine, y * fine) for x, y in points]
            draw.line(at, fill=colour, width=max(1, round(width * fine)), joint="curve")
        case Words(x=x, y=y, text=text, colour=colour, size=size, anchor=anchor):
            font = ImageFont.load_default(size=size * fine)
            draw.text((x * fine, y * fine), text, fill=colour, font=font, anchor=_PIL_ANCHORS[anchor])
        case Picture(x=x, y=y, width=width, height=height, pixels=pixels):
            picture = Image.fromarray(pixels, "RGBA").resize((round(width * fine), round(height * fine)))
            canvas.paste(picture, (round(x * fine), round(y * fine)), picture)
