"""What a client of the Virtual Observatory asks, and how it is told no: always by a VOTable.

Names of parameters know no case, as DALI wants it.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from engine.errors import Rejected, TomlakeError, Transient
from lake.opening import Lake
from lake.people.accounts import User
from portal.api.identity import visitor
from portal.api.reply import Refused
from portal.api.vo.votable import MEDIA_TYPE, error_table
from portal.public_lake.desk import desk_of

logger = logging.getLogger(__name__)

MOST_BODY_BYTES = 200_000
OPEN_TO_ALL = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"}
# one-word codes of the rooms below whose status is not 400
_STATUS = {"unknown-version": 503, "withdrawn-version": 503, "no-async": 501, "no-uploads": 501,
           "body-too-large": 413, "unknown-path": 404}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request: its parameters by their names in capitals, and where it came from."""

    request: Request
    lake: Lake
    parameters: Mapping[str, str]

    def user(self) -> User | None:
        """Return who asks, or None for the public.

        Raises
        ------
        Refused
            401 for a token that is not valid.
        """
        return visitor(self.request, self.lake)


async def read_body(request: Request) -> bytes | None:
    """Return the body of a request, None where it is longer than any query."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BODY_BYTES:
            return None
    return body


def asked_of(
    request: Request, lake: Lake, body: bytes | None, answer: Callable[[Asked], Response]
) -> Response:
    """Return the answer to a query, of which one address has so many a minute."""

    def counted(asked: Asked) -> Response:
        _check_rate(request, lake)
        return answer(asked)

    return answered(request, lake, body, counted)


def answered(
    request: Request, lake: Lake, body: bytes | None, answer: Callable[[Asked], Response]
) -> Response:
    """Return the answer to a request; a refusal of any kind is a VOTable in words."""
    try:
        asked = Asked(request=request, lake=lake, parameters=_parameters(request, body))
        reply = answer(asked)
    except Refused as refused:
        return _no(refused.status, _sentence(refused), refused.headers)
    except Transient as error:
        return _no(503, error.reason, {"Retry-After": str(int(error.retry_after_s or 30))})
    except TomlakeError as error:
        return _no(_STATUS.get(error.code, 400) if isinstance(error, Rejected) else 503, error.reason, {})
    reply.headers.update(OPEN_TO_ALL)
    return reply


def _parameters(request: Request, body: bytes | None) -> dict[str, str]:
    if body is None:
        raise Rejected("The body of a query may have 200 kB at most.", code="body-too-large")
    pairs = list(request.query_params.multi_items())
    if body:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind.startswith("multipart/"):
            raise Rejected(
                "Tables cannot be uploaded here; send the parameters as an url-encoded form.",
                code="no-uploads",
            )
        try:
            pairs += parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=100)
        except ValueError as error:
            raise Rejected("The body is no url-encoded form in UTF-8.", code="bad-form") from error
    return {name.upper(): value.replace("\x00", "\ufffd") for name, value in pairs}


def _check_rate(request: Request, lake: Lake) -> None:
    address = request.client.host if request.client else ""
    try:
        desk_of(lake.settings).take_turn(address)
    except Transient as error:
        headers = {"Retry-After": str(int(error.retry_after_s))}
        raise Refused(429, error.reason, headers=headers) from error


def _sentence(refused: Refused) -> str:
    body = refused.body
    return str(body.get("detail", "The request was refused.")) if isinstance(body, Mapping) else str(body)


def _no(status: int, sentence: str, headers: Mapping[str, str]) -> Response:
    return Response(
        error_table(sentence),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={**OPEN_TO_ALL, **headers},
    )
