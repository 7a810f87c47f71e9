"""``/observatories``: telescopes and their cameras, each camera under its ONAME."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from lake.observatories import list_cameras, list_observatories
from portal.api.identity import TheLake

router = APIRouter(tags=["observatories"])


class CameraAnswer(BaseModel):
    """A camera."""

    oname: str = Field(description="what an upload names", examples=["ROAD_QHY600M"])
    name: str
    gain_e_adu: float | None
    read_noise_e: float | None
    saturation_adu: float | None
    pixel_scale_arcsec: float | None


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
    acknowledgement: str
    simulated: bool
    cameras: list[CameraAnswer]


@router.get("/observatories")
def list_all(lake: TheLake) -> list[ObservatoryAnswer]:
    """List every observatory by name, with its active cameras."""
    cameras: dict[int, list[CameraAnswer]] = {}
    for each in list_cameras(lake.operations):
        facts = {name: getattr(each.camera, name) for name in CameraAnswer.model_fields if name != "oname"}
        place = each.observatory.observatory_id or 0
        cameras.setdefault(place, []).append(CameraAnswer(oname=each.oname, **facts))
    own = [name for name in ObservatoryAnswer.model_fields if name != "cameras"]
    return [
        ObservatoryAnswer(
            **{name: getattr(place, name) for name in own},
            cameras=cameras.get(place.observatory_id or 0, []),
        )
        for place in list_observatories(lake.operations)
    ]
