"""The fields of an upload as BHTOM's clients send them, checked, with BHTOM's words where they are wrong."""

from dataclasses import dataclass

from engine.target import Visibility
from lake.inbox.accepting import UploadKind
from portal.api.fields import Fields, number_of, text_of
from portal.api.reply import Refused

KINDS = tuple(kind.value for kind in UploadKind)
ANY_FILTER = "GaiaSP/any"
_OLD_KINDS = {"photometry_cpcs": UploadKind.PHOTOMETRY.value}  # of the first BHTOM
_AUTOMATIC = frozenset({"no", "any", "auto", "false"})  # False: the first BHTOM's script, without -f
_NOTHING = frozenset({"none", "null"})  # what scripts send for an option that was not given
_YES = frozenset({"true", "t", "yes", "y", "on", "1"})
_NO = frozenset({"false", "f", "no", "n", "off", "0"})


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadFields:
    """What the sender says of the files."""

    target: str
    kind: str
    observatory: str  # ONAME, or "" where the header must tell; of something ready-made any name
    requested_filter: str  # "Survey/Filter"
    dry_run: bool
    comment: str
    observers: tuple[str, ...]
    mjd: float | None
    match_dist_arcsec: float | None  # None: chosen from the data
    visibility: Visibility = Visibility.PUBLIC  # BHTOM knows no sharing: as open as the target is
    group: str = ""  # name or number of one of the sender's groups
    embargo_until_mjd: float | None = None


def upload_fields(fields: Fields) -> UploadFields:
    """Return the checked fields.

    Raises
    ------
    Refused
        400 with BHTOM's envelope: one list of sentences per field.
    """
    errors: dict[str, object] = {}
    kind = said(fields, "data_product_type")
    kind = _OLD_KINDS.get(kind or "", kind)
    target = said(fields, "target")
    for name, value in (("target", target), ("data_product_type", kind)):
        if value is None:
            errors[name] = ["This field is required."]
    if kind is not None and kind not in KINDS:
        errors["data_product_type"] = [
            f"tomlake does not read {kind!r:.40}: send a fits_file, photometry as a star table, "
            "photometry_csv as a light curve, or spectroscopy."
        ]
    mjd = _number(fields, "mjd", errors)
    match_dist_arcsec = _number(fields, "match_dist", errors)
    if kind == UploadKind.PHOTOMETRY and mjd is None and "mjd" not in errors:
        errors["mjd"] = ["This field is required."]
    dry_run = _yes_or_no(fields, "dry_run", errors)
    embargo_until_mjd = _number(fields, "embargo_until_mjd", errors)
    visibility = (said(fields, "visibility") or Visibility.PUBLIC.value).lower()
    if visibility not in set(Visibility):
        errors["visibility"] = [f"Choose one of: {', '.join(Visibility)}."]
    if errors:
        raise Refused(400, errors)
    return UploadFields(
        target=target or "",
        kind=kind or "",
        observatory=said(fields, "observatory") or "",
        requested_filter=_filter(fields),
        dry_run=dry_run,
        comment=said(fields, "comment") or "",
        observers=_observers(fields),
        mjd=mjd,
        match_dist_arcsec=match_dist_arcsec if match_dist_arcsec is None or match_dist_arcsec > 0 else None,
        visibility=Visibility(visibility),
        group=said(fields, "group") or "",
        embargo_until_mjd=embargo_until_mjd,
    )


def said(fields: Fields, name: str) -> str | None:
    """Return a field as text, where ``None`` written out is nothing, as BHTOM's scripts mean it."""
    text = text_of(fields, name)
    return None if text is None or text.lower() in _NOTHING else text


def _filter(fields: Fields) -> str:
    wanted = said(fields, "filter") or ANY_FILTER
    return ANY_FILTER if wanted.lower() in _AUTOMATIC else wanted


def _number(fields: Fields, name: str, errors: dict[str, object]) -> float | None:
    if said(fields, name) is None:
        return None
    try:
        return number_of(fields, name)
    except ValueError:
        errors[name] = ["A valid number is required."]
        return None


def _yes_or_no(fields: Fields, name: str, errors: dict[str, object]) -> bool:
    word = (said(fields, name) or "false").lower()
    if word not in _YES | _NO:
        errors[name] = ["Must be a valid boolean."]
    return word in _YES


def _observers(fields: Fields) -> tuple[str, ...]:
    names: list[str] = []
    for field in ("observers", "observer"):
        values = fields.get(field)
        for value in values if isinstance(values, list) else [values]:
            words = (text_of({field: value}, field) or "").strip("[]")  # also a list that was printed
            names += [
                name for name in map(_unquoted, words.split(",")) if name.lower() not in {"", *_NOTHING}
            ]
    return tuple(dict.fromkeys(names))


def _unquoted(name: str) -> str:
    return name.strip().strip("\"'").strip()
