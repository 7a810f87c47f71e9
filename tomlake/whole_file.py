"""Files on the caller's disk that are whole or not there: half a file never has its name."""

from collections.abc import Iterable
from pathlib import Path


def write_whole(path: str | Path, pieces: Iterable[bytes]) -> Path:
    """Return the file into which all pieces were written."""
    place = Path(path)
    part = place.with_name(place.name + ".part")
    with part.open("wb") as file:
        file.writelines(pieces)
    return part.replace(place)
