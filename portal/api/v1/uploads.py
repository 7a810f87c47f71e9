"""``/uploads``: one file in one request, the list of what was sent, and how each is faring."""

from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from engine.errors import Rejected, TomlakeError
from lake.inbox.accepting import UploadKind, accept, upload
from lake.inbox.allowance import check_allowance
from lake.inbox.uploads import READY_MADE, UploadFilter, uploads_page
from lake.opening import Lake
from lake.people.accounts import User
from lake.people.groups import group_named
from lake.sites.observatories import camera_by_oname
from lake.targets import get_target
from portal.api.body import Body
from portal.api.identity import SignedIn, TheLake, Visitor
from portal.api.v1.paging import MOST_ID, Cursor, Limit, Page, id_of, page_of
from portal.api.v1.upload_models import AboutFile, UploadAnswer, upload_answer
from portal.frame.uploading import MB, ReceivedForm, receive_file

router = APIRouter(tags=["uploads"])
About = Annotated[AboutFile, Query()]
_FILE = {
    "requestBody": {
        "required": True,
        "description": "the file itself",
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary", "minLength": 1}}
        },
    }
}


@router.post("/uploads", status_code=201, response_model=UploadAnswer, openapi_extra=_FILE)
async def send(
    request: Request, user: SignedIn, lake: TheLake, about: Annotated[AboutFile, Query()]
) -> Response:
    """Send one file; the body is the file, the query says what it is.

    The same bytes for the same target are one upload: sending again after a cut connection is safe.
    """
    max_file_bytes = lake.settings.upload_max_mb * MB
    body = Body(request, max_bytes=max_file_bytes)
    try:
        await anyio.to_thread.run_sync(check_about, lake, user, about)
        await anyio.to_thread.run_sync(check_allowance, lake.operations, lake.settings, user.username)
        form = await receive_file(
            body.chunks(), about.filename, receive=lake.raw.receive, max_file_bytes=max_file_bytes
        )
    except TomlakeError:
        await body.drain()
        raise
    with form:
        answer = await anyio.to_thread.run_sync(_accepted, lake, user, form, about)
    return Response(
        answer.model_dump_json(),
        status_code=201,
        media_type="application/json",
        headers={"Location": f"/api/v1/uploads/{answer.upload_id}", "Cache-Control": "no-store"},
    )


@router.get("/uploads")
def list_uploads(
    user: Visitor,
    lake: TheLake,
    target: Annotated[str, Query(max_length=120)] = "",
    uploaded_by: Annotated[str, Query(max_length=150, description="a user name")] = "",
    cursor: Cursor = "",
    limit: Limit = 100,
) -> Page[UploadAnswer]:
    """List the uploads that you may see, the newest first."""
    wanted = UploadFilter(
        target_id=get_target(lake.operations, target, user).target_id if target else None,
        uploaded_by=uploaded_by,
        before_id=id_of(cursor),
        limit=limit + 1,
    )
    found = uploads_page(lake.operations, wanted, user)
    return page_of([upload_answer(each) for each in found], [each.upload_id for each in found], limit=limit)


@router.get("/uploads/{upload_id}")
def get(user: Visitor, lake: TheLake, upload_id: Annotated[int, Path(ge=1, le=MOST_ID)]) -> UploadAnswer:
    """Tell how an upload is faring; its frames are under `/frames/{frame_id}`."""
    return upload_answer(upload(lake.operations, upload_id, user))


def check_about(lake: Lake, user: User, about: AboutFile) -> None:
    """Refuse what cannot become an upload before its bytes come.

    Raises
    ------
    Rejected
        ``unknown-target``, ``unknown-group``, ``unknown-observatory``, ``no-mjd``.
    """
    get_target(lake.operations, about.target, user)
    group_named(lake.operations, about.group, user)
    if about.observatory.strip() and about.kind not in READY_MADE:
        camera_by_oname(lake.operations, about.observatory)
    if about.kind == UploadKind.PHOTOMETRY and about.mjd is None:
        raise Rejected("Instrumental photometry needs the MJD of its exposure.", code="no-mjd")


def _accepted(lake: Lake, user: User, form: ReceivedForm, about: AboutFile) -> UploadAnswer:
    reception = form.files[0].reception
    if reception.size_bytes == 0:
        raise Rejected("The file is empty: send its bytes as the body.", code="empty-file")
    group_id = group_named(lake.operations, about.group, user)
    return upload_answer(accept(lake, reception.finish(), about.request(user.username, group_id=group_id)))
