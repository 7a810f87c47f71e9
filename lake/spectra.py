"""The spectra of a target that were sent, as far as a person may see them; the raw store has their bytes."""

from dataclasses import dataclass
from pathlib import PurePath

from engine.errors import Rejected
from engine.sent.spectrum import Spectrum, read_spectrum
from lake.credit import credited
from lake.inbox.data_products import ProductFilter, find_uploads, uploads_of
from lake.inbox.uploads import Upload, UploadKind, UploadStatus
from lake.opening import Lake
from lake.people.accounts import User
from lake.raw import RawStore


@dataclass(frozen=True, slots=True, kw_only=True)
class SentSpectrum:
    """A spectrum that somebody sent, without its points."""

    upload_id: int
    sha256: str
    suffix: str
    oname: str  # of the observatory
    observers: str
    received_mjd: float
    is_simulated: bool


def spectra_of(lake: Lake, target_id: int, user: User | None) -> list[SentSpectrum]:
    """Return the spectra of a target that a person may see, the newest first; trials are none."""
    wanted = ProductFilter(
        kind=UploadKind.SPECTROSCOPY.value, target_id=target_id, statuses=(UploadStatus.MEASURED,)
    )
    found = uploads_of(lake.operations, find_uploads(lake.operations, wanted, user), user)
    return [_sent(lake, each) for each in found if not each.dry_run]


def _sent(lake: Lake, sent: Upload) -> SentSpectrum:
    return SentSpectrum(
        upload_id=sent.upload_id,
        sha256=sent.sha256,
        suffix=PurePath(sent.filename).suffix,
        oname=sent.oname,
        observers=credited(lake, sent),
        received_mjd=sent.received_mjd,
        is_simulated=sent.simulated,
    )


def points_of(raw: RawStore, sent: SentSpectrum) -> Spectrum | None:
    """Return wavelengths and fluxes of a spectrum, None where its bytes are not there or are none now."""
    try:
        with raw.path_of(sent.sha256, suffix=sent.suffix) as path:
            return read_spectrum(path)
    except Rejected:
        return None
