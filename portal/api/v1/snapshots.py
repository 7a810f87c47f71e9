"""``/snapshots``: names for versions of the lake, which are kept for ever."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from engine.errors import Rejected
from lake.kept_replies import KeptReply
from lake.snapshots import Snapshot, create_snapshot, find_snapshot, list_snapshots, version_of
from portal.api.identity import SignedIn, TheLake
from portal.api.v1.curve_models import AS_OF_IS
from portal.api.v1.replies import IdempotencyKey, created, once
from portal.api.v1.target_models import Schema, Text

router = APIRouter(tags=["snapshots"])
SNAPSHOT_IS: Schema = {"pattern": "^[A-Za-z][A-Za-z0-9._-]{0,99}$"}


class SnapshotAnswer(BaseModel):
    """A named version."""

    name: str = Field(examples=["paper-2026a"])
    version: int
    note: str
    created_by: str
    created_mjd: float


class NewSnapshot(BaseModel):
    """A name to be given."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "paper-2026a"}]})
    name: Text = Field(min_length=1, max_length=100, json_schema_extra=SNAPSHOT_IS)
    note: Text = Field("", max_length=2000)
    as_of: Text = Field(
        "",
        max_length=100,
        description="a version or a date; the newest where empty",
        json_schema_extra=AS_OF_IS,
    )


class Newest(BaseModel):
    """The version that reads now."""

    version: int


@router.get("/version")
def newest(lake: TheLake) -> Newest:
    """Tell the newest version of the lake; it grows with every write."""
    return Newest(version=lake.store.version())


@router.get("/snapshots")
def list_all(lake: TheLake) -> list[SnapshotAnswer]:
    """List every named snapshot, the newest first."""
    return [_answer(each) for each in list_snapshots(lake.operations)]


@router.get("/snapshots/{name}")
def get(lake: TheLake, name: Annotated[str, Path(max_length=100)]) -> SnapshotAnswer:
    """Give one named snapshot."""
    return _answer(find_snapshot(lake.operations, name))


@router.post("/snapshots", status_code=201, response_model=SnapshotAnswer)
def create(
    user: SignedIn, lake: TheLake, body: NewSnapshot, idempotency_key: IdempotencyKey = ""
) -> Response:
    """Name a version; only staff may, because it is kept for ever."""
    if not user.is_staff:
        raise Rejected("Only staff may name a version of the lake.", code="no-right")

    def make() -> KeptReply:
        version = version_of(lake, body.as_of) if body.as_of.strip() else None
        made = create_snapshot(lake, body.name, note=body.note, by=user.username, version=version)
        return created(_answer(made), f"/api/v1/snapshots/{made.name}")

    return once(lake, user, (idempotency_key, "POST /snapshots ", body.model_dump_json().encode()), make)


def _answer(each: Snapshot) -> SnapshotAnswer:
    return SnapshotAnswer(**{name: getattr(each, name) for name in SnapshotAnswer.model_fields})
