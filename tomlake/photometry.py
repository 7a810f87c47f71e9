"""Photometry from Python, without server or lake: files in, a table out.

>>> from tomlake.photometry import reduce
>>> night = reduce("night/", ra_deg=31.0427, dec_deg=46.6879, references="stars.ecsv")
>>> print(night.select("file", "mjd", "band", "mag", "mag_err", "reason"))
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from engine.errors import Rejected
from engine.photometry.exposures import Choices, reduce_file
from engine.photometry.masters import is_calibration, masters_of
from engine.photometry.night import MIN_FRAMES, Verdicts, reduce_night
from engine.photometry.references import read_references
from engine.photometry.results import results_table
from engine.photometry.stacking.night_stack import reduce_stacks
from engine.target import Target

__all__ = ["reduce"]

Paths = str | Path | Sequence[str | Path]
SUFFIXES = (".fits", ".fit", ".fts", ".fz", ".gz", ".cat", ".dat", ".ldac")


def reduce(
    files: Paths, *, ra_deg: float, dec_deg: float, references: Paths, band: str = "any", stack: bool = False
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
    stack
        Add up the frames of each filter as well, and measure their sum: it has a row of its own.

    Raises
    ------
    Rejected
        ``no-such-file``, ``empty-folder``; or a catalogue cannot be read. A frame that cannot be measured is
        no error: its row says why.
    """
    target = Target(name="target", ra_deg=ra_deg, dec_deg=dec_deg)
    stars = pl.concat([read_references(path) for path in _paths(references)])
    frames, shots = parted(files_of(_paths(files)))
    choices = Choices(requested=band, masters=masters_of(shots) if shots else None)
    found = reduced(frames, target, stars, choices)
    stacks = reduce_stacks(frames, found, target, stars, choices=choices) if stack else []
    return results_table([*(each for of_file in found for each in of_file), *stacks])


def reduced(
    frames: Sequence[Path],
    target: Target | None,
    stars: pl.DataFrame,
    choices: Choices,
    *,
    seen: Callable[[Path], None] = lambda _path: None,
) -> Verdicts:
    """Return the verdicts on each exposure of each file: a night's together, a few each alone.

    Parameters
    ----------
    seen
        Called with every file that was looked at; a night's files are looked at twice.
    """
    if target is not None and len(frames) >= MIN_FRAMES:
        return reduce_night(frames, target, stars, choices=choices, seen=seen)
    found = []
    for path in frames:
        found.append(reduce_file(path, target, stars, choices=choices))
        seen(path)
    return found


def parted(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Return the exposures of the sky, and the calibration frames; these alone are judged, and refused."""
    shots = [path for path in paths if is_calibration(path)]
    frames = [path for path in paths if path not in shots]
    return (frames, shots) if frames else (list(paths), [])


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
