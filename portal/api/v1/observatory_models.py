"""Observatories and cameras as the new API writes them: the fields of BHTOM, each with its unit."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from lake.sites.facts import CameraRecord, ObservatoryRecord
from portal.api.v1.target_models import Exact, Text, exact

# a fact is kept under BHTOM's name
SITE_FACTS = {
    "only_instrumental": "calibration_flg", "approx_limit_mag": "approx_lim_mag", "origin": "origin",
    "focal_length_mm": "focal_length", "seeing_arcsec": "seeing", "authors": "authors",
}  # fmt: skip
CAMERA_FACTS = {
    "binning": "binning", "readout_speed_us_pix": "readout_speed", "pixel_size_um": "pixel_size",
    "mode_keyword": "mode_recognition_keyword", "additional_info": "additional_info",
    "example_file": "example_file",
}  # fmt: skip
EXAMPLE: dict[str, Any] = {
    "name": "Hill", "longitude_deg": 21.42, "latitude_deg": 52.09, "altitude_m": 138.0, "aperture_m": 0.6,
    "acknowledgement": "We thank the hill.",
}  # fmt: skip

Words = Annotated[Text, Field(max_length=2000)]
Short = Annotated[Text, Field(max_length=100)]
LongitudeDeg = Annotated[
    float,
    Field(ge=-180, le=360, allow_inf_nan=False, description="positive to the East"),
    BeforeValidator(exact),  # after the bounds: told before them it would keep them out of the description
]
LatitudeDeg = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False), BeforeValidator(exact)]
AltitudeM = Annotated[float, Field(ge=-500, le=10_000, allow_inf_nan=False), BeforeValidator(exact)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False), BeforeValidator(exact)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False), BeforeValidator(exact)]


def _nothing() -> Any:  # noqa: ANN401 - a stand-in of every kind
    return None


class Sent(BaseModel):
    """What is said of a thing; what is left out is not said."""

    def said(self, facts: Mapping[str, str]) -> tuple[dict[str, object], dict[str, object]]:
        """Return the columns and the facts that were sent, each under its name in the lake."""
        sent = {name: getattr(self, name) for name in self.model_fields_set}
        known = {facts[name]: value for name, value in sent.items() if name in facts}
        return {name: value for name, value in sent.items() if name not in facts}, known


class ObservatoryChange(Sent):
    """What of an observatory changes; what is left out stays. Null empties what may be empty."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"altitude_m": 140.0}]})
    # made by a factory, these stand-ins are not told as defaults: what is left out stays as it is
    longitude_deg: LongitudeDeg = Field(default_factory=float)
    latitude_deg: LatitudeDeg = Field(default_factory=float)
    altitude_m: AltitudeM = Field(default_factory=float)
    telescope: Short = Field(default_factory=str)
    aperture_m: Positive | None = Field(default_factory=_nothing)
    filters: Words = Field(default_factory=str, description="as its frames name them")
    comment: Words = Field(default_factory=str)
    acknowledgement: Words = Field(default_factory=str, description="what papers write")
    only_instrumental: bool = Field(
        default_factory=bool, strict=True, description="sends photometry, no images"
    )
    approx_limit_mag: Exact | None = Field(default_factory=_nothing)
    origin: Words = Field(default_factory=str)
    focal_length_mm: Positive | None = Field(default_factory=_nothing)
    seeing_arcsec: Positive | None = Field(default_factory=_nothing)
    authors: Words = Field(default_factory=str)


class NewObservatory(ObservatoryChange):
    """An observatory to be registered."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})
    name: Text = Field(min_length=1, max_length=100)
    longitude_deg: LongitudeDeg
    latitude_deg: LatitudeDeg


class CameraChange(Sent):
    """What of a camera changes; what is left out stays. What its maker changes waits for staff anew."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"gain_e_adu": 1.5}]})
    gain_e_adu: Positive | None = Field(default_factory=_nothing)
    read_noise_e: NotNegative | None = Field(default_factory=_nothing)
    saturation_adu: Positive | None = Field(default_factory=_nothing)
    pixel_scale_arcsec: Positive | None = Field(default_factory=_nothing)
    date_keyword: Short | None = Field(default_factory=_nothing, examples=["DATE-OBS"])
    time_keyword: Short | None = Field(default_factory=_nothing, examples=["TIME-OBS"])
    exptime_keyword: Short | None = Field(default_factory=_nothing, examples=["EXPTIME"])
    binning: Positive | None = Field(default_factory=_nothing)
    readout_speed_us_pix: Positive | None = Field(default_factory=_nothing)
    pixel_size_um: Positive | None = Field(default_factory=_nothing)
    mode_keyword: Short = Field(default_factory=str)
    additional_info: Words = Field(default_factory=str)
    example_file: Words = Field(default_factory=str)


class NewCamera(CameraChange):
    """A camera to be registered; staff approve it, until then its frames are measured."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "QHY600M", "gain_e_adu": 0.8}]}
    )
    name: Text = Field(min_length=1, max_length=100)
    oname: Text = Field("", max_length=200, description="what uploads name; OBSERVATORY_CAMERA where empty")


class CameraAnswer(BaseModel):
    """A camera."""

    oname: str = Field(description="what an upload names", examples=["ROAD_QHY600M"])
    name: str
    gain_e_adu: float | None
    read_noise_e: float | None
    saturation_adu: float | None
    pixel_scale_arcsec: float | None
    date_keyword: str | None
    time_keyword: str | None
    exptime_keyword: str | None
    is_approved: bool = Field(description="by staff; until then the verdicts on its frames say so")
    created_by: str
    binning: float | None
    readout_speed_us_pix: float | None
    pixel_size_um: float | None
    mode_keyword: str | None
    additional_info: str | None
    example_file: str | None


class ObservatoryAnswer(BaseModel):
    """A place with a telescope."""

    observatory_id: int
    name: str
    longitude_deg: float = Field(description="positive to the East")
    latitude_deg: float
    altitude_m: float
    telescope: str
    aperture_m: float | None
    filters: str
    comment: str
    acknowledgement: str
    only_instrumental: bool
    approx_limit_mag: float | None
    origin: str | None
    focal_length_mm: float | None
    seeing_arcsec: float | None
    authors: str | None
    simulated: bool
    created_by: str
    cameras: list[CameraAnswer]


def observatory_answer(record: ObservatoryRecord) -> ObservatoryAnswer:
    """Return an observatory with its active cameras as it is answered."""
    told = _told(ObservatoryAnswer, record.values, record.facts, SITE_FACTS)
    cameras = [camera_answer(each) for each in record.cameras if each.values["is_active"]]
    told |= {"only_instrumental": bool(told["only_instrumental"])}
    return ObservatoryAnswer.model_validate(told | {"cameras": sorted(cameras, key=lambda each: each.oname)})


def camera_answer(record: CameraRecord) -> CameraAnswer:
    """Return a camera as it is answered."""
    told = _told(CameraAnswer, record.values, record.facts, CAMERA_FACTS)
    return CameraAnswer.model_validate(told | {"is_approved": bool(record.values["approved_by"])})


def _told(
    model: type[BaseModel],
    values: Mapping[str, object],
    facts: Mapping[str, object],
    names: Mapping[str, str],
) -> dict[str, object]:
    own = {name: values[name] for name in model.model_fields if name in values}
    return own | {name: facts.get(kept) for name, kept in names.items()}
