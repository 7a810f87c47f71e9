"""A calibration frame read as the camera wrote it: its setting first, its pixels when they are wanted."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.photometry.reading.fits_file import open_plain, walk
from engine.photometry.reading.header.setup import Setup, read_setup
from engine.photometry.reading.picture import Picture, choose_picture
from engine.photometry.reading.pixels import read_pixels

Pixels = NDArray[np.float32]


def setup_of(picture: Picture) -> Setup:
    """Return the setting with which a picture was taken."""
    return read_setup(picture.header, shape=(picture.planes, *picture.shape))


def shot_setup(path: Path) -> Setup:
    """Return the setting of the frame in a file, of which only the header is read.

    Raises
    ------
    Rejected
        As :func:`engine.photometry.read.read_frames` for what is no image.
    """
    with open_plain(path) as file:
        return setup_of(choose_picture(walk(file)))


def shot_pixels(path: Path) -> Pixels:
    """Return the pixels of the frame in a file, shape (planes, ny, nx); what is no number is NaN.

    Raises
    ------
    Rejected
        As :func:`engine.photometry.read.read_frames` for what is no image.
    """
    with open_plain(path) as file:
        return read_pixels(file, choose_picture(walk(file)))
