"""The calibration frames of a night: found among its files, made into masters, applied to what they fit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import Rejected
from engine.photometry.cleaning.master_frames import (
    Calibrated,
    Master,
    combined,
    flat_master,
    same_exptime,
    taken_off,
)
from engine.photometry.reading.header.kind import FrameKind
from engine.photometry.reading.header.setup import Setup
from engine.photometry.reading.shot import shot_pixels, shot_setup

MOST_FRAMES = 31  # of one master: more change nothing that matters
MOST_VALUES = 600_000_000  # held at once
NORMALISED = 20.0  # below this median a flat was divided by its level, and freed of its bias, before

Pixels = NDArray[np.float32]
_Shots = list[tuple[Path, Setup]]
_Ready = Callable[[Pixels, Setup], Pixels]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Masters:
    """All masters of a night, and what was wrong with its calibration frames."""

    biases: tuple[Master, ...] = ()
    darks: tuple[Master, ...] = ()
    flats: tuple[Master, ...] = ()
    notes: tuple[str, ...] = ()

    def applied_to(self, data: Pixels, setup: Setup) -> Calibrated:
        """Return the pixels of an exposure (planes, ny, nx) freed of what the fitting masters tell."""
        bias, dark, notes = self.dark_of(setup)
        flat, why = _fitting(self.flats, setup, done="F")
        data, pedestal_adu, noise_adu = taken_off(data, setup=setup, bias=bias, dark=dark)
        if flat is not None:
            data = data / flat.data
        used = [each for each in (_needed(bias, dark, setup), dark, flat) if each is not None]
        told = ", ".join(each.words for each in used)
        applied = (f"{told[0].upper()}{told[1:]} applied.",) if told else ()
        notes = (*applied, *notes, *why, *self.notes)
        return Calibrated(data=data, pedestal_adu=pedestal_adu, noise_adu=noise_adu, notes=notes)

    def dark_of(self, setup: Setup) -> tuple[Master | None, Master | None, tuple[str, ...]]:
        """Return the bias and the dark that fit a frame, and why others do not."""
        bias, no_bias = _fitting(self.biases, setup, done="BD")
        nearest = sorted(self.darks, key=lambda each: abs(each.setup.exptime_s - setup.exptime_s))
        dark, no_dark = _fitting(nearest, setup, done="BD")
        if dark is not None and bias is None and not same_exptime(setup, dark.setup):
            note = (
                f"The dark of {dark.setup.exptime_s:g} s was not applied to this frame of "
                f"{setup.exptime_s:g} s: only with bias frames can it be scaled."
            )
            return None, None, (*no_bias, note)
        return bias, dark, (*no_bias, *no_dark)


def is_calibration(path: Path) -> bool:
    """Return whether the header of a file calls it bias, dark or flat; what cannot be read is neither."""
    try:
        return shot_setup(path).kind is not FrameKind.LIGHT
    except Rejected:
        return False


def masters_of(paths: Sequence[Path]) -> Masters:
    """Return the masters of calibration frames; what is none is left out, what cannot be read is told."""
    shots: dict[FrameKind, _Shots] = {kind: [] for kind in FrameKind}
    notes: list[str] = []
    for path in paths:
        try:
            setup = shot_setup(path)
        except Rejected as refusal:
            notes.append(f"{path.name} was not used: {refusal.reason}")
            continue
        if setup.kind is FrameKind.DARK and setup.exptime_s <= 0:
            notes.append(f"{path.name} was not used: a dark without an exposure time tells nothing.")
        else:
            shots[setup.kind].append((path, setup))
    biases = _masters(_groups(shots[FrameKind.BIAS]), notes)
    darks = _masters(_groups(shots[FrameKind.DARK]), notes)
    known = Masters(biases=biases, darks=darks)
    flats = []
    for group in _groups(shots[FrameKind.FLAT]):
        setup, frames = (
            group[0][1],
            _read(group, notes, ready=lambda data, of: _without_dark(known, data, of)),
        )
        flat = flat_master(setup, frames) if frames else None
        if flat is None:
            notes.append(f"The flat frames ({len(group)}{_named(setup)}) hold too little light: not used.")
        else:
            flats.append(flat)
    return replace(known, flats=tuple(flats), notes=tuple(notes))


def _named(setup: Setup) -> str:
    return f", filter {setup.filter_name}" if setup.filter_name else ""


def _without_dark(known: Masters, data: Pixels, setup: Setup) -> Pixels:
    if float(np.nanmedian(data[..., ::7, ::7])) < NORMALISED:
        return data
    bias, dark, _ = known.dark_of(setup)
    return taken_off(data, setup=setup, bias=bias, dark=dark)[0]


def _groups(shots: _Shots) -> list[_Shots]:
    """Return the frames that make one master each."""
    groups: list[_Shots] = []
    for path, setup in shots:
        home = next((group for group in groups if _is_alike(group[0][1], setup)), None)
        if home is None:
            groups.append([(path, setup)])
        else:
            home.append((path, setup))
    return groups


def _is_alike(one: Setup, two: Setup) -> bool:
    return not one.difference(two) and (one.kind is not FrameKind.DARK or same_exptime(one, two))


def _masters(groups: list[_Shots], notes: list[str]) -> tuple[Master, ...]:
    masters = []
    for group in groups:
        frames = _read(group, notes, ready=lambda data, _setup: data)
        if frames:
            data, noise_adu = combined(frames)
            setup = group[0][1]
            masters.append(Master(setup=setup, data=data, frames=len(frames), noise_adu=noise_adu))
    return tuple(masters)


def _read(group: _Shots, notes: list[str], *, ready: _Ready) -> list[Pixels]:
    pixels = int(np.prod(group[0][1].shape))
    most = int(np.clip(MOST_VALUES // max(pixels, 1), 3, MOST_FRAMES))
    frames = []
    for path, setup in group[:most]:
        try:
            data = shot_pixels(path)
        except Rejected as refusal:
            notes.append(f"{path.name} was not used: {refusal.reason}")
            continue
        if np.isfinite(data).any():
            frames.append(ready(data, setup))
        else:
            notes.append(f"{path.name} was not used: it holds no numbers.")
    return frames


def _fitting(masters: Sequence[Master], setup: Setup, *, done: str) -> tuple[Master | None, tuple[str, ...]]:
    """Return the first master that fits a frame, or in one sentence why none does."""
    if not masters:
        return None, ()
    kind = masters[0].setup.kind
    if any(letter in setup.done for letter in done):
        return None, (f"The header says that the {kind} was applied before: not applied again.",)
    reasons = [each.setup.difference(setup) for each in masters]
    if "" in reasons:
        return masters[reasons.index("")], ()
    why = ", ".join(sorted(set(reasons)))
    return None, (f"No {kind} was applied: those at hand differ in {why}.",)


def _needed(bias: Master | None, dark: Master | None, setup: Setup) -> Master | None:
    """Return the bias where it is used: a dark of the same exposure holds it already."""
    return None if dark is not None and same_exptime(setup, dark.setup) else bias
