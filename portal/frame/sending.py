"""What the page Upload says of the files that are sent, and what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from engine.target import Target
from lake.inbox.accepting import FIRST_MJD, LAST_MJD
from lake.inbox.data_products import best_frames
from lake.inbox.uploads import Upload, UploadKind
from lake.people.accounts import User
from lake.rights import Shared
from portal.accounts.sharing import as_upload_fields
from portal.at_work import work
from portal.frame import frames
from portal.frame.verdicts import verdict_of
from portal.light_curve.moment import address_of, reading
from portal.words import _, marked

MJD_RANGE = (FIRST_MJD, LAST_MJD)
WHOLE_BYTES = 8 << 20  # a smaller file is sent again as a whole when the connection breaks
PIECE_BYTES = 4 << 20
_FITS = r"fits?|fts|ftt|ftsc"
_TABLES = r"csv|tsv|txt|dat|cat|asc|ascii|ecsv|json|xml|vot|votable|parquet"
_PACKED = r"(\.(gz|fz|bz2|zst))?$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What files may be, in the words of the page."""

    kind: UploadKind
    label: str
    hint: str
    folder_takes: str  # a pattern of names: the rest of a folder is left alone

    @property
    def needs_mjd(self) -> bool:
        """Return whether the file does not say when it was exposed."""
        return self.kind == UploadKind.PHOTOMETRY


KINDS = (
    Kind(
        kind=UploadKind.FITS_FILE,
        label=marked("Images (FITS)"),
        hint=marked(
            "FITS of any camera, also .gz and .fz; a colour camera's frame is split into R, G and B."
        ),
        folder_takes=rf"\.({_FITS}){_PACKED}",
    ),
    Kind(
        kind=UploadKind.PHOTOMETRY,
        label=marked("Stars of one exposure (SExtractor and the like)"),
        hint=marked("A table of all stars with positions and instrumental magnitudes; one exposure a file."),
        folder_takes=rf"\.({_TABLES}|{_FITS}){_PACKED}",
    ),
    Kind(
        kind=UploadKind.PHOTOMETRY_CSV,
        label=marked("Light curve (CSV, AAVSO, SkyPortal, TOM Toolkit)"),
        hint=marked("Finished magnitudes of the target with their bands; they are added as they are."),
        folder_takes=rf"\.({_TABLES}|{_FITS}){_PACKED}",
    ),
    Kind(
        kind=UploadKind.SPECTROSCOPY,
        label=marked("Spectrum (text, or FITS 1-D)"),
        hint=marked("Two columns of wavelength and flux, or a FITS spectrum."),
        folder_takes=rf"\.({_TABLES}|spec|flm|{_FITS}){_PACKED}",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a person says of all files that they send together."""

    target: str
    kind: UploadKind
    observatory: str  # ONAME, empty: the header tells
    requested_filter: str
    comment: str
    is_trial: bool
    mjd: float | None
    shared: Shared


_BECAME = {name: pl.String() for name in ("Verdict", "File", "State", "Gave", "Look at")}


def query_of(said: Said) -> dict[str, str]:
    """Return it as the fields of the form that takes a whole file."""
    return {
        "target": said.target,
        "data_product_type": said.kind.value,
        "observatory": said.observatory,
        "filter": said.requested_filter,
        "comment": said.comment,
        "dry_run": "true" if said.is_trial else "false",
        "mjd": "" if said.mjd is None else repr(said.mjd),
        **as_upload_fields(said.shared),
    }


def about_of(said: Said) -> dict[str, object]:
    """Return it as a transfer in pieces wants it."""
    group = said.shared.group_id
    return {
        "target": said.target,
        "kind": said.kind.value,
        "observatory": said.observatory,
        "filter": said.requested_filter or "GaiaSP/any",
        "comment": said.comment,
        "dry_run": said.is_trial,
        "mjd": said.mjd,
        "visibility": said.shared.visibility.value,
        "group": "" if group is None else str(group),
        "embargo_until_mjd": said.shared.embargo_until_mjd,
    }


def last_camera(user: User) -> str:
    """Return the camera that a person named for what they sent last, empty where they named none."""
    last = work.own_uploads(user, limit=1)
    return last[0].oname if last else ""


def became(sent: Sequence[Upload], user: User | None) -> pl.DataFrame:
    """Return one row per file: how it stands, what it gave, what is wrong, and where its verdict is."""
    ended = [each.upload_id for each in sent if work.is_finished(each) and each.frame_ids]
    best = best_frames(reading(), ended) if ended else {}  # one question for all: a night is hundreds
    known = {each.target_id: each for each in sent}
    targets = {target_id: frames.target_of(each, user) for target_id, each in known.items()}
    rows = [_row(each, best.get(each.upload_id), targets[each.target_id]) for each in sent]
    return pl.DataFrame(rows, schema=_BECAME)


def _row(sent: Upload, frame: dict[str, object] | None, target: Target | None) -> dict[str, str]:
    finished = work.is_finished(sent)
    verdict = None if frame is None else verdict_of(frame)
    gave = "" if verdict is None else f"{verdict.plane} {verdict.headline} {verdict.band}".strip()
    seen = frames.checks_of(sent, target)
    wrong = [f"{_(check.about)}: {_(check.words)}" for check in seen if not check.is_good]
    address = "&".join(f"{name}={value}" for name, value in address_of(frame=frames.id_of(sent)).items())
    return {
        "File": sent.filename,
        "State": _(str(sent.status)) if finished else (_(sent.step) or _("waits")),
        "Gave": gave or (_(sent.reason) if finished else ""),
        "Look at": "; ".join(wrong),
        "Verdict": f"/frame?{address}",
    }
