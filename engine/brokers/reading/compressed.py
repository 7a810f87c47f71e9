"""Opening compressed answers of strangers in memory, with limits on what comes out of them."""

import io
import tarfile
import zlib

from engine.brokers.reading.answers import drift

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_MOST_BYTES = 64 * 1024 * 1024
_MOST_FILES = 500


def gunzipped(body: bytes, *, title: str) -> bytes:
    """Return what a gzip file holds; a body that is none, as the connection may have opened it, as it is.

    Raises
    ------
    Rejected
        ``schema-drift``: cut off, damaged, or larger than 64 MB inside.
    """
    if not body.startswith(_GZIP_MAGIC):
        return body
    reader = zlib.decompressobj(_GZIP_WINDOW)
    try:
        inside = reader.decompress(body, _MOST_BYTES)
    except zlib.error as error:
        raise drift(title, "a gzip file that is damaged") from error
    if not reader.eof:
        raise drift(title, "a gzip file that is cut off or too large")
    return inside


def files_of_tar(body: bytes, *, title: str) -> dict[str, bytes]:
    """Return the plain files of a tar file, gzipped or not, by their last names; nothing touches the disc.

    Links, devices and folders are left out, and so are hidden files.

    Raises
    ------
    Rejected
        ``schema-drift``: no tar file, damaged, too many or too large files, or two of one name.
    """
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(gunzipped(body, title=title)), mode="r:") as archive:
            for member in archive:
                name = member.name.replace("\\", "/").rpartition("/")[2]
                opened = archive.extractfile(member) if member.isreg() and not name.startswith(".") else None
                if opened is None:
                    continue
                if name in files or len(files) >= _MOST_FILES:
                    raise tarfile.ReadError("too many files, or two of one name")
                files[name] = opened.read(_MOST_BYTES)
                if len(files[name]) != member.size:
                    raise tarfile.ReadError("a file is cut off")
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        raise drift(title, f"a tar file that cannot be read: {error}") from error
    return files
