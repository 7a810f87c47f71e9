"""``/observatories/{oname}/accuracy``: how good a camera is, from all field stars of all its frames."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from engine.accuracy.report import Accuracy, Quantiles
from engine.accuracy.sentences import sentences
from lake.accuracy import camera_accuracy
from lake.sites.observatories import camera_registered
from portal.api.identity import TheLake, Visitor
from portal.api.v1.replies import NOT_CHANGED, IfNoneMatch, conditional, tag_of

router = APIRouter(tags=["observatories"])
Oname = Annotated[str, Path(max_length=200, description="of the camera", examples=["ROAD_QHY600M"])]


class QuantilesAnswer(BaseModel):
    """How a number spreads over the frames."""

    low: float = Field(description="a tenth of the frames lies below")
    middle: float
    high: float = Field(description="a tenth lies above")
    count: int


class MagBin(BaseModel):
    """Stars of one brightness; numbers are null where there are too few."""

    band: str
    mag: float = Field(description="the middle of a bin of half a magnitude")
    stars: int
    offset_mag: float | None = Field(description="catalogue minus measured, median")
    rms_mag: float | None = Field(description="half the width of the middle 68 percent")
    pull: float | None = Field(
        description="scatter over stated errors: 1 is honest, more is too small errors"
    )


class ColourBin(BaseModel):
    """Stars of one colour; numbers are null where there are too few."""

    band: str
    colour_mag: float = Field(description="Gaia BP-RP")
    stars: int
    offset_mag: float | None
    offset_err_mag: float | None


class NightAnswer(BaseModel):
    """Medians of one night in one band."""

    band: str
    mjd: float
    frames: int
    zero_point_mag: float | None
    limit_mag: float | None
    seeing_arcsec: float | None


class TrendAnswer(BaseModel):
    """The line through the zero points, with 99 percent confidence."""

    from_mjd: float
    to_mjd: float
    change_mag: float = Field(description="over that time; negative: the camera sees less light")
    low_mag: float
    high_mag: float
    nights: int


class FailureAnswer(BaseModel):
    """One reason why frames gave no point."""

    code: str
    words: str
    frames: int


class AccuracyAnswer(BaseModel):
    """The live accuracy of a camera; only frames that the visitor may see count."""

    oname: str
    observatory: str
    simulated: bool
    sentences: list[str]
    frames: int
    measured: int
    limits: int
    rejected: int
    stars: int = Field(description="measurements of field stars")
    from_mjd: float | None
    to_mjd: float | None
    by_mag: list[MagBin]
    by_colour: list[ColourBin]
    nights: list[NightAnswer]
    trend: TrendAnswer | None
    limit_mag: dict[str, QuantilesAnswer] = Field(description="by band, 5 sigma")
    seeing_arcsec: QuantilesAnswer | None
    sending_h: QuantilesAnswer | None = Field(description="hours from the end of an exposure to its arrival")
    working_h: QuantilesAnswer | None = Field(description="hours from its arrival to its verdict")
    failures: list[FailureAnswer]


@router.get("/observatories/{oname}/accuracy", response_model=AccuracyAnswer, responses=NOT_CHANGED)
def camera(user: Visitor, lake: TheLake, oname: Oname, if_none_match: IfNoneMatch = "") -> Response:
    """Tell how good a camera is."""
    registered = camera_registered(lake.operations, oname)
    found = camera_accuracy(lake.store, lake.operations, registered, user)
    answer = AccuracyAnswer.model_validate(
        {
            "oname": registered.oname,
            "observatory": registered.observatory.name,
            "simulated": registered.observatory.simulated,
            "sentences": list(sentences(found)),
            **_numbers(found),
        }
    )
    return conditional(if_none_match, answer, tag_of(lake.store.version(), user, answer.model_dump_json()))


def _numbers(found: Accuracy) -> dict[str, object]:
    same = ("frames", "measured", "limits", "rejected", "stars", "from_mjd", "to_mjd")
    trend = found.trend
    return {name: getattr(found, name) for name in same} | {
        "by_mag": found.field.by_mag.to_dicts(),
        "by_colour": found.field.by_colour.to_dicts(),
        "nights": found.nights.to_dicts(),
        "trend": None if trend is None else {name: getattr(trend, name) for name in TrendAnswer.model_fields},
        "limit_mag": {band: _quantiles(each) for band, each in found.limit_mag.items()},
        "seeing_arcsec": _quantiles(found.seeing_arcsec),
        "sending_h": _quantiles(found.sending_h),
        "working_h": _quantiles(found.working_h),
        "failures": found.failures.to_dicts(),
    }


def _quantiles(told: Quantiles | None) -> dict[str, float] | None:
    return None if told is None else {name: getattr(told, name) for name in QuantilesAnswer.model_fields}
