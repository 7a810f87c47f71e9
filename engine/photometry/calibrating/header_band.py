"""Which standard band the filter in a frame's header means: a prior where too few stars tell the band."""

import re
from collections.abc import Collection

_CLEAR = frozenset(("clear", "c", "cl", "cls", "l", "lum", "luminance", "none", "no", "open", "empty", "w",
                    "white", "cv", "cbb", "unfiltered", "nofilter"))  # fmt: skip
_SYSTEMS = re.compile(
    r"johnson|cousins|bessell?|kron|sloan|sdss|astrodon|baader|generation ?2|[\s_\-'.#0-9]", re.I
)
_SLOAN = {"gp": "g", "rp": "r", "ip": "i", "zp": "z", "zs": "z", "up": "u"}
_OF_PLANE = {"R": "R(GaiaSP)", "G": "V(GaiaSP)", "B": "B(GaiaSP)"}  # of a one-shot-colour camera


def band_of_header(filter_name: str, *, plane: str, available: Collection[str]) -> str | None:
    """Return the available band that a header's filter means, or None where it says nothing of use.

    A frame without a filter is nearest to Gaia's G. Single letters count as written: ``R`` is Cousins,
    ``r`` is Sloan.
    """
    wished = _OF_PLANE.get(plane, "") if plane else _wished(filter_name)
    survey_twin = wished.replace("(GaiaSP)", "(Refcat2)")
    return next((band for band in (wished, survey_twin) if band in available), None)


def _wished(filter_name: str) -> str:
    words = filter_name.strip()
    is_sloan = bool(re.search(r"sloan|sdss", words, re.I)) or words.lower() in _SLOAN
    written = _SYSTEMS.sub("", words)
    letters = written.lower()
    if letters in _CLEAR:
        return "G(GaiaDR3)"
    letters = _SLOAN.get(letters, letters)
    if len(letters) != 1 or letters not in "ubvrigz":
        return ""
    if is_sloan or letters in "gz" or (written.islower() and letters in "uri"):
        return f"{letters}(GaiaSP)"
    return f"{letters.upper()}(GaiaSP)"
