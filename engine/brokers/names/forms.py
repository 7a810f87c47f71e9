"""What a name looks like tells who can know it: alerts, transients, bodies of the Solar System."""

import re

from engine.errors import Rejected
from engine.target import NAME_MAX_CHARS, checked_name

ALERT = re.compile(r"gaia[ _-]?(\d\d)([a-z]{3,4})", re.IGNORECASE)
_TRANSIENT = re.compile(r"(?:(sn|at|tde)[ _-]?)?((?:19|20)\d\d)([a-z]+)", re.IGNORECASE)
_SURVEY = re.compile(r"(ZTF ?\d\d[a-z]{7}|ATLAS ?\d\d[a-z]{3,4}|PS ?\d\d[a-z]{1,4})", re.IGNORECASE)
# As the Minor Planet Center writes them: (433) Eros, 67P, 3I/ATLAS, C/2025 N1 (ATLAS), 2024 AA1.
_BODY = re.compile(
    r"""\(\d+\)(\ .+)?
      | \d+[PDI](-[A-Z]{1,2})?([/\ ].+)?
      | [CPDXAI]/\d{4}\ [A-Z]{1,2}\d*(-[A-Z]{1,2})?(\ .+)?
      | (18|19|20)\d\d\ [A-Z]{2}\d{0,3}""",
    re.VERBOSE,
)
# Other names worth keeping, because an archive finds its data by them.
_KEPT = {
    "Gaia DR3": re.compile(r"Gaia DR3 \d+"),
    "Gaia Alerts": re.compile(r"Gaia\d\d[a-z]{3,4}"),
    "TNS": re.compile(r"(SN|AT|TDE) ?(19|20)\d\d[A-Za-z]+"),
    "ZTF": re.compile(r"ZTF ?\d\d[a-z]{7}"),
    "ATLAS": re.compile(r"ATLAS\d\d[a-z]{3,4}"),
    "OGLE": re.compile(r"OGLE[ -]\d{4}-[A-Z]+-\d+"),
    "2MASS": re.compile(r"2MASS J\d{8}[+-]\d{7}"),
}


def is_body(name: str) -> bool:
    """Return whether a name is written as only bodies of the Solar System are."""
    return _BODY.fullmatch(name.strip()) is not None


def is_survey_name(name: str) -> bool:
    """Return whether a survey gave its transient this name, under which the TNS may know it."""
    return _SURVEY.fullmatch(name.strip()) is not None


def alert_of(name: str) -> str | None:
    """Return the name of a Gaia alert as its archive spells it, such as ``Gaia22dkv``."""
    match = ALERT.fullmatch(name.strip())
    return f"Gaia{match[1]}{match[2].lower()}" if match else None


def transient_of(name: str) -> str | None:
    """Return the name of a transient as the TNS keeps it, without prefix: ``2023ixf``, ``2024A``.

    ``2024 AA`` is an asteroid, and ``2024ab`` without a prefix a transient.
    """
    match = _TRANSIENT.fullmatch(name.strip())
    if match is None or (match[1] is None and len(match[3]) > 1 and not match[3].islower()):
        return None
    letters = match[3].upper() if len(match[3]) == 1 else match[3].lower()
    return f"{match[2]}{letters}"


def asked_name(name: str) -> str:
    """Return a name as it is asked for; that of a body may hold brackets and a slash.

    Raises
    ------
    Rejected
        The codes of ``checked_name``.
    """
    clean = " ".join(name.split())
    return clean if is_body(clean) and len(clean) <= NAME_MAX_CHARS else checked_name(name)


def name_of_body(name: str) -> str:
    """Return a body's name as a target can bear it: ``67P/Churyumov`` becomes ``67P Churyumov``."""
    return checked_name(" ".join(re.sub(r"[()/\\:]", " ", name).split()))


def kept_aliases(names: list[str], *, but: str) -> tuple[tuple[str, str], ...]:
    """Return as (source, name) those names by which an archive finds its data, but for one."""
    found = sorted({" ".join(name.split()) for name in names} - {but})
    return tuple((source, name) for source, form in _KEPT.items() for name in found if form.fullmatch(name))


def unknown(title: str, name: str, why: str = "") -> Rejected:
    """Return the refusal of a name that somebody does not know, or has no position of."""
    return Rejected(
        f"{title} {why or 'knows no'} {name!r}: check the name, or give a position.", code="unknown-name"
    )
