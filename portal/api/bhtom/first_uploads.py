"""The upload of the first BHTOM: ``/photometry-upload/`` with an instrument's hashtag in the header.

A hashtag named an instrument and its owner; here it is a token, and ``token@ONAME`` names the camera too.
"""

import re
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from lake.inbox.accepting import UploadKind
from lake.people.accounts import Scope, User
from lake.people.tokens import bearer_of
from portal.api.fields import text_of
from portal.api.identity import TheLake
from portal.api.reply import Refused, json_reply, not_signed_in
from portal.api.uploads import accept_form, first_sentence, received_form
from portal.frame.uploading import ReceivedForm

router = APIRouter()


def by_hashtag(request: Request, lake: TheLake) -> User:
    """Return whose hashtag a request carries; 401 for none that is known."""
    token = request.headers.get("hashtag", "").strip().partition("@")[0]
    if not token:
        raise not_signed_in()
    bearer = bearer_of(lake.operations, token)
    if bearer is None:
        raise not_signed_in("Invalid token.")
    if Scope.UPLOAD not in bearer.scopes:
        raise Refused(403, {"detail": "This token may not upload: make one with that scope."})
    return bearer.user


@router.post("/photometry-upload")
@router.post("/photometry-upload/")
async def upload_with_hashtag(
    request: Request, user: Annotated[User, Depends(by_hashtag)], lake: TheLake
) -> Response:
    """Take the files of an instrument; the answer names target and filter."""
    try:
        with await received_form(request, lake) as form:
            _translate(form, oname=request.headers.get("hashtag", "").strip().partition("@")[2])
            uploads = await anyio.to_thread.run_sync(accept_form, lake, user, form)
    except Refused as refused:
        raise Refused(refused.status, {"error": _words(refused)}) from refused
    return json_reply({"target": uploads[0].target_name, "filter": uploads[0].requested_filter})


def _translate(form: ReceivedForm, *, oname: str) -> None:
    """Give the fields the names that they have today; a light curve had no time of its own."""
    fields = form.fields
    if text_of(fields, "data_product_type") == UploadKind.PHOTOMETRY and text_of(fields, "mjd") is None:
        fields["data_product_type"] = UploadKind.PHOTOMETRY_CSV.value
    fields.setdefault("data_product_type", UploadKind.FITS_FILE.value)
    fields.setdefault("match_dist", fields.get("matching_radius", ""))
    if oname:
        fields["observatory"] = oname


def _words(refused: Refused) -> str:
    sentence = first_sentence(refused.body)
    return re.sub(r"^Target '(.*)' does not exist\.$", r"Target \1 does not exist", sentence)
