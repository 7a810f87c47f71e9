"""Photometry from Python, without server or lake: files in, a table out.

>>> from tomlake.photometry import reduce
>>> night = reduce("night/", ra_deg=31.0427, dec_deg=46.6879, references="stars.ecsv")
>>> print(night.select("file", "mjd", "band", "mag", "mag_err", "reason"))
"""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from engine.errors import Rejected
from engine.photometry.exposures import Choices, reduce_file
from engine.photometry.masters import is_calibration, masters_of
from engine.photometry.night import MIN_FRAMES, reduce_night
from engine.photometry.references import read_references
from engine.photometry.results import results_table
from engine.target import Target

__all__ = ["reduce"]

Paths = str | Path | Sequence[str | Path]
SUFFIXES = (".fits", ".fit", ".fts", ".fz", ".gz", ".cat", ".dat", ".ldac")


def reduce(
    files: Paths, *, ra_deg: float, dec_deg: float, references: Paths, band: str = "any"
) -> pl.DataFrame:
    """Return the verdicts on images or instrumental catalogues, one row for each frame.

    Several frames are a night: those in one filter share their aperture, and good ones help poor ones.

    Parameters
    ----------
    files
        A file, a folder, or several of them; bias, dark and flat frames among them are applied to the others.
    ra_deg, dec_deg
        Where the target stands, ICRS.
    references
        Catalogues of reference stars: ECSV, CSV, FITS, Parquet or VOTable.
    band
        ``any``, ``ugriz``, ``UBVRI``, or one band such as ``V``.

    Raises
    ------
    Rejected
        ``no-such-file``, ``empty-folder``; or a catalogue cannot be read. A frame that cannot be measured is
        no error: its row says why.
    """
    target = Target(name="target", ra_deg=ra_deg, dec_deg=dec_deg)
    stars = pl.concat([read_references(path) for path in _paths(references)])
    paths = files_of(_paths(files))
    shots = [path for path in paths if is_calibration(path)]
    frames = [path for path in paths if path not in shots]
    choices = Choices(requested=band, masters=masters_of(shots) if shots else None)
    if len(frames) < MIN_FRAMES:
        found = [reduce_file(path, target, stars, choices=choices) for path in frames]
    else:
        found = reduce_night(frames, target, stars, choices=choices)
    return results_table([each for of_file in found for each in of_file])


def files_of(given: Sequence[Path]) -> list[Path]:
    """Return the images and catalogues among files and in folders.

    Raises
    ------
    Rejected
        ``no-such-file``, ``empty-folder``
    """
    found: list[Path] = []
    for path in given:
        if path.is_dir():
            inside = sorted(each for each in path.iterdir() if each.suffix.lower() in SUFFIXES)
            if not inside:
                raise Rejected(f"The folder {path} holds no image or catalogue.", code="empty-folder")
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise Rejected(f"There is no file {path}.", code="no-such-file")
    return found


def _paths(given: Paths) -> list[Path]:
    return [Path(given)] if isinstance(given, str | Path) else [Path(each) for each in given]
