"""Answers that are whole before they begin: written into a file without a name, then sent in pieces."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

_IN_MEMORY_BYTES = 4_000_000  # of an answer; the rest waits on disk
PIECE_BYTES = 1 << 18


@contextmanager
def nameless_file() -> Iterator[IO[bytes]]:
    """Give a file to write into, which afterwards stands at its beginning; what fails closes it."""
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115 - closed with the answer
    try:
        yield file
    except BaseException:
        file.close()
        raise
    file.seek(0)


def pieces_of(file: IO[bytes]) -> Iterator[bytes]:
    """Give a file from where it stands, and close it."""
    with file:
        while piece := file.read(PIECE_BYTES):
            yield piece
