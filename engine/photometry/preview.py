"""A frame as a small picture for people: averaged to the size of a screen, stretched and coloured."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MOST_SIDE_PIX = 1024
LEVELS = 128  # of brightness: more cost bytes that no eye sees
# dark water, deep blue, cyan, white: brightness grows evenly, so that faint stars show
COLOURS = np.array(
    [[4, 10, 26], [10, 42, 92], [14, 116, 170], [110, 205, 226], [255, 252, 236]], dtype=np.float64
)


def block_pix(shape: tuple[int, int]) -> int:
    """Return how many pixels of a frame make one of its picture, in each direction."""
    return max(1, -(-max(shape) // MOST_SIDE_PIX))


def preview_png(pixels: NDArray[np.float32]) -> bytes:
    """Return a PNG of a frame with y upward, as the sky is drawn; a block that the edge cuts is whole."""
    levels = stretched(averaged(pixels, block_pix(pixels.shape[:2])))
    picture = Image.fromarray(np.ascontiguousarray((levels[::-1] * (LEVELS - 1)).round().astype(np.uint8)))
    picture.putpalette(_palette())
    body = io.BytesIO()
    picture.save(body, "PNG")
    return body.getvalue()


def averaged(pixels: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    """Return the means of square blocks; the last ones repeat the edge."""
    if block == 1:
        return pixels
    ny, nx = pixels.shape
    padded = np.pad(pixels, ((0, -ny % block), (0, -nx % block)), mode="edge")
    blocks = padded.reshape(padded.shape[0] // block, block, padded.shape[1] // block, block)
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float64), dtype=np.float32)


def stretched(pixels: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return brightness from 0 to 1 in which both the sky's noise and bright stars can be seen."""
    finite = pixels[np.isfinite(pixels)]
    if finite.size == 0:
        finite = np.zeros(1, dtype=np.float32)
    sky, high = np.percentile(finite, [30.0, 99.7])
    spread = max(float(np.percentile(finite, 70.0) - sky), 1e-6)
    raised = np.arcsinh(np.clip(np.nan_to_num(pixels, nan=sky) - sky + spread, 0.0, None) / (3.0 * spread))
    top = max(float(np.arcsinh((high - sky + spread) / (3.0 * spread))), 1e-6)
    return np.asarray(np.clip(raised / top, 0.0, 1.0), dtype=np.float64)


def coloured(levels: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return red, green and blue of brightnesses from 0 to 1."""
    steps = np.arange(len(COLOURS))
    at = levels * (len(COLOURS) - 1)
    channels = [np.interp(at, steps, COLOURS[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def _palette() -> list[int]:
    return [int(value) for value in coloured(np.linspace(0.0, 1.0, LEVELS)).ravel()]
