"""``/observatories`` and ``/cameras``: telescopes and their cameras, each camera under its ONAME."""

from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from engine.errors import Rejected
from engine.frame import Camera
from lake.kept_replies import KeptReply
from lake.opening import Lake
from lake.sites.camera_approval import approve_camera, refuse_camera, update_camera
from lake.sites.facts import (
    ObservatoryRecord,
    keep_facts,
    observatory_records,
    update_observatory,
)
from lake.sites.importing import Fate, Imported, import_observatories
from lake.sites.observatories import Observatory, add_camera, add_observatory
from lake.target_rows import name_key
from portal.api.identity import SignedIn, TheLake
from portal.api.v1.observatory_models import (
    CAMERA_FACTS,
    SITE_FACTS,
    CameraAnswer,
    CameraChange,
    NewCamera,
    NewObservatory,
    ObservatoryAnswer,
    ObservatoryChange,
    camera_answer,
    observatory_answer,
)
from portal.api.v1.replies import IdempotencyKey, created, once

router = APIRouter(tags=["observatories"])
Place = Annotated[str, Path(max_length=100, description="name of the observatory", examples=["ROAD"])]
Oname = Annotated[str, Path(max_length=200, description="ONAME of a camera", examples=["ROAD_QHY600M"])]
_CSV = {
    "requestBody": {
        "required": True,
        "description": "a header and a row for each camera, in BHTOM's names of fields",
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
}


class RowAnswer(BaseModel):
    """What becomes of one row of a file."""

    line: int = Field(description="the header is line 1")
    oname: str
    fate: Fate
    sentence: str


class ImportAnswer(BaseModel):
    """What became of a file."""

    is_stored: bool = Field(description="all rows were stored; otherwise none was")
    refused: int
    rows: list[RowAnswer]


@router.get("/observatories")
def list_all(lake: TheLake) -> list[ObservatoryAnswer]:
    """List every observatory by name, with its active cameras."""
    found = sorted(observatory_records(lake.operations), key=lambda each: name_key(str(each.values["name"])))
    return [observatory_answer(each) for each in found]


@router.post("/observatories", status_code=201, response_model=ObservatoryAnswer)
def create(
    user: SignedIn, lake: TheLake, body: NewObservatory, idempotency_key: IdempotencyKey = ""
) -> Response:
    """Register an observatory; its cameras come after it."""

    def make() -> KeptReply:
        values, facts = body.said(SITE_FACTS)
        made = add_observatory(lake.operations, Observatory(**values), by=user.username)  # type: ignore[arg-type]
        update_observatory(lake.operations, made.name, {}, facts, user=user)
        return created(observatory_answer(_record(lake, made.name)), f"/api/v1/observatories/{made.name}")

    return once(lake, user, (idempotency_key, "POST /observatories ", body.model_dump_json().encode()), make)


@router.post("/observatories/import", openapi_extra=_CSV)
async def import_csv(
    request: Request,
    user: SignedIn,
    lake: TheLake,
    dry_run: Annotated[bool, Query(description="judge every row, store none")] = True,
) -> ImportAnswer:
    """Take a CSV of observatories and cameras: every row, or none where one is refused."""
    body = await request.body()
    made: Imported = await anyio.to_thread.run_sync(
        lambda: import_observatories(lake.operations, body, by=user, dry_run=dry_run)
    )
    rows = [
        RowAnswer(line=row.line, oname=row.oname, fate=row.fate, sentence=row.sentence) for row in made.rows
    ]
    return ImportAnswer(is_stored=made.is_stored, refused=made.refused, rows=rows)


@router.get("/observatories/{name}")
def get(lake: TheLake, name: Place) -> ObservatoryAnswer:
    """Give one observatory."""
    return observatory_answer(_record(lake, name))


@router.patch("/observatories/{name}")
def change(user: SignedIn, lake: TheLake, name: Place, body: ObservatoryChange) -> ObservatoryAnswer:
    """Change what you send of an observatory; only who registered it and staff may."""
    values, facts = body.said(SITE_FACTS)
    update_observatory(lake.operations, name, values, facts, user=user)
    return observatory_answer(_record(lake, name))


@router.post("/observatories/{name}/cameras", status_code=201, response_model=CameraAnswer)
def add(
    user: SignedIn, lake: TheLake, name: Place, body: NewCamera, idempotency_key: IdempotencyKey = ""
) -> Response:
    """Register a camera; staff approve it, until then its frames are measured and their verdicts say so."""

    def make() -> KeptReply:
        values, facts = body.said(CAMERA_FACTS)
        oname = str(values.pop("oname", ""))
        made = add_camera(
            lake.operations,
            _record(lake, name).observatory_id,
            Camera(**values),  # type: ignore[arg-type]
            by=user.username,
            oname=oname,
            is_approved=user.is_staff,
        )
        keep_facts(lake.operations, made.oname, observatory={}, camera=facts)
        return created(_camera(lake, made.oname), f"/api/v1/cameras/{made.oname}")

    asked = (idempotency_key, f"POST /observatories/{name}/cameras ", body.model_dump_json().encode())
    return once(lake, user, asked, make)


@router.get("/cameras/{oname}")
def camera(lake: TheLake, oname: Oname) -> CameraAnswer:
    """Give one camera."""
    return _camera(lake, oname)


@router.patch("/cameras/{oname}")
def change_camera(user: SignedIn, lake: TheLake, oname: Oname, body: CameraChange) -> CameraAnswer:
    """Change what you send of a camera; only who registered it and staff may."""
    values, facts = body.said(CAMERA_FACTS)
    update_camera(lake.operations, oname, values, facts, user=user)
    return _camera(lake, oname)


@router.post("/cameras/{oname}/approve")
def approve(user: SignedIn, lake: TheLake, oname: Oname) -> CameraAnswer:
    """Approve a camera; only staff may."""
    return _camera(lake, approve_camera(lake.operations, oname, by=user).oname)


@router.delete("/cameras/{oname}", status_code=204)
def refuse(user: SignedIn, lake: TheLake, oname: Oname) -> Response:
    """Put a camera out of use: no upload may name it any more; only staff may."""
    refuse_camera(lake.operations, oname, by=user)
    return Response(status_code=204)


def _record(lake: Lake, name: str) -> ObservatoryRecord:
    for each in observatory_records(lake.operations):
        if name_key(str(each.values["name"])) == name_key(name):
            return each
    raise Rejected(f"No observatory is named {name!r:.100}.", code="unknown-observatory")


def _camera(lake: Lake, oname: str) -> CameraAnswer:
    for site in observatory_records(lake.operations):
        for each in site.cameras:
            if each.values["is_active"] and name_key(str(each.values["oname"])) == name_key(oname):
                return camera_answer(each)
    raise Rejected(f"No camera is registered as {oname!r:.100}.", code="unknown-observatory")
