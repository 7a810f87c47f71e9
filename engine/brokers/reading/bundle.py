"""Several answers that belong together, as one body: an uncompressed tar file, always the same bytes.

An archive that needs several requests gives the bundle of their answers, so that all of them are kept and
can be read again; anybody opens it with ``tar``.
"""

import io
import tarfile
from collections.abc import Mapping

from engine.errors import Rejected

_MAGIC = slice(257, 262)  # of the first header
_PARTS_MAX = 5000


def bundled(parts: Mapping[str, bytes]) -> bytes:
    """Return the parts as one body, in their order; no parts are an empty body."""
    if not parts:
        return b""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=tarfile.USTAR_FORMAT) as file:
        for name, body in parts.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            file.addfile(member, io.BytesIO(body))
    return whole.getvalue()


def is_bundle(body: bytes) -> bool:
    """Return whether a body is a bundle."""
    return body[_MAGIC] == b"ustar"


def parts_of(body: bytes, *, title: str) -> dict[str, bytes]:
    """Return the parts of a bundle by name, in their order; an empty body has none.

    Raises
    ------
    Rejected
        ``schema-drift``: no bundle, or one that was cut off.
    """
    if not body:
        return {}
    if not is_bundle(body):
        raise Rejected(f"{title} sent something unexpected: no bundle of answers.", code="schema-drift")
    parts: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(body), mode="r:") as file:
            for member in file:
                opened = file.extractfile(member) if member.isfile() else None
                if opened is None or len(parts) >= _PARTS_MAX:
                    raise tarfile.ReadError("not a bundle of files")
                parts[member.name] = opened.read()
                if len(parts[member.name]) != member.size:
                    raise tarfile.ReadError("a part is cut off")
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise Rejected(f"{title} sent something unexpected: {error}.", code="schema-drift") from error
    return parts
