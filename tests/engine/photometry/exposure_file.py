"""Write exposures for the reader's tests byte by byte, so that every card can be as wrong as real ones."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BITPIX = {"u1": 8, "i2": 16, "i4": 32, "i8": 64, "f4": -32, "f8": -64}
GOOD_CARDS = ("DATE-OBS= '2026-01-31T21:04:05.250' / start of exposure, UTC", "EXPTIME = 60.0")


def sky(shape: tuple[int, ...] = (40, 50), *, level_adu: float = 1000.0) -> NDArray[np.int16]:
    rng = np.random.default_rng(20260131)
    return rng.normal(level_adu, 20.0, shape).round().astype(np.int16)


def header(lines: list[str]) -> bytes:
    text = "".join(f"{line:<80}"[:80] for line in [*lines, "END"])
    return text.encode("latin-1").ljust(-(-len(text) // 2880) * 2880)


def unit(data: NDArray[np.generic], cards: tuple[str, ...], *, first: str = "SIMPLE  = T") -> bytes:
    kind = data.dtype.str[1:]
    lines = [first, f"BITPIX  = {BITPIX[kind]}", f"NAXIS   = {data.ndim}"]
    lines += [f"NAXIS{axis:<3}= {length}" for axis, length in enumerate(reversed(data.shape), start=1)]
    body = data.astype(f">{kind}").tobytes()
    return header([*lines, *cards]) + body.ljust(-(-len(body) // 2880) * 2880, b"\0")


def exposure_bytes(
    *cards: str, data: NDArray[np.generic] | None = None, base: tuple[str, ...] = GOOD_CARDS
) -> bytes:
    return unit(sky() if data is None else data, (*base, *cards))


def write(folder: Path, content: bytes, name: str = "exposure.fits") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path
