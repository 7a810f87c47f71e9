"""``POST /api/token-auth/``: a token for a name and a password."""

import anyio.to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from engine.errors import Transient
from lake.people.accounts import issue_token
from lake.people.sign_in import Given, Lacks
from portal.api.fields import BodyFields, Fields, text_of
from portal.api.identity import TheDoor, TheLake, address_of
from portal.api.reply import Refused, json_reply, non_field

router = APIRouter()
_LACKING = {
    Lacks.NOTHING: "Unable to log in with provided credentials.",
    Lacks.TERMS: "Sign in to the portal once, to read and accept its terms of use.",
    Lacks.CODE: "This account has a second factor: send its code as well, or make a token on its page.",
    Lacks.RIGHT_CODE: "The code is wrong or was used already.",
}


@router.post("/api/token-auth")
@router.post("/api/token-auth/")
async def give_token(request: Request, lake: TheLake, door: TheDoor, fields: BodyFields) -> Response:
    """Give a token; BHTOM's clients keep it and send it as ``Authorization: Token ...``."""
    username, password = _credentials(fields)
    code, terms = (text_of(fields, name) or "" for name in ("code", "terms"))
    given = Given(username=username, password=password, code=code, terms=terms)
    try:
        entrance = await door.enter(lake, given, address=address_of(request))
    except Transient as error:
        raise too_many(error) from error
    user = entrance.user
    if user is None:
        raise non_field(_LACKING[entrance.lacks])
    token = await anyio.to_thread.run_sync(
        lambda: issue_token(lake.operations, user, name="given by /api/token-auth/")
    )
    return json_reply({"token": token})


def too_many(error: Transient) -> Refused:
    """Return the 429 of BHTOM's framework."""
    wait_s = int(error.retry_after_s)
    return Refused(
        429,
        {"detail": f"Request was throttled. Expected available in {wait_s} seconds."},
        headers={"Retry-After": str(wait_s)},
    )


def _credentials(fields: Fields) -> tuple[str, str]:
    errors: dict[str, object] = {}
    for name in ("username", "password"):
        if fields.get(name) is None:
            errors[name] = [
                "This field is required." if name not in fields else "This field may not be null."
            ]
        elif isinstance(fields[name], dict | list | bool):
            errors[name] = ["Not a valid string."]
        elif not str(fields[name]):
            errors[name] = ["This field may not be blank."]
    if errors:
        raise Refused(400, errors)
    return text_of(fields, "username") or "", str(fields["password"])
