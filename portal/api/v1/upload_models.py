"""Uploads and transfers as the new API writes them."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from engine.target import Visibility
from lake.inbox.accepting import FIRST_MJD, LAST_MJD, Upload, UploadKind, UploadRequest, UploadStatus
from lake.inbox.transfers import Transfer
from portal.api.v1.target_models import Exact, Number, Text, exact

EXAMPLE: dict[str, Any] = {"target": "Gaia22dkv", "filename": "a.fits", "observatory": "ROAD_QHY600M"}

EMBARGO_IS = "until then only you, the group and staff see what it gives"
OBSERVED = Field(gt=FIRST_MJD, lt=LAST_MJD, allow_inf_nan=False)


class AboutFile(BaseModel):
    """What is said of a file that is sent."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})
    target: Text = Field(min_length=1, max_length=120)
    filename: Text = Field(min_length=1, max_length=255)
    kind: UploadKind = UploadKind.FITS_FILE
    observatory: Text = Field("", max_length=200, description="ONAME of the camera; found out where empty")
    filter: Text = Field("GaiaSP/any", min_length=1, max_length=50)
    dry_run: bool = Field(False, description="a verdict, but no point")
    comment: Text = Field("", max_length=2000)
    observers: list[Text] = Field(default=[], max_length=50, description="user names; you where empty")
    mjd: Annotated[float, OBSERVED] | None = Field(None, description="of instrumental photometry")
    match_dist_arcsec: Number | None = None
    visibility: Visibility = Field(Visibility.PUBLIC, description="public: as open as its target is")
    group: Text = Field("", max_length=100, description="name or number of one of your groups")
    embargo_until_mjd: Number | None = Field(None, description=EMBARGO_IS)

    def request(self, username: str, *, group_id: int | None = None) -> UploadRequest:
        """Return it as the inbox takes it, of the group with this number."""
        values = self.model_dump(exclude={"filter", "observers", "group"})
        return UploadRequest(
            **values,
            requested_filter=self.filter,
            observers=tuple(self.observers),
            uploaded_by=username,
            group_id=group_id,
        )


class NewTransfer(AboutFile):
    """A file that will come in pieces."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [EXAMPLE | {"size_bytes": 33_554_432}]}
    )
    dry_run: bool = Field(False, strict=True, description="a verdict, but no point")
    mjd: Annotated[float, OBSERVED, BeforeValidator(exact)] | None = Field(
        None, description="of instrumental photometry"
    )
    match_dist_arcsec: Exact | None = None
    embargo_until_mjd: Exact | None = Field(None, description=EMBARGO_IS)
    size_bytes: Annotated[int, Field(ge=1, le=2**50), BeforeValidator(exact)]
    sha256: str = Field("", pattern="^([0-9a-fA-F]{64})?$", description="checked at the end, where given")


class UploadAnswer(BaseModel):
    """An upload and how far it is."""

    upload_id: int
    target_name: str
    filename: str
    kind: UploadKind
    size_bytes: int
    sha256: str
    status: UploadStatus
    code: str = Field(description="why it was rejected or failed; empty otherwise")
    reason: str = Field(description="the same in words")
    progress: float = Field(description="0 to 1")
    step: str
    frame_ids: list[str]
    observers: list[str]
    uploaded_by: str
    observatory: str
    requested_filter: str
    dry_run: bool
    simulated: bool
    comment: str
    received_mjd: float
    job_id: int | None


class TransferAnswer(BaseModel):
    """A transfer and where it stands."""

    transfer_id: str
    size_bytes: int
    offset_bytes: int = Field(description="how many bytes are safe: send on from there")
    upload: UploadAnswer | None = Field(None, description="what the file became, once it is complete")


def upload_answer(sent: Upload) -> UploadAnswer:
    """Return an upload as it is answered."""
    told = {name: getattr(sent, name) for name in UploadAnswer.model_fields if hasattr(sent, name)}
    return UploadAnswer(**told | {"observatory": sent.oname})


def transfer_answer(stands: Transfer, upload: UploadAnswer | None = None) -> TransferAnswer:
    """Return a transfer as it is answered."""
    return TransferAnswer(
        transfer_id=stands.transfer_id,
        size_bytes=stands.size_bytes,
        offset_bytes=stands.offset_bytes,
        upload=upload,
    )
