"""The plot of a calibration: how far each star lies from its reference magnitude, as PNG."""

import base64
import io

import polars as pl
from PIL import Image, ImageDraw, ImageFont

_WIDTH_PX, _HEIGHT_PX = 900, 600
_LEFT, _TOP, _RIGHT, _BOTTOM = 90, 50, 870, 530
_INK, _PALE, _USED, _UNUSED = (30, 41, 59), (203, 213, 225), (13, 148, 136), (148, 163, 184)
_MOST_MAG = 1.0  # residuals beyond stand at the edge


def plot_png_uri(stars: pl.DataFrame, *, title: str) -> str | None:
    """Return the plot as ``data:image/png;base64,...``, or None where no star has a residual."""
    rows = stars.drop_nulls(["ref_mag", "residual_mag"]).select("ref_mag", "residual_mag", "used")
    if rows.is_empty():
        return None
    picture = Image.new("RGB", (_WIDTH_PX, _HEIGHT_PX), "white")
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=18)
    bright, faint = float(rows["ref_mag"].min()) - 0.2, float(rows["ref_mag"].max()) + 0.2  # type: ignore[arg-type]
    reach = min(max(float(rows["residual_mag"].abs().max()) * 1.1, 0.05), _MOST_MAG)  # type: ignore[arg-type]
    _draw_axes(draw, font, (bright, faint), reach)
    draw.text((_LEFT, 14), title[:80], fill=_INK, font=font)
    for ref_mag, residual_mag, used in rows.sort("used").iter_rows():
        x = _LEFT + (ref_mag - bright) / (faint - bright) * (_RIGHT - _LEFT)
        y = _y_of(residual_mag, reach)
        draw.ellipse(
            (x - 3, y - 3, x + 3, y + 3), fill=_USED if used else None, outline=_USED if used else _UNUSED
        )
    body = io.BytesIO()
    picture.save(body, "PNG")
    return "data:image/png;base64," + base64.b64encode(body.getvalue()).decode()


def _draw_axes(
    draw: ImageDraw.ImageDraw,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    mags: tuple[float, float],
    reach: float,
) -> None:
    draw.rectangle((_LEFT, _TOP, _RIGHT, _BOTTOM), outline=_INK)
    for part in (-1.0, -0.5, 0.0, 0.5, 1.0):
        y = _y_of(part * reach, reach)
        draw.line((_LEFT, y, _RIGHT, y), fill=_INK if part == 0 else _PALE)
        draw.text((_LEFT - 8, y), f"{part * reach:+.2f}", fill=_INK, font=font, anchor="rm")
    for step in range(5):
        x = _LEFT + step / 4 * (_RIGHT - _LEFT)
        mag = mags[0] + step / 4 * (mags[1] - mags[0])
        draw.text((x, _BOTTOM + 8), f"{mag:.1f}", fill=_INK, font=font, anchor="ma")
    middle = (_LEFT + _RIGHT) / 2
    draw.text((middle, _BOTTOM + 34), "reference magnitude", fill=_INK, font=font, anchor="ma")
    draw.text((_RIGHT, 14), "residual [mag]", fill=_INK, font=font, anchor="ra")


def _y_of(residual_mag: float, reach: float) -> float:
    held = max(-reach, min(reach, residual_mag))
    return (_TOP + _BOTTOM) / 2 + held / reach * (_BOTTOM - _TOP) / 2
