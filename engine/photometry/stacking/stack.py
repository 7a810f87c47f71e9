"""Frames of a night added up to one that is measured as any other, with errors that are true of the sum."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.frame import Frame
from engine.photometry.slabs import slabs
from engine.photometry.stacking.combine import MARGIN_PIX, Combined, Layer, combine
from engine.photometry.stacking.members import Member
from engine.photometry.stacking.resample import cleaned, resampled, sky_of_frame

Image = NDArray[np.float32]

CUBE_PIX = 8_000_000  # of all frames that are in memory together
MANY_ADU = 1e30


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """The sum of some frames, and how much of single frames was left out of it."""

    frame: Frame
    rejected: int  # pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class _Papers:
    """What must be known of one frame when its pixels are gone."""

    frame: Frame  # without pixels
    layer: Layer
    full_adu: float  # light above the sky, as scaled
    read_noise_adu: float  # as scaled


def stack_frames(members: Sequence[Member], frame_of: Callable[[Member], Frame]) -> Stack:
    """Return the weighted sum of the members' frames on the grid of the first.

    Frames are read one after another and wait on disk until they are combined in strips. The sum is told
    as one exposure as long as all of them: its light is the weighted mean of theirs times their number.

    Parameters
    ----------
    frame_of
        Reads a member's frame.
    """
    first = frame_of(members[0])
    first = cleaned(first, saturation_adu=members[0].verdict.facts.saturation_adu)
    sky_adu = sky_of_frame(first)
    shape = (len(members), *first.shape)
    with tempfile.TemporaryFile() as file:
        layers: Image = np.memmap(file, dtype=np.float32, mode="w+", shape=shape)
        papers = [_laid(first, sky_adu, members[0], layers[0], is_first=True)]
        for number, member in enumerate(members[1:], start=1):
            frame = cleaned(frame_of(member), saturation_adu=member.verdict.facts.saturation_adu)
            papers.append(_laid(frame, sky_of_frame(frame), member, layers[number]))
        full_adu = min(paper.full_adu for paper in papers)
        combined = _in_strips(layers, [paper.layer for paper in papers], full_adu=full_adu)
    return Stack(
        frame=_as_frame(first, sky_adu, combined, papers, members[0]),
        rejected=combined.rejected,
    )


def _laid(frame: Frame, sky_adu: Image, member: Member, into: Image, *, is_first: bool = False) -> _Papers:
    """Lay a frame's light down on the stack's grid and return its papers."""
    scale, facts = member.light_scale, member.verdict.facts
    resampled(frame, sky_adu, member.way, into, light_scale=scale, is_first=is_first)
    gain_e_adu = facts.gain_e_adu or frame.gain_e_adu
    empty = np.zeros((0, 0))
    return _Papers(
        frame=replace(frame, data=empty.astype(np.float32), mask=empty.astype(np.bool_)),
        layer=Layer(
            weight=member.weight,
            noise_adu=scale * (facts.noise_adu or 0.0),
            gain_e_adu=gain_e_adu / scale,
            fwhm_pix=member.fwhm_pix,
        ),
        full_adu=scale * (frame.saturation_adu - float(np.median(sky_adu))),
        read_noise_adu=scale * frame.read_noise_e / gain_e_adu,
    )


def _in_strips(pixels: Image, layers: Sequence[Layer], *, full_adu: float) -> Combined:
    count, ny, nx = pixels.shape
    step = max(4 * MARGIN_PIX, CUBE_PIX // (count * nx))
    light, told, full = np.zeros((ny, nx), np.float32), np.zeros((ny, nx), bool), np.zeros((ny, nx), bool)
    rejected = 0
    for slab in slabs(ny, margin_pix=MARGIN_PIX, slab_rows=step):
        strip = combine(np.array(pixels[:, slab.rows]), layers, full_adu=min(full_adu, MANY_ADU))
        light[slab.at], told[slab.at] = strip.light_adu[slab.own], strip.is_told[slab.own]
        full[slab.at] = strip.is_full[slab.own]
        rejected += strip.rejected
    return Combined(light_adu=light, is_told=told, is_full=full, rejected=rejected)


def _as_frame(
    first: Frame, sky_adu: Image, combined: Combined, papers: Sequence[_Papers], member: Member
) -> Frame:
    """Return the combined light as one long exposure on the first frame's sky."""
    frames, layers = [paper.frame for paper in papers], [paper.layer for paper in papers]
    shares = np.array([layer.weight for layer in layers])
    shares = shares / shares.sum()
    exptime_s = float(sum(frame.exptime_s for frame in frames))
    times = exptime_s / first.exptime_s
    photons = float(np.sum(shares**2 / [layer.gain_e_adu for layer in layers]))  # variance per ADU of light
    gain_e_adu = 1 / (photons * times)
    read_noise_adu = times * float(np.linalg.norm(shares * [paper.read_noise_adu for paper in papers]))
    saturation_adu = times * (min(paper.full_adu for paper in papers) + float(np.median(sky_adu)))
    data = ((combined.light_adu + sky_adu) * np.float32(times)).astype(np.float32)
    data[combined.is_full] = np.maximum(data[combined.is_full], np.float32(min(saturation_adu, MANY_ADU)))
    solution = member.verdict.solution
    shared = [note for note in first.notes if all(note in frame.notes for frame in frames)]
    return replace(
        first,
        data=np.ascontiguousarray(data),
        mask=~combined.is_told,
        gain_e_adu=gain_e_adu,
        read_noise_e=gain_e_adu * read_noise_adu,
        saturation_adu=saturation_adu,
        exptime_s=exptime_s,
        mjd=first.mjd + float(np.sum(shares * [frame.mjd - first.mjd for frame in frames])),
        mjd_uncertainty_s=max(frame.mjd_uncertainty_s for frame in frames),
        wcs=None if solution is None else solution.wcs,
        pixel_scale_arcsec=first.pixel_scale_arcsec if solution is None else solution.pixel_scale_arcsec,
        stacked=sum(frame.stacked for frame in frames),
        notes=tuple(shared),
    )
