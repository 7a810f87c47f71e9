"""``GET /session/language``: keeps which language a reader chose, in a cookie."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse

from engine.errors import Rejected
from engine.times import SECONDS_PER_DAY
from portal.api.identity import TheLake
from portal.security.cookie import is_https
from portal.security.origin import is_local_path
from portal.words import LANGUAGE_COOKIE, languages

KEPT_DAYS = 400  # browsers keep no cookie longer

router = APIRouter()


@router.get("/session/language", status_code=303, response_class=RedirectResponse)
def choose_language(
    request: Request,
    lake: TheLake,
    code: Annotated[str, Query(description="of the language, such as `pl`")],
    then: Annotated[str, Query(alias="next", description="the page that is shown next")] = "/",
) -> RedirectResponse:
    """Keep the language and go back to the page."""
    if code not in languages():
        raise Rejected("The portal does not speak this language.", code="unknown-language")
    reply = RedirectResponse(then if is_local_path(then) else "/", status_code=303)
    reply.set_cookie(
        LANGUAGE_COOKIE,
        code,
        max_age=int(KEPT_DAYS * SECONDS_PER_DAY),
        path="/",
        secure=is_https(request, public_url=lake.settings.public_url),
        httponly=True,
        samesite="lax",
    )
    return reply
