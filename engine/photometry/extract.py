"""Sources cut out of an image that shows light over noise (Barbary 2016, JOSS 1, 58), with little memory."""

import numpy as np
import sep
from numpy.typing import NDArray

from engine.photometry.mesh import Mesh
from engine.photometry.slabs import slabs

THRESHOLDS_SIGMA = (1.5, 2.5, 4.0, 6.0, 10.0)  # the first that leaves sky between the sources
MAX_COVERED = 0.2  # of the frame by sources: above, all grows together and cannot be taken apart
MIN_AREA_PIX = 5
LEAST_PIXEL_STACK = 300_000
PIXEL_STACKS = (16, 2)  # the frame over that: sources that are open at once seldom cover a sixteenth
SUB_OBJECTS = 32768


def signal_of(data: NDArray[np.float32], background: Mesh, rms: Mesh) -> NDArray[np.float32]:
    """Return the light over its noise."""
    signal = background.part()
    np.subtract(data, signal, out=signal)
    for slab in slabs(len(signal), margin_pix=0):
        signal[slab.at] /= rms.part(slab.at)
    return signal


def extracted(
    signal: NDArray[np.float32], *, unusable: NDArray[np.bool_]
) -> tuple[NDArray[np.void], NDArray[np.int32]]:
    """Return sep's table of the sources, and the number of its source, from 1 on, at every pixel."""
    sep.set_sub_object_limit(SUB_OBJECTS)
    threshold = _threshold(signal, unusable)
    for share in PIXEL_STACKS:
        sep.set_extract_pixstack(max(LEAST_PIXEL_STACK, signal.size // share))
        try:
            found, segments = sep.extract(
                signal,
                threshold,
                mask=unusable,
                minarea=MIN_AREA_PIX,
                filter_type="conv",
                segmentation_map=True,
            )
        except Exception as error:  # sep has no narrower one
            if "pixel buffer full" not in str(error) or share == PIXEL_STACKS[-1]:
                raise
        else:
            break
    return found, np.asarray(segments, dtype=np.int32)


def _threshold(signal: NDArray[np.float32], unusable: NDArray[np.bool_]) -> float:
    usable = signal.size - np.count_nonzero(unusable)
    if not usable:
        return THRESHOLDS_SIGMA[0]
    clear = (
        sigma
        for sigma in THRESHOLDS_SIGMA
        if np.count_nonzero((signal > sigma) & ~unusable) < MAX_COVERED * usable
    )
    return next(clear, THRESHOLDS_SIGMA[-1])


def renumber(segments: NDArray[np.int32], number: NDArray[np.int32]) -> None:
    """Give the segments other numbers, in place: a large frame has no room for both."""
    for slab in slabs(len(segments), margin_pix=0):
        segments[slab.at] = number[segments[slab.at]]
